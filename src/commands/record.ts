import type { Store } from '../local/store.ts'
import { ReleaserError } from '../model/errors.ts'
import type { Plan, SwitchAction } from '../model/plan.ts'
import type { Target } from '../model/target.ts'
import type { HostOutcome } from '../rollout/host.ts'
import { author } from './author.ts'
import type { Call } from './command.ts'
import type { Rolled } from './roll.ts'

/** How a rollout ended. */
interface Ended {
  /** What an app was to serve: an id, or the REF that was asked for where nothing was chosen. */
  readonly release: (app: string) => string
  readonly hosts: readonly HostOutcome[]
  readonly exit: number
  readonly plans: readonly Plan[]
}

/**
 * Runs a rollout and writes down how it ended in the store's list of deployments, failure or not: an entry for each app with its own
 * hosts, since each has a release of its own. Its own failure is a warning.
 */
export async function record(
  call: Call,
  about: {
    readonly store: Store
    readonly targets: readonly Target[]
    readonly action: SwitchAction
  },
  wanted: (app: string) => string,
  work: () => Promise<Rolled>,
): Promise<Rolled> {
  const { store, targets, action } = about
  const write = async (app: string, at: string, { release, hosts, exit, plans }: Ended) => {
    const own = targets.filter((target) => target.app === app).map(({ name }) => name)
    const touched = hosts.filter(({ target }) => own.includes(target))
    // What went well and changed nothing is no deployment.
    if (touched.length === 0 || (exit === 0 && !touched.some(({ changed }) => changed))) return
    const entry = {
      at,
      target: own.join(','),
      app,
      action,
      release: release(app),
      by: author('').by,
      ...(plans.some((plan) => plan.app === app && migrates(plan)) && { migrated: true }),
      ok: exit === 0,
      exit,
      hosts: touched.map(({ host, target, ok, previous, current, sentBytes }) => ({
        host,
        target,
        ok,
        from: previous,
        to: current,
        sentBytes,
      })),
    }
    await store
      .record(entry)
      .catch((error: unknown) => call.ui.warn(`the store could not write this ${action} down: ${String(error)}`))
  }
  const writeAll = async (ended: Ended) => {
    const at = new Date().toISOString()
    for (const app of new Set(targets.map((target) => target.app))) await write(app, at, ended)
  }
  if (call.globals.dryRun) return work()
  try {
    const rolled = await work()
    await writeAll({ ...rolled, release: (app) => rolled.releases.get(app)?.id ?? wanted(app), exit: 0 })
    return rolled
  } catch (error) {
    if (error instanceof ReleaserError && Array.isArray(error.result['hosts']))
      await writeAll({ release: wanted, hosts: error.result['hosts'] as Rolled['hosts'], exit: error.exitCode, plans: [] })
    throw error
  }
}

function migrates({ steps }: Plan): boolean {
  return steps.some((step) => step.step === 'command' && step.hook === 'migrate')
}
