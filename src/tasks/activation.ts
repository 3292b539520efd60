import type { HookName } from '../model/config.ts'
import type { Step } from '../model/plan.ts'
import type { PlacedService } from '../model/service.ts'
import type { Target } from '../model/target.ts'
import { COMMAND_SECONDS, hookStep } from './hook-step.ts'

export interface ActivationInput {
  readonly target: Target
  /** Whether the release migrates with this. */
  readonly migrates: boolean
  /** The hooks that the release which leaves and the one that comes bring themselves. */
  readonly own: { readonly old: readonly string[] | undefined; readonly new: readonly string[] | undefined }
  /** The directories below `releases/` that serve before and after. */
  readonly from: string | null
  readonly dir: string
  /** What gives the host the unit by which systemd is to run the app, or takes it away. */
  readonly unit: readonly Step[]
  readonly services: { readonly old: PlacedService | null; readonly new: PlacedService | null }
  /** What puts a backup back on the way. */
  readonly restore?: { readonly before: readonly Step[]; readonly between: readonly Step[] }
  /** Whether this is the first host of the rollout. */
  readonly first: boolean
}

/** Without a health check an app has to live for so long. */
const PROOF_SECONDS = 3

/** From the client's go-ahead to the confirmation: stop the old app, switch, start the new one, and see that it answers. */
export function activation(input: ActivationInput): Step[] {
  const { target, dir, from, services, first, own } = input
  const hook = (name: HookName) => hookStep(target, name, { dir, release: 'new', first, own: own.new })
  const old = (name: HookName) => hookStep(target, name, { dir: from ?? undefined, release: 'old', first, own: own.old })
  const stop: Step[] = services.old
    ? [{ step: 'depart' }, ...old('pre-stop'), { step: 'stop', dir: services.old.dir }, ...old('post-stop')]
    : []
  const start: Step[] = services.new ? [...hook('pre-start'), { step: 'start', dir }, ...proof(input), ...hook('post-start')] : []
  return [
    ...migration(input, 'before-switch'),
    ...(input.restore?.before ?? []),
    { step: 'await', word: 'activate' },
    ...stop,
    ...hook('pre-activate'),
    { step: 'activate', dir, from },
    ...hook('post-activate'),
    ...input.unit,
    ...(input.restore?.between ?? []),
    ...start,
    ...migration(input, 'after-start'),
    { step: 'confirm', seconds: target.confirmSeconds },
  ]
}

/** That the app which was just started serves, and is what it should be. */
export function proof({ target, services }: Pick<ActivationInput, 'target' | 'services'>): Step[] {
  const health: Step[] = target.health ? [{ step: 'health' }] : []
  return [...health, { step: 'prove', seconds: target.health ? 0 : PROOF_SECONDS, version: services.new?.says ?? null }]
}

function migration({ target, migrates, first, dir }: ActivationInput, when: 'before-switch' | 'after-start'): Step[] {
  const { migrate } = target
  if (!migrate || !migrates || (migrate.when ?? 'before-switch') !== when) return []
  if ((migrate.on ?? 'first') === 'first' && !first) return []
  const { run } = migrate
  return [{ step: 'command', hook: 'migrate', run, dir, seconds: COMMAND_SECONDS, ignoreFailure: false, release: 'new' }]
}
