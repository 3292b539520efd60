import { ReleaserError } from './errors.ts'

/** What a REF can be looked up by: a store's release, or one that lies on a host. */
export interface Named {
  readonly id: string
  readonly version: string
  readonly tags?: readonly string[]
}

/** What the words `latest`, `current` and `previous` mean where the lookup happens; undefined where they mean nothing. */
export interface Landmarks {
  readonly latest?: string | undefined
  readonly current?: string | undefined
  readonly previous?: string | undefined
}

/**
 * The release a REF names: `latest`, `current`, `previous`, then id, tag, version, unique id prefix of four or more.
 * Fails with NOT_FOUND (9), or USAGE (2) and the list where several answer.
 */
export function lookUp<T extends Named>(ref: string, releases: readonly T[], landmarks: Landmarks): T {
  const landmark = ref === 'latest' || ref === 'current' || ref === 'previous' ? landmarks[ref] : undefined
  const byId = releases.find((release) => release.id === (landmark ?? ref))
  if (byId) return byId
  for (const match of [hasTag, hasVersion, hasPrefix]) {
    const found = releases.filter((release) => match(release, ref))
    if (found.length === 1 && found[0]) return found[0]
    if (found.length > 1) throw ambiguous(ref, found)
  }
  throw new ReleaserError('NOT_FOUND', `no release "${ref}"`, {
    hint: releases.length === 0 ? 'there are no releases yet: run releaser build' : 'list what there is: releaser releases',
  })
}

function hasTag(release: Named, ref: string): boolean {
  return release.tags?.includes(ref) ?? false
}

function hasVersion(release: Named, ref: string): boolean {
  return release.version === ref
}

function hasPrefix(release: Named, ref: string): boolean {
  return ref.length >= 4 && release.id.startsWith(ref)
}

function ambiguous(ref: string, found: readonly Named[]): ReleaserError {
  const list = found.map(({ id, version }) => `${id} (${version})`).join(', ')
  return new ReleaserError('USAGE', `"${ref}" names ${found.length} releases: ${list}`, { hint: 'name one of them by its id' })
}
