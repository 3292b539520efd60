import type { HookName } from '../model/config.ts'
import { seconds } from '../model/duration.ts'
import { ownHook } from '../model/own-hooks.ts'
import type { Step, Steps } from '../model/plan.ts'
import type { Target } from '../model/target.ts'

/** Ten minutes, for a hook that names no timeout, and for a migration. */
export const COMMAND_SECONDS = 600

/** The release that a hook belongs to: the one that leaves or the one that comes; without a directory there is none. */
export interface HookPlace {
  readonly dir: string | undefined
  readonly release: 'old' | 'new'
  /** Whether this is the first host of the rollout. */
  readonly first: boolean
  /** The hooks that this release brings itself. */
  readonly own?: readonly string[] | undefined
}

/** A hook as steps on a host: the target's, else those that the release brings; none where there is no such hook there. */
export function hookStep(target: Target, hook: HookName, place: HookPlace, patience = COMMAND_SECONDS): Step<'command'>[] {
  const { dir, release, first, own = [] } = place
  if (dir === undefined) return []
  const step = (more: Pick<Steps['command'], 'run' | 'seconds' | 'ignoreFailure'>) =>
    ({ step: 'command', hook, dir, release, ...more }) as const
  const found = target.hooks[hook]
  if (found === undefined) {
    const brought = own.flatMap((word) => ownHook(word) ?? []).filter((each) => each.hook === hook)
    return brought.map(({ path, executable }) =>
      step({ run: `${executable ? '' : 'sh '}./${path}`, seconds: patience, ignoreFailure: false }),
    )
  }
  const { run, on, timeout, ignoreFailure = false } = typeof found === 'string' ? { run: found } : found
  if (on === 'local' || (on === 'first' && !first)) return []
  return [step({ run, ignoreFailure, seconds: (timeout === undefined ? undefined : seconds(timeout)) ?? patience })]
}
