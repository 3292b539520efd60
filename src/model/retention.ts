import type { ReleaseState } from './host-state.ts'
import { packedAt } from './release.ts'
import { size } from './size.ts'

/** A release that may stay or go, as retention sees it. */
export interface Candidate {
  readonly id: string
  readonly dir: string
  readonly state: ReleaseState
}

export interface Verdict<T> {
  readonly release: T
  readonly keep: boolean
  /** In words, for the table and for `--json`. */
  readonly why: string
}

export interface RetentionRule extends Pick<Limits, 'since'> {
  /** How many good releases stay; at least 1. */
  readonly keep: number
  readonly current: string | null
  readonly previous: string | null
  readonly pinned: readonly string[]
  /** Directories in which processes live. */
  readonly inUse?: readonly string[]
  /** Ids that have a name in the store, and which: `latest`, or `tagged golden`. A good release of them stays. */
  readonly named?: ReadonlyMap<string, string>
}

/** What limits how many stay, beside a number: times in seconds since 1970, sizes in bytes. */
export interface Limits {
  /** Whatever was packed since then stays as well. */
  readonly since?: number | undefined
  /** Of the store: the newest that fit stay, whatever else would keep the others. */
  readonly bytes?: number | undefined
}

/** A release of the store, as retention sees it. */
export interface Stored {
  readonly id: string
  readonly tags: readonly string[]
  readonly bytes: number
}

/** The names that an app's releases have in the store; `latest` is the id of its newest word. */
export function namesOf(releases: readonly Stored[], latest: string | undefined): ReadonlyMap<string, string> {
  return new Map(
    releases.flatMap(({ id, tags }): [string, string][] => {
      if (id === latest) return [[id, 'latest']]
      return tags.length > 0 ? [[id, `tagged ${tags.join(', ')}`]] : []
    }),
  )
}

/** Which of an app's releases in the store stay, newest first; `latest` is the id of its newest word. */
export function retainInStore<T extends Stored>(
  newestFirst: readonly T[],
  rule: Limits & { readonly keep: number; readonly latest: string | undefined },
): Verdict<T>[] {
  const { keep, latest, since, bytes: budget = Number.POSITIVE_INFINITY } = rule
  const names = namesOf(newestFirst, latest)
  let taken = 0
  return newestFirst.map((release, index) => {
    const { id, bytes } = release
    const stays = (why: string) => {
      taken += bytes
      return { release, keep: true, why }
    }
    const name = names.get(id)
    if (name !== undefined) return stays(name)
    if (taken + bytes > budget) return { release, keep: false, why: `more than fits ${size(budget)}` }
    if (index < keep) return stays(Number.isFinite(keep) ? `among the newest ${keep}` : `fits ${size(budget)}`)
    if (isSince(id, since)) return stays('not old enough to go')
    return { release, keep: false, why: `older than the newest ${keep === 1 ? 'one' : keep}` }
  })
}

function isSince(id: string, since: number | undefined): boolean {
  return since !== undefined && packedAt(id) >= since
}

/** Which releases on a host stay and which go, with the reason for each; newest first. */
export function retain<T extends Candidate>(releases: readonly T[], rule: RetentionRule): Verdict<T>[] {
  const newestFirst = [...releases].sort((a, b) => (a.dir < b.dir ? 1 : -1))
  const good = newestFirst.filter(({ state, id }) => state === 'good' || id === rule.current)
  const kept = new Set(good.slice(0, rule.keep).map(({ dir }) => dir))
  return newestFirst.map((release) => {
    const reason = sacred(release, rule)
    if (reason !== undefined) return { release, keep: true, why: reason }
    if (kept.has(release.dir))
      return { release, keep: true, why: rule.keep === 1 ? 'the newest good one' : `among the newest ${rule.keep} good ones` }
    if (release.state !== 'good') return { release, keep: false, why: `${release.state}, never confirmed` }
    const name = rule.named?.get(release.id)
    if (name !== undefined) return { release, keep: true, why: name }
    if (isSince(release.id, rule.since)) return { release, keep: true, why: 'not old enough to go' }
    return { release, keep: false, why: `older than the newest ${rule.keep === 1 ? 'good one' : `${rule.keep} good ones`}` }
  })
}

function sacred(release: Candidate, rule: RetentionRule): string | undefined {
  if (release.id === rule.current) return 'current'
  if (release.id === rule.previous) return 'previous'
  if (rule.pinned.includes(release.id)) return 'pinned'
  if (rule.inUse?.includes(release.dir)) return 'in use by a process'
  return undefined
}
