import type { ReleaseState } from './host-state.ts'

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

export interface RetentionRule {
  /** How many good releases stay; at least 1. */
  readonly keep: number
  readonly current: string | null
  readonly previous: string | null
  readonly pinned: readonly string[]
  /** Directories in which processes live. */
  readonly inUse?: readonly string[]
}

/** Which of an app's releases in the store stay, newest first; `latest` is the id of its newest word. */
export function retainInStore<T extends { readonly id: string; readonly tags: readonly string[] }>(
  newestFirst: readonly T[],
  rule: { readonly keep: number; readonly latest: string | undefined },
): Verdict<T>[] {
  return newestFirst.map((release, index) => {
    if (release.id === rule.latest) return { release, keep: true, why: 'latest' }
    if (release.tags.length > 0) return { release, keep: true, why: `tagged ${release.tags.join(', ')}` }
    return index < rule.keep
      ? { release, keep: true, why: `among the newest ${rule.keep}` }
      : { release, keep: false, why: `older than the newest ${rule.keep === 1 ? 'one' : rule.keep}` }
  })
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
