import { ReleaserError } from '../model/errors.ts'
import { type HostRelease, UNKNOWN } from '../model/host-state.ts'
import { type HostView, viewOf } from '../model/host-view.ts'
import type { Facts } from '../model/plan.ts'
import { lookUp } from '../model/ref.ts'
import type { Release } from '../model/release.ts'

/** Whether a release has to lie on each of the hosts, or on any of them. */
export type Where = 'each' | 'any'

export interface Lookup {
  /** What this machine's store holds: tags are known nowhere else. */
  readonly known?: readonly Pick<Release, 'id' | 'tags'>[]
  /** With `any`: releases that hosts only remember. */
  readonly remembered?: readonly HostRelease[]
}

/**
 * The release that REF names on these hosts: `latest`, the newest there; `current` and `previous`, those of the first host that has
 * one; then id, tag, version, prefix. Fails with NOT_FOUND, or USAGE where several answer.
 */
export function releaseOn(where: Where, views: readonly HostView[], ref: string, lookup: Lookup = {}): HostRelease {
  const { known = [], remembered = [] } = lookup
  const all = where === 'each' ? onEach(views) : onAny(views, remembered)
  const tags = new Map(known.map((release) => [release.id, release.tags]))
  const landmarks = {
    latest: all
      .map(({ id }) => id)
      .sort()
      .at(-1),
    current: views.find(({ current }) => current)?.current?.id,
    previous: views.find(({ previous }) => previous)?.previous?.id,
  }
  try {
    return lookUp(
      ref,
      all.map((release) => ({ id: release.id, version: release.version, tags: tags.get(release.id) ?? [], release })),
      landmarks,
    ).release
  } catch (error) {
    if (!(error instanceof ReleaserError) || error.code !== 'NOT_FOUND') throw error
    throw new ReleaserError('NOT_FOUND', `no release "${ref}" lies on ${placeIn(where, views.length)}`, { hint: HINTS[where] })
  }
}

/** The id of the release that REF names on any of these hosts, be it that it lies there or that one only remembers it. */
export function namedOn(hosts: readonly { readonly facts: Facts }[], ref: string, known: Lookup['known'] = []): string {
  const remembered = hosts.flatMap(({ facts }) => facts.state?.releases ?? [])
  const views = hosts.map(({ facts }) => viewOf(facts))
  return releaseOn('any', views, ref, { known, remembered }).id
}

/** The releases that all of these hosts have, newest first, each once. */
export function onEach(views: readonly HostView[]): readonly HostRelease[] {
  return onAny(views, []).filter(({ id }) => views.every(({ releases }) => releases.some((release) => release.id === id)))
}

/** Those that any of them has; the one that a host knows by its version goes before one that it has only on its disk. */
export function onAny(views: readonly HostView[], remembered: readonly HostRelease[]): readonly HostRelease[] {
  const all = new Map<string, HostRelease>()
  for (const release of [...views.flatMap(({ releases }) => releases), ...remembered])
    if ((all.get(release.id)?.version ?? UNKNOWN) === UNKNOWN) all.set(release.id, release)
  return [...all.values()]
}

function placeIn(where: Where, hosts: number): string {
  return hosts === 1 ? 'the host' : where === 'each' ? 'all of the hosts' : 'any of the hosts'
}

const HINTS: Readonly<Record<Where, string>> = {
  each: 'see which do: releaser releases target=NAME; or bring it from the store: releaser deploy target=NAME release=REF',
  any: 'list what lies there: releaser releases target=NAME',
}
