import { type HostRelease, type HostState, type Recalled, UNKNOWN } from './host-state.ts'
import type { Facts } from './plan.ts'
import { isReleaseId } from './release.ts'

/** A host's releases as commands see them: what it remembers, held against what lies on its disk. */
export interface HostView {
  /** Newest first. Only directories whose manifest is there, and what serves: others are not ours. */
  readonly releases: readonly HostRelease[]
  readonly current: HostRelease | null
  /** Where a plain rollback goes: the good release that served before current. */
  readonly previous: HostRelease | null
  /** Ids that served, oldest first, current last. */
  readonly served: readonly string[]
  readonly pinned: readonly string[]
}

export function viewOf(facts: Facts): HostView {
  const releases = facts.dirs.flatMap((dir) => onDisk(dir, facts)).sort((a, b) => (a.dir < b.dir ? 1 : -1))
  const currentDir = facts.current.kind === 'link' ? facts.current.dir : undefined
  const current = releases.find(({ dir }) => dir === currentDir) ?? null
  const served = servedOf(facts.state, releases, current)
  const before = served.slice(0, -1).reverse()
  const previous =
    before
      .filter((id) => id !== current?.id)
      .map((id) => releases.find((release) => release.id === id && release.state === 'good'))
      .find(Boolean) ?? null
  return {
    releases,
    current,
    previous,
    served,
    pinned: (facts.state?.pinned ?? []).filter((id) => releases.some((release) => release.id === id)),
  }
}

function onDisk(dir: string, facts: Facts): HostRelease[] {
  const [id = ''] = dir.split('~')
  const serves = facts.current.kind === 'link' && facts.current.dir === dir
  // What serves is where a deploy goes back to, even where somebody has lost its list of files.
  if (!isReleaseId(id) || !(facts.manifests.includes(id) || serves)) return []
  const known: Recalled = { id, version: UNKNOWN, digest: UNKNOWN, ...facts.recalled?.find((release) => release.id === id) }
  // A state that gives a directory another id is somebody's invention.
  const found = facts.state?.releases.find((release) => release.dir === dir && release.id === id)
  // A state that was lost once was rebuilt without versions, if nobody knew them then.
  const remembered = found?.version === UNKNOWN ? { ...found, ...known } : found
  // Switched to, and nobody has confirmed it yet.
  const unconfirmed = serves && remembered?.state !== 'good' && facts.state !== null
  if (unconfirmed) return [{ ...known, ...remembered, dir, state: 'active' }]
  if (remembered) return [remembered]
  // A lost state is rebuilt: what carries its final name was complete and verified, so it may serve again.
  const state = facts.state ? 'staged' : 'good'
  return [{ ...known, dir, state }]
}

function servedOf(state: HostState | null, releases: readonly HostRelease[], current: HostRelease | null): string[] {
  const there = new Set(releases.map(({ id }) => id))
  const known = (state?.served ?? []).filter((id) => there.has(id))
  if (!current) return []
  if (known.at(-1) === current.id) return known
  // The link says more than the memory: somebody rebuilt or edited it.
  const older = state === null ? [...there].filter((id) => id < current.id).sort() : known.filter((id) => id !== current.id)
  return [...older, current.id]
}
