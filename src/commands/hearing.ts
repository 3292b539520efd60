import { type ErrorCode, ReleaserError } from '../model/errors.ts'
import type { Observe } from '../model/plan.ts'
import type { HostOutcome } from '../rollout/host.ts'
import type { Ran } from './ran.ts'

/** What hosts tell while they carry out a plan for their app, kept for the last word. */
export interface Hearing {
  /** Hands on what happens, and listens. */
  readonly observe: Observe
  /** What came of it on each host, with what was printed there. */
  ran(outcomes: readonly HostOutcome[]): readonly (Ran & { readonly changed: boolean })[]
  /** A failure of the app itself, or of somebody's own command, as what it is (REMOTE_COMMAND); any other as it was. */
  failure(error: unknown, target: string): unknown
}

/** How a rollout ends that knows of each host how it is. */
const SETTLED: readonly ErrorCode[] = ['NOT_CHANGED', 'ROLLED_BACK', 'PARTIAL']

export function hearing(observe: Observe): Hearing {
  const output = new Map<string, string>()
  const failed = new Set<string>()

  const ran: Hearing['ran'] = (outcomes) =>
    outcomes.map(({ target, host, ok, changed, state, message }) => {
      const printed = output.get(host) ?? ''
      const why = ok || message === undefined ? '' : `${message}\n`
      const exit = ok ? 0 : state === 'skipped' ? null : 1
      return { host, target, ok, exit, stdout: ok ? printed : '', stderr: ok ? '' : printed + why, changed }
    })

  return {
    ran,
    observe: (progress) => {
      observe(progress)
      const { host } = progress
      if (host === null) return
      if (progress.event === 'output') output.set(host, `${output.get(host) ?? ''}${progress.line}\n`)
      if (progress.event === 'step' && progress.state === 'failed' && progress.step !== 'lock') failed.add(host)
    },
    failure: (error, target) => {
      if (!(error instanceof ReleaserError)) return error
      const outcomes = (error.result['hosts'] ?? []) as readonly HostOutcome[]
      const { code, cause } = error
      const known = SETTLED.includes(code) && outcomes.every(({ state }) => state !== 'lost' && state !== 'failed')
      const own = known && failed.size > 0 && cause instanceof ReleaserError
      const message = own ? `${cause.message}${others(outcomes, failed)}` : error.message
      const names = target.replaceAll(', ', ',')
      return new ReleaserError(own ? 'REMOTE_COMMAND' : code, message, {
        hint: own
          ? `see what it wrote: releaser logs target=${names}; and how it is: releaser status target=${names}`
          : error.hint,
        cause: error,
        result: { ...error.result, target, hosts: ran(outcomes) },
      })
    },
  }
}

/** `; done on web1; not tried on web3`. */
function others(outcomes: readonly HostOutcome[], failed: ReadonlySet<string>): string {
  const named = (fits: (outcome: HostOutcome) => boolean) =>
    outcomes
      .filter((outcome) => !failed.has(outcome.host) && fits(outcome))
      .map(({ host }) => host)
      .join(', ')
  const done = named(({ ok }) => ok)
  const left = named(({ ok }) => !ok)
  return `${done === '' ? '' : `; done on ${done}`}${left === '' ? '' : `; not tried on ${left}`}`
}
