import { type HostRelease, wordFor } from '../model/host-state.ts'
import { type HostView, viewOf } from '../model/host-view.ts'
import { refsOfApps } from '../model/refs-of-apps.ts'
import type { RollbackLookup } from '../tasks/rollback.ts'
import { askAcross } from './across.ts'
import type { Call, Outcome } from './command.ts'
import type { DataBack } from './data-back.ts'
import { fromStore } from './from-store.ts'
import { lastHook } from './last-hook.ts'
import { askProtected } from './protected.ts'
import { record } from './record.ts'
import { roll } from './roll.ts'
import { rolledOutcome } from './rolled.ts'
import { rolloutMeant } from './rollout-meant.ts'

/** A switch to a release that lies on the hosts already. */
interface FromHosts {
  readonly action: 'rollback' | 'activate'
  /** What an app's hosts go to; `ref` is what `release=` says to that app. */
  readonly choose: (views: readonly HostView[], lookup: RollbackLookup, ref: string | undefined) => HostRelease
  /** What is about to be done to a target, `on` or `to` it. */
  readonly doing: (version: string | undefined) => string
  /** What else comes back with it. */
  readonly data?: DataBack
}

/**
 * Makes a release that the hosts have what they serve, of each app its own, by the same path as a deploy, with
 * nothing sent but to hosts that lost it. */
export async function fromHosts(call: Call, { action, choose, doing, data }: FromHosts): Promise<Outcome> {
  const meant = await rolloutMeant(call)
  const { loaded, store, targets, apps } = meant
  const refs = refsOfApps(call.values['release'], apps)
  // As the store writes down what failed before anything was chosen.
  const wanted = (app: string) => refs?.get(app) ?? 'previous'
  const rolled = await record(call, { store, targets, action }, wanted, () =>
    roll({
      ...meant,
      call,
      action,
      force: false,
      choose: async (app, asked) => {
        const views = asked.map(({ facts }) => viewOf(facts))
        const known = store.list(app)
        const release = choose(views, { known, sendable: new Set(known.map(({ id }) => id)) }, refs?.get(app))
        const everywhere = views.every(({ releases }) => releases.some(({ id }) => id === release.id))
        const source = everywhere ? undefined : known.find(({ id }) => id === release.id)
        return source ? fromStore(store, source) : { release: { ...release, manifest: null }, source: null }
      },
      ...(data && { lay: (releases, asked) => data.lay(loaded, releases, asked) }),
      ask: async (plans) => {
        const comes = (app: string) => plans.find((plan) => plan.app === app)?.release
        await askProtected(call, targets, ({ app }) => {
          const release = comes(app)
          return doing(release ? wordFor(release) : undefined)
        })
        await askAcross(call, plans)
        await data?.ask(plans)
      },
    }),
  )
  const outcome = rolledOutcome(call, action, rolled, targets)
  await lastHook(call, { action, targets, dir: loaded.dir, rolled, outcome })
  return outcome
}
