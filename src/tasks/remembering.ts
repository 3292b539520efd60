import type { HostRelease, HostState } from '../model/host-state.ts'
import type { HostView } from '../model/host-view.ts'
import type { Facts, SwitchAction } from '../model/plan.ts'

/** What of a switch decides what its host remembers. */
export interface StateInput {
  readonly action: SwitchAction
  readonly release: {
    readonly id: string
    readonly version: string
    readonly digest: string
    readonly layout?: string | undefined
    readonly hooks?: readonly string[] | undefined
  }
  /** Whether it migrates, if all goes well. */
  readonly migrates?: boolean
  /** How the app is run, as a hash; undefined where nothing is. */
  readonly settings?: string | undefined
  readonly facts: Facts
  readonly by: string
}

/** What the host remembers when the release is confirmed. A rollback goes back along what served, and pins where it stops. */
export function nextState(input: StateInput, view: HostView, dir: string, idle: boolean): HostState {
  const { release, facts, action } = input
  const others = view.releases.filter((other) => other.dir !== dir)
  const entry: HostRelease = { ...namesOf(release, dir), state: 'good' }
  const served = action === 'rollback' ? backTo(release.id, view.served) : forwardTo(release.id, view.served)
  return {
    releases: [...others, entry],
    served,
    pinned: action === 'rollback' ? [release.id] : [],
    since: idle ? (facts.state?.since ?? null) : facts.time,
    by: idle ? (facts.state?.by ?? null) : input.by,
    ...(input.settings === undefined ? {} : { settings: input.settings }),
    ...migratedBy(facts, input.migrates && !idle ? release.id : null),
  }
}

function namesOf({ id, version, digest, layout, hooks }: StateInput['release'], dir: string): Omit<HostRelease, 'state'> {
  return { id, dir, version, digest, ...(layout === undefined ? {} : { layout }), ...(hooks?.length ? { hooks } : {}) }
}

/** The releases that have migrated on a host, with one more where it does; it outlives the releases themselves. */
export function migratedBy({ state }: Pick<Facts, 'state'>, id: string | null): Pick<HostState, 'migrated'> {
  const before = state?.migrated ?? []
  const migrated = id === null ? before : [...before.filter((other) => other !== id), id].slice(-20)
  return migrated.length === 0 ? {} : { migrated }
}

/** The releases whose migrations lie between the one that serves and an older one; undefined where there are none. */
export function across({ state }: Pick<Facts, 'state'>, from: string | undefined, to: string): readonly string[] | undefined {
  const between = (state?.migrated ?? []).filter((id) => from !== undefined && id <= from && id > to)
  return between.length === 0 ? undefined : between
}

function forwardTo(id: string, served: readonly string[]): string[] {
  return served.at(-1) === id ? [...served] : [...served.slice(-20), id]
}

function backTo(id: string, served: readonly string[]): string[] {
  const index = served.lastIndexOf(id)
  return index >= 0 ? served.slice(0, index + 1) : [...served.slice(0, -1), id]
}

/**
 * What the host remembers when a hook of this release failed: all as it was, and that this one is `failed`, before the switch,
 * or `bad`, after it. What has been good stays so; what was bad is no better for failing earlier.
 */
export function stateAfter(
  failure: 'failed' | 'bad',
  state: HostState,
  view: HostView,
  { release }: StateInput,
  dir: string,
  lay: boolean,
): HostState {
  const others = view.releases.filter((other) => other.dir !== dir)
  const known = lay ? undefined : view.releases.find((other) => other.dir === dir)
  const stays = known?.state === 'good' || known?.state === 'bad'
  const now: HostRelease = { ...namesOf(release, dir), state: failure }
  return { ...state, releases: [...others, stays ? known : now], served: view.served, pinned: view.pinned }
}

/** The same without these directories, and without what served only from them. */
export function without(state: HostState, dirs: readonly string[]): HostState {
  const releases = state.releases.filter(({ dir }) => !dirs.includes(dir))
  const there = new Set(releases.map(({ id }) => id))
  return { ...state, releases, served: state.served.filter((id) => there.has(id)) }
}
