import type { HookName } from '../model/config.ts'
import { seconds } from '../model/duration.ts'
import type { Step } from '../model/plan.ts'
import type { Target } from '../model/target.ts'

/** Ten minutes, for a hook that names no timeout, and for a migration. */
export const COMMAND_SECONDS = 600

/** A hook as a step on a host, in the release that leaves or in the one that comes; none where the target has no such hook there. */
export function hookStep(
  target: Target,
  hook: HookName,
  place: { readonly dir: string | undefined; readonly release: 'old' | 'new'; readonly first: boolean },
): Step[] {
  const found = target.hooks[hook]
  if (found === undefined || place.dir === undefined) return []
  const { run, on, timeout, ignoreFailure } =
    typeof found === 'string' ? { run: found, on: undefined, timeout: undefined, ignoreFailure: undefined } : found
  if (on === 'local' || (on === 'first' && !place.first)) return []
  const patience = (timeout === undefined ? undefined : seconds(timeout)) ?? COMMAND_SECONDS
  return [
    {
      step: 'command',
      hook,
      run,
      dir: place.dir,
      seconds: patience,
      ignoreFailure: ignoreFailure ?? false,
      release: place.release,
    },
  ]
}
