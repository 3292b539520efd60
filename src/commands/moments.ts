import type { HookName } from '../model/config.ts'
import type { PerApp } from '../model/per-app.ts'
import type { SwitchAction } from '../model/plan.ts'
import type { Target } from '../model/target.ts'
import type { Prepared } from '../rollout/host.ts'
import type { Moment } from '../rollout/input.ts'
import type { Wanted } from '../tasks/wanted.ts'
import type { Call } from './command.ts'
import { localHook } from './local-hooks.ts'

/** A rollout, as far as its hooks here are concerned. */
interface MomentInput {
  readonly call: Call
  readonly loaded: { readonly dir: string }
  readonly targets: readonly Target[]
  readonly action: SwitchAction
}

const BEFORE: readonly HookName[] = ['post-configure', 'pre-stop', 'pre-activate']
const AFTER: readonly HookName[] = ['post-activate', 'post-start']

/** Which hooks run here at a moment of a rollout; those that belong to hosts only where they say that they run here. */
const HOOKS: { readonly [M in Moment]: Readonly<Record<MomentInput['action'], readonly HookName[]>> } = {
  locked: { deploy: ['pre-deploy'], rollback: ['pre-rollback'], activate: ['pre-deploy'] },
  sending: { deploy: ['pre-upload'], rollback: [], activate: [] },
  ready: {
    deploy: ['post-upload', ...BEFORE],
    rollback: BEFORE,
    activate: BEFORE,
  },
  switched: { deploy: AFTER, rollback: AFTER, activate: AFTER },
  undone: { deploy: ['on-failure'], rollback: ['on-failure'], activate: ['on-failure'] },
}
const OF_HOSTS: readonly HookName[] = [...HOOKS.ready.deploy, ...HOOKS.switched.deploy]

const LAST_WORD_MS = 1500

/** Runs the hooks of a moment here, one after the other, each once for every target that has it. Fails where one of them fails. */
export async function hooksAt(
  moment: Moment,
  input: MomentInput,
  releases: PerApp<Wanted>,
  prepared: readonly Prepared[],
): Promise<void> {
  // Whoever stopped the rollout still has its hook told, for the little while that is left.
  const call =
    moment === 'undone' && input.call.signal.aborted ? { ...input.call, signal: AbortSignal.timeout(LAST_WORD_MS) } : input.call
  for (const name of HOOKS[moment][input.action]) {
    await localHook(call, {
      name,
      targets: input.targets.filter((target) => runsHere(target, name)),
      dir: input.loaded.dir,
      code: 'NOT_CHANGED',
      facts: {
        action: input.action,
        releases,
        dryRun: false,
        hosts: prepared.map(({ target, host, plan }) => ({ target: target.name, host: host.name, previous: plan.from })),
      },
    })
  }
}

/** Those of a rollout's hooks that will run here, in their order, for a dry run. */
export function hooksHere(targets: readonly Target[], action: MomentInput['action']): readonly HookHere[] {
  const { locked, sending, ready, switched } = HOOKS
  const last: HookName = action === 'rollback' ? 'post-rollback' : 'post-deploy'
  return [...[locked, sending, ready, switched].flatMap((names) => names[action]), last].flatMap((hook) =>
    targets.flatMap((target) => {
      const found = runsHere(target, hook) ? target.hooks[hook] : undefined
      return found === undefined ? [] : [{ target: target.name, hook, run: typeof found === 'string' ? found : found.run }]
    }),
  )
}

/** A hook of a target that runs on this machine. */
export interface HookHere {
  readonly target: string
  readonly hook: HookName
  readonly run: string
}

function runsHere({ hooks }: Target, name: HookName): boolean {
  const hook = hooks[name]
  return !OF_HOSTS.includes(name) || (typeof hook === 'object' && hook.on === 'local')
}
