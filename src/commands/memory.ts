import type { LoadedConfig } from '../local/config.ts'
import type { Store } from '../local/store.ts'
import { peekDeployments, peekReleases } from '../local/store-peek.ts'
import type { Deployment } from '../model/deployment.ts'
import { ReleaserError } from '../model/errors.ts'
import { UNKNOWN } from '../model/host-state.ts'
import { viewOf } from '../model/host-view.ts'
import type { Release } from '../model/release.ts'
import type { Recall } from '../rollout/host.ts'
import { recalled } from '../tasks/recalled.ts'
import type { Call } from './command.ts'
import { openStoreAt } from './place.ts'

/** What this machine's store knows, for commands that work on hosts. */
export interface Memory {
  /** Where a host has lost its memory of releases, what the store knows of them by their ids takes its place. */
  readonly recall: Recall
  /** The names that releases of these apps have in the store, app by app (see `Store.names`). */
  names(apps: Iterable<string>): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>>
  /** The store's releases of these apps. */
  releases(apps: Iterable<string>): Promise<readonly Release[]>
  /** The deployments that it remembers, the oldest first. */
  deployments(): Promise<readonly Deployment[]>
}

/** Opens the store only where it has to. One that cannot be read is told of, and as good as empty: hosts can do without it. */
export function memoryAt({ storeDir }: Pick<LoadedConfig, 'storeDir'>, call: Pick<Call, 'ui'>): Memory {
  const orNothing = <T>(looking: Promise<T>) =>
    looking.catch((error: unknown) => {
      if (!(error instanceof ReleaserError)) throw error
      call.ui.warn(`what this machine's store knows is left out: ${error.message}`)
      return null
    })
  let opened: Promise<Store | null> | undefined
  const open = () => {
    opened ??= orNothing(openStoreAt(storeDir, call))
    return opened
  }
  return {
    recall: recallFrom(open),
    names: async (apps) => {
      const store = await open()
      return new Map([...new Set(apps)].map((app) => [app, store?.names(app) ?? new Map()]))
    },
    releases: async (apps) => {
      const known = (await orNothing(peekReleases(storeDir))) ?? (await open())?.list() ?? []
      const wanted = new Set(apps)
      return known.filter(({ app }) => wanted.has(app))
    },
    deployments: async () => (await orNothing(peekDeployments(storeDir))) ?? [],
  }
}

/** The recall of a store that is open. */
export function recallOf(store: Store): Recall {
  return recallFrom(async () => store)
}

function recallFrom(open: () => Promise<Store | null>): Recall {
  return async (facts, { app }) => {
    const lost = new Set(viewOf(facts).releases.flatMap(({ id, version }) => (version === UNKNOWN ? [id] : [])))
    const store = lost.size === 0 ? null : await open()
    if (!store) return facts
    const found = store.list(app).filter(({ id }) => lost.has(id))
    const told = found.map(async (one) => recalled(one, await store.manifest(one).catch(() => undefined)))
    return { ...facts, recalled: await Promise.all(told) }
  }
}
