import { ReleaserError } from '../model/errors.ts'
import type { SwitchAction } from '../model/plan.ts'
import type { Target } from '../model/target.ts'
import type { Call, Outcome } from './command.ts'
import { localHook } from './local-hooks.ts'
import type { Rolled } from './roll.ts'

/** Runs the hook here that comes when all is confirmed and recorded, where anything was changed. Its failure is told, and the release stays. */
export async function lastHook(
  call: Call,
  {
    action,
    targets,
    dir,
    rolled,
    outcome,
  }: {
    readonly action: SwitchAction
    readonly targets: readonly Target[]
    readonly dir: string
    readonly rolled: Rolled
    readonly outcome: Outcome
  },
): Promise<void> {
  if (call.globals.dryRun || rolled.hosts.every(({ changed }) => !changed)) return
  const hosts = rolled.hosts.map(({ target, host, previous }) => ({ target, host, previous }))
  const facts = { action, releases: rolled.releases, dryRun: false, hosts }
  const name = action === 'rollback' ? 'post-rollback' : 'post-deploy'
  await localHook(call, { name, targets, dir, code: 'REMOTE_COMMAND', facts }).catch((error: unknown) => {
    throw error instanceof ReleaserError
      ? new ReleaserError(error.code, `${error.message}; the release stays`, { hint: error.hint, result: outcome.result })
      : error
  })
}
