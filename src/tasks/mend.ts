import { type HostRelease, type HostState, NO_STATE } from '../model/host-state.ts'
import { viewOf } from '../model/host-view.ts'
import type { Facts, Plan, Step } from '../model/plan.ts'
import { NO_SERVICES } from '../model/service.ts'
import { type DeployInput, planDeploy } from './deploy.ts'
import { gone } from './leaving.ts'
import { without } from './remembering.ts'
import { planUpkeep, type UpkeepInput } from './upkeep.ts'

export type MendInput = Omit<DeployInput, 'action' | 'force' | 'afresh'>

/**
 * Brings a release that is damaged on a host once more, into a directory of its own: as a deploy does it where the release serves, but
 * for migrating and backing up, and what was pinned stays so; else without touching what serves. The damaged directory goes at the end.
 */
export function planMend(input: MendInput): Plan {
  const { release, target } = input
  const facts = vouched(input.facts, release.id)
  const { migrate: _, backup: ____, ...rest } = target
  const plan = planDeploy({ ...input, target: rest, facts, action: 'deploy', force: true, afresh: true })
  const view = viewOf(facts)
  const dir = plan.steps.find((step): step is Step<'publish'> => step.step === 'publish')?.dir ?? release.id
  const old = [...new Set(facts.dirs.filter((other) => isOf(other, release.id)))]
  if (view.current?.id === release.id) {
    // A deploy would also prune what is older than `keep`: that is nobody's damage.
    const entry = plan.next.releases.filter((other) => other.dir === dir)
    const releases = [...view.releases.filter(({ id }) => id !== release.id), ...entry]
    const steps = [...plan.steps.filter(({ step }) => step !== 'prune'), ...pruning(old)]
    return { ...plan, action: 'mend', steps, next: { ...plan.next, releases, served: view.served, pinned: view.pinned } }
  }
  const state = facts.state ?? { ...NO_STATE, releases: view.releases, served: view.served, pinned: view.pinned }
  const { back: __, across: ___, ...bare } = plan
  return {
    ...bare,
    action: 'mend',
    services: NO_SERVICES,
    steps: [...arriving(plan.steps), { step: 'await', word: 'activate' }, ...pruning(old)],
    next: moved(state, input, dir),
    failed: state,
    bad: state,
  }
}

/** Removes a release from a host, and what it remembers of it. What serves is never touched. */
export function planForget(input: UpkeepInput & { readonly id: string }): Plan {
  const facts = vouched(input.facts, input.id)
  const { current } = viewOf(facts)
  const dirs = [...new Set([...facts.dirs, ...gone(facts)])].filter((dir) => isOf(dir, input.id) && dir !== current?.dir)
  const plan = planUpkeep('mend', pruning(dirs), { ...input, facts })
  const state = facts.state ?? plan.next
  const next = without(state, dirs)
  return { ...plan, next, failed: state, bad: state }
}

/** A release whose list of files was lost is ours all the same: it is not forgotten, and the one that serves is known to serve. */
function vouched(facts: Facts, id: string): Facts {
  const ours = (dir: string) => facts.state?.releases.some((release) => release.dir === dir) || isOf(dir, id)
  const ids = facts.dirs.filter(ours).map((dir) => dir.replace(/~.*/, ''))
  return { ...facts, manifests: [...new Set([...facts.manifests, ...ids])] }
}

/** The steps before anything is stopped or switched, but for the environment of what serves. */
function arriving(steps: readonly Step[]): Step[] {
  const at = steps.findIndex((step) => step.step === 'await' && step.word === 'activate')
  return steps.slice(0, at).filter(({ step }) => step !== 'configure')
}

/** The state with the release in its new directory, as good as it was. Others that are damaged, or lost, are not forgotten. */
function moved(state: HostState, { release }: MendInput, dir: string): HostState {
  const { id, version, digest } = release
  const entry: HostRelease = { state: 'good', ...state.releases.find((other) => other.id === id), id, dir, version, digest }
  return { ...state, releases: [...state.releases.filter((other) => other.id !== id), entry].sort(byId) }
}

function byId(a: HostRelease, b: HostRelease): number {
  return a.id < b.id ? -1 : 1
}

function pruning(dirs: readonly string[]): Step[] {
  return dirs.length === 0 ? [] : [{ step: 'prune', dirs }]
}

function isOf(dir: string, id: string): boolean {
  return dir === id || dir.startsWith(`${id}~`)
}
