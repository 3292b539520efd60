import { loadConfig, pickTargets } from '../local/config.ts'
import { type HostRelease, wordFor } from '../model/host-state.ts'
import { type HostView, viewOf } from '../model/host-view.ts'
import type { Lookup } from '../tasks/on-host.ts'
import { askAcross } from './across.ts'
import type { Call, Outcome } from './command.ts'
import type { DataBack } from './data-back.ts'
import { destinations, onlyApp } from './destinations.ts'
import { lastHook } from './last-hook.ts'
import { recallOf } from './memory.ts'
import { openStoreAt } from './place.ts'
import { askProtected } from './protected.ts'
import { record } from './record.ts'
import { roll } from './roll.ts'
import { rolledOutcome } from './rolled.ts'

/** A switch to a release that lies on the hosts already. */
interface FromHosts {
  readonly action: 'rollback' | 'activate'
  /** What is asked for, as the store writes it down where this fails. */
  readonly wanted: string
  readonly choose: (views: readonly HostView[], lookup: Lookup) => HostRelease
  /** What is about to be done to a target, `on` or `to` it. */
  readonly doing: (version: string | undefined) => string
  /** What else comes back with it. */
  readonly data?: DataBack
}

/** Makes a release that the hosts have what they serve, by the same path as a deploy, with nothing sent. */
export async function fromHosts(call: Call, { action, wanted, choose, doing, data }: FromHosts): Promise<Outcome> {
  const loaded = await loadConfig({ file: call.globals.config, cwd: process.cwd() })
  const targets = await pickTargets(loaded, call.values['target'], call.signal)
  const app = onlyApp(targets, loaded)
  const store = await openStoreAt(loaded.storeDir, call)
  const rolled = await record(call, { store, targets, app, action }, wanted, () =>
    roll({
      call,
      loaded,
      store,
      targets,
      destinations: destinations(targets, call.values['host'], recallOf(store)),
      action,
      force: false,
      source: null,
      choose: async (asked) => {
        const views = asked.map(({ facts }) => viewOf(facts))
        return { ...choose(views, { known: store.list(app) }), manifest: null }
      },
      ...(data && { lay: (release, asked) => data.lay(loaded, release, asked) }),
      ask: async (plans) => {
        await askProtected(call, targets, doing(plans[0]?.release ? wordFor(plans[0].release) : undefined))
        await askAcross(call, plans)
        await data?.ask(plans)
      },
    }),
  )
  const outcome = rolledOutcome(call, action, { ...rolled.release, app }, rolled, targets)
  await lastHook(call, { action, targets, dir: loaded.dir, rolled, outcome })
  return outcome
}
