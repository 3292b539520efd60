import { type LoadedConfig, loadConfig, pickTargets } from '../local/config.ts'
import type { Store } from '../local/store.ts'
import type { Target } from '../model/target.ts'
import type { Destination } from '../rollout/host.ts'
import { targetsOfApps } from './apps-meant.ts'
import type { Call } from './command.ts'
import { destinations } from './destinations.ts'
import { sayHosts } from './meant-hosts.ts'
import { recallOf } from './memory.ts'
import { openStoreAt } from './place.ts'

/** What a switch is about: its hosts, and the targets that have one of them. */
export interface RolloutMeant {
  readonly loaded: LoadedConfig
  readonly store: Store
  readonly targets: readonly Target[]
  readonly destinations: readonly Destination[]
  /** The apps of these targets, in their order. */
  readonly apps: readonly string[]
}

/** Finds out what `target=`, `app=` and `host=` mean, and says which hosts those are. Fails with CONFIG and USAGE. */
export async function rolloutMeant(call: Call): Promise<RolloutMeant> {
  const { values, globals } = call
  const loaded = await loadConfig({ file: globals.config, cwd: process.cwd() })
  const chosen = targetsOfApps(await pickTargets(loaded, values['target'], call.signal), values['app'])
  const store = await openStoreAt(loaded.storeDir, call)
  const all = destinations(chosen, values['host'], recallOf(store))
  sayHosts(call, all)
  const targets = chosen.filter((target) => all.some((each) => each.target === target))
  return { loaded, store, targets, destinations: all, apps: [...new Set(targets.map(({ app }) => app))] }
}
