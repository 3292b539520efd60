import { type Finding, sorted } from '../model/finding.ts'
import type { HostRelease } from '../model/host-state.ts'
import { viewOf } from '../model/host-view.ts'
import type { Facts } from '../model/plan.ts'
import { isReleaseId } from '../model/release.ts'
import { gone } from './leaving.ts'

/** What is found on one host, before it is told of which. */
export type HostFinding = Omit<Finding, 'host' | 'target'>

/** What somebody saw who looked at the trees; see remote/verify.ts. */
export interface Seen {
  readonly lists: ReadonlyMap<string, string>
  readonly differences: readonly {
    readonly dir: string
    readonly kind: Finding['kind']
    readonly path: string
    readonly why: string
  }[]
}

/**
 * The releases on a host that can be held against their lists of files. While somebody is at work there, what the host does not
 * remember yet is theirs, and left alone.
 */
export function toVerify(facts: Facts, only: string | null): readonly HostRelease[] {
  const { releases: all, current } = viewOf(facts)
  const releases = all.filter(({ id }) => facts.manifests.includes(id))
  const known = new Set((facts.state?.releases ?? []).map(({ dir }) => dir))
  const busy = facts.lock !== null && !facts.lock.frozen && facts.state !== null
  return releases.filter(({ id, dir }) => (only === null || id === only) && (!busy || known.has(dir) || dir === current?.dir))
}

/** All that is wrong on a host: its trees, its lists of files, its records, and `current`. `only` one release, or all. */
export function hostFindings(facts: Facts, seen: Seen, only: string | null): readonly HostFinding[] {
  const broken = brokenLists(facts, seen)
  const trees = seen.differences
    .filter(({ dir, path }) => !broken.some(({ release }) => release === idOf(dir)) || path.startsWith('/'))
    .map(({ dir, path, kind, why }) => ({ release: idOf(dir), dir, path: path.replace(/^\//, ''), kind, why }))
  const all = [...broken, ...trees, ...recordFindings(facts), ...currentFindings(facts)]
  return sorted(all.filter(({ release }) => only === null || release === only))
}

/** Lists of files that are not those of their releases: a release's digest is the hash of its list, and its id ends with the start of it. */
function brokenLists(facts: Facts, { lists }: Seen): HostFinding[] {
  return [...lists].flatMap(([id, hash]): HostFinding[] => {
    const path = `.releaser/manifests/${id}`
    const known = facts.state?.releases.find((release) => release.id === id && release.digest !== 'unknown')?.digest
    const wanted = known?.replace(/^sha256:/, '') ?? id.slice(-8)
    if (hash === '') return [{ release: id, path, kind: 'corrupt', why: 'cannot be read' }]
    return hash.startsWith(wanted)
      ? []
      : [
          {
            release: id,
            path,
            kind: 'corrupt',
            why: 'is not the list of files that was sent, so the release cannot be held against it',
          },
        ]
  })
}

/** Releases that are remembered and not there, and directories that nobody can vouch for. */
function recordFindings(facts: Facts): HostFinding[] {
  const lost = gone(facts).map((dir): HostFinding => {
    const why = facts.state?.releases.some((release) => release.dir === dir) ? 'is in the records' : 'left something in .releaser'
    return { release: idOf(dir), dir, path: `releases/${dir}`, kind: 'missing', why }
  })
  const alien = facts.dirs.flatMap((dir): HostFinding[] => {
    const id = idOf(dir)
    if (!isReleaseId(id)) return [{ release: null, path: `releases/${dir}`, kind: 'extra', why: 'is no release' }]
    if (facts.manifests.includes(id)) return []
    return [
      {
        release: id,
        dir,
        path: `.releaser/manifests/${id}`,
        kind: 'missing',
        why: 'nobody can tell what belongs to the release',
      },
    ]
  })
  return [...lost, ...alien]
}

/** `current`, held against what is remembered and what is there. */
function currentFindings(facts: Facts): HostFinding[] {
  const { current, state } = facts
  const id = state?.served.at(-1)
  const should = state?.releases.find((release) => release.id === id)
  const found = (release: string | null, kind: Finding['kind'], why: string): HostFinding[] => [
    { release, path: 'current', kind, why },
  ]
  if (current.kind === 'none') return id === undefined ? [] : found(id, 'missing', `should go to releases/${should?.dir ?? id}`)
  if (current.kind === 'foreign') return found(id ?? null, 'changed', `is ${current.what}`)
  const goes = `goes to releases/${current.dir}`
  if (!facts.dirs.includes(current.dir)) return found(id ?? null, 'changed', `${goes}, which is not there`)
  if (!isReleaseId(idOf(current.dir))) return found(id ?? null, 'changed', `${goes}, which is no release`)
  const others = state?.releases.filter((release) => release.id === id).map(({ dir }) => dir) ?? []
  const busy = facts.lock !== null || facts.unsettled !== null
  if (id !== undefined && others.length > 0 && !others.includes(current.dir) && !busy)
    return found(id, 'changed', `${goes}, and the records say releases/${should?.dir ?? id}`)
  return []
}

function idOf(dir: string): string {
  return dir.replace(/~.*/, '')
}
