import type { Store } from '../local/store.ts'
import type { Release } from '../model/release.ts'

/** A host that serves a release, as far as this store has seen; `since` is ISO 8601. */
export interface Live {
  readonly target: string
  readonly host: string
  readonly since: string
}

/** The hosts that served this release last, as far as this store has seen. */
export function whereLive(store: Store, release: Pick<Release, 'id' | 'app'>): readonly Live[] {
  const last = new Map<string, Live & { readonly id: string | null }>()
  for (const { at, app, target, hosts } of store.deployments()) {
    if (app !== release.app) continue
    for (const { host, to, target: own = target } of hosts) last.set(`${own}\0${host}`, { target: own, host, since: at, id: to })
  }
  return [...last.values()].filter(({ id }) => id === release.id).map(({ target, host, since }) => ({ target, host, since }))
}
