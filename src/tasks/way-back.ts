import type { HookName } from '../model/config.ts'
import type { HostRelease } from '../model/host-state.ts'
import type { Plan } from '../model/plan.ts'
import type { PlacedService } from '../model/service.ts'
import type { Target } from '../model/target.ts'
import { type HookPlace, hookStep } from './hook-step.ts'

/** The old release has to serve again soon: a hook that names no timeout of its own holds that up for no longer. */
const PATIENCE_SECONDS = 30

/**
 * The hooks that a host runs while it takes back: those around stopping of the release that had come, then those around the
 * switch and the start of the one that serves again.
 */
export function wayBack(input: {
  readonly target: Target
  readonly old: HostRelease | null
  readonly come: { readonly id: string; readonly dir: string; readonly hooks?: readonly string[] | undefined }
  readonly services: { readonly old: PlacedService | null; readonly new: PlacedService | null }
  readonly first: boolean
}): Pick<Plan, 'back'> {
  const { target, old, come, services, first } = input
  const hooks = (names: readonly HookName[], place: Omit<HookPlace, 'first'>) =>
    names.flatMap((name) => hookStep(target, name, { ...place, first }, PATIENCE_SECONDS))
  const leaves = { dir: come.dir, release: 'new', own: come.hooks } as const
  const serves = { dir: old?.dir, release: 'old', own: old?.hooks } as const
  const all = [
    ...(services.new ? hooks(['pre-stop', 'post-stop'], leaves) : []),
    ...hooks(['pre-activate', 'post-activate'], serves),
    ...(services.old ? hooks(['pre-start', 'post-start'], serves) : []),
  ]
  if (all.length === 0) return {}
  const env = { RELEASER_RELEASE: old?.id ?? '', RELEASER_VERSION: old?.version ?? '', RELEASER_PREVIOUS: come.id }
  return { back: { hooks: all, env } }
}
