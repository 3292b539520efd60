import { ReleaserError } from '../model/errors.ts'
import type { OfApp, PerApp } from '../model/per-app.ts'

/** The hosts of one app: there is at least one. */
export type OwnHosts<Host> = readonly [Host, ...Host[]]

/** Does something for one app of these hosts after the other. Where there are several, a failure says whose it is. */
export async function eachApp<Host extends OfApp, T>(
  hosts: readonly Host[],
  work: (app: string, own: OwnHosts<Host>) => Promise<T>,
): Promise<PerApp<T>> {
  const all = new Map<string, [Host, ...Host[]]>()
  for (const host of hosts) {
    const own = all.get(host.target.app)
    if (own) own.push(host)
    else all.set(host.target.app, [host])
  }
  const done = new Map<string, T>()
  for (const [app, own] of all) {
    const result = await work(app, own).catch((error: unknown) => {
      throw all.size > 1 ? naming(app, error) : error
    })
    done.set(app, result)
  }
  return done
}

function naming(app: string, error: unknown): unknown {
  if (!(error instanceof ReleaserError) || error.code === 'INTERRUPTED') return error
  const { code, message, hint, result, question } = error
  return new ReleaserError(code, `${app}: ${message}`, { hint, result, question, cause: error })
}
