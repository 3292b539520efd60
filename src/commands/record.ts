import type { Store } from '../local/store.ts'
import { ReleaserError } from '../model/errors.ts'
import type { Plan, SwitchAction } from '../model/plan.ts'
import type { Target } from '../model/target.ts'
import { author } from './author.ts'
import type { Call } from './command.ts'
import type { Rolled } from './roll.ts'

/** Runs a rollout and writes down how it ended in the store's list of deployments, failure or not. Its own failure is a warning. */
export async function record(
  call: Call,
  about: {
    readonly store: Store
    readonly targets: readonly Target[]
    readonly app: string
    readonly action: SwitchAction
  },
  wanted: string,
  work: () => Promise<Rolled>,
): Promise<Rolled> {
  const { store, app, action } = about
  const target = about.targets.map(({ name }) => name).join(',')
  const write = async (release: string, hosts: Rolled['hosts'], exit: number, migrated = false) => {
    const entry = {
      at: new Date().toISOString(),
      target,
      app,
      action,
      release,
      by: author('').by,
      ...(migrated && { migrated }),
      ok: exit === 0,
      exit,
      hosts: hosts.map(({ host, target, ok, previous, current, sentBytes }) => ({
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
  try {
    const rolled = await work()
    if (!call.globals.dryRun && rolled.hosts.some(({ changed }) => changed))
      await write(rolled.release.id, rolled.hosts, 0, rolled.plans.some(migrates))
    return rolled
  } catch (error) {
    if (error instanceof ReleaserError && Array.isArray(error.result['hosts']) && !call.globals.dryRun)
      await write(wanted, error.result['hosts'] as Rolled['hosts'], error.exitCode)
    throw error
  }
}

function migrates({ steps }: Plan): boolean {
  return steps.some((step) => step.step === 'command' && step.hook === 'migrate')
}
