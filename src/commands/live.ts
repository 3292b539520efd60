import type { Store } from '../local/store.ts'
import type { Release } from '../model/release.ts'

/** A host that serves a release, as far as this store has seen; `since` is ISO 8601. */
export interface Live {
  readonly target: string
  readonly host: string
  readonly since: string
}

/** What each host served last, as far as this store has seen: the hosts by app and release, in the order in which they were first seen. */
export interface LiveList {
  of(release: Pick<Release, 'id' | 'app'>): readonly Live[]
  /** In short: `prod` where all hosts of it that were ever seen serve the release, else `prod (2 of 3)`; empty where none does. */
  inShort(release: Pick<Release, 'id' | 'app'>): string
}

/** Reads all deployments of the store, once. */
export function liveList(store: Pick<Store, 'deployments'>): LiveList {
  const last = new Map<string, Live & { readonly app: string; readonly id: string | null }>()
  for (const { at, app, target, hosts } of store.deployments())
    for (const { host, to, target: own = target } of hosts)
      last.set([app, own, host].join('\0'), { app, id: to, target: own, host, since: at })
  const byRelease = new Map<string, Live[]>()
  const seen = new Map<string, number>()
  for (const { app, id, ...live } of last.values()) {
    const key = `${app}\0${id}`
    byRelease.set(key, [...(byRelease.get(key) ?? []), live])
    seen.set(`${app}\0${live.target}`, (seen.get(`${app}\0${live.target}`) ?? 0) + 1)
  }
  const of: LiveList['of'] = ({ app, id }) => byRelease.get(`${app}\0${id}`) ?? []
  return {
    of,
    inShort: (release) => {
      const counts = new Map<string, number>()
      for (const { target } of of(release)) counts.set(target, (counts.get(target) ?? 0) + 1)
      const words = [...counts].map(([target, count]) => {
        const all = seen.get(`${release.app}\0${target}`) ?? 0
        return count === all ? target : `${target} (${count} of ${all})`
      })
      return words.join(', ')
    },
  }
}

/** The hosts that served this release last, as far as this store has seen. */
export function whereLive(store: Pick<Store, 'deployments'>, release: Pick<Release, 'id' | 'app'>): readonly Live[] {
  return liveList(store).of(release)
}
