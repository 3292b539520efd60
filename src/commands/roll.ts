import type { LoadedConfig } from '../local/config.ts'
import type { Commit } from '../local/git.ts'
import type { Store } from '../local/store.ts'
import { ownOf, type PerApp } from '../model/per-app.ts'
import type { Plan, SwitchAction } from '../model/plan.ts'
import type { Release } from '../model/release.ts'
import type { Target } from '../model/target.ts'
import type { Asked, Destination, HostOutcome, Planner, Prepared } from '../rollout/host.ts'
import type { Moment } from '../rollout/input.ts'
import { prepare } from '../rollout/prepare.ts'
import { rollOut } from '../rollout/rollout.ts'
import type { Wanted } from '../tasks/wanted.ts'
import { author } from './author.ts'
import type { Call } from './command.ts'
import { warnOfCookies } from './cookie-warning.ts'
import { deciding } from './decide.ts'
import { labels } from './destinations.ts'
import { eachApp, type OwnHosts } from './each-app.ts'
import { environments, veiled } from './environment.ts'
import { commitsSince, forecasts } from './forecasts.ts'
import type { AllLaid } from './lay-out.ts'
import { loginOf } from './login.ts'
import { hooksAt } from './moments.ts'
import type { Approved } from './plan-file.ts'
import { plannedOutcome, planner } from './planner.ts'
import { failedRollout, inShort } from './rollout-shown.ts'
import { shipments } from './shipment.ts'
import { withSignature } from './signed.ts'

export interface RollInput {
  readonly call: Call
  readonly loaded: LoadedConfig
  readonly store: Store
  readonly targets: readonly Target[]
  readonly destinations: readonly Destination[]
  readonly action: SwitchAction
  readonly force: boolean
  /** What an app is to serve, once every host of it has said how it is. */
  readonly choose: (app: string, asked: OwnHosts<Asked>) => Promise<Bringing>
  /** A last question, when everything is known and nothing is done. */
  readonly ask: (plans: readonly Plan[]) => Promise<void>
  /** Has hosts lay out what else comes back with their releases; nothing that serves is touched. */
  readonly lay?: (releases: PerApp<Wanted>, asked: readonly Asked[]) => Promise<AllLaid>
  /** The plan that somebody has approved: no other one may be carried out. */
  readonly approved?: Pick<Approved, 'demand' | 'demandHosts'>
}

/** A release for all hosts of an app. */
export interface Bringing {
  readonly release: Wanted
  /** The store's, whose tarball travels; null where nothing is sent. */
  readonly source: Release | null
}

export interface Rolled {
  /** Of each app, as far as one of its hosts could be asked. */
  readonly releases: PerApp<Wanted>
  readonly hosts: readonly HostOutcome[]
  readonly plans: readonly Plan[]
  /** Of a dry run: what is new for each app since what is live; null where nobody can tell. */
  readonly commits?: PerApp<readonly Commit[] | null>
}

/** Connects, decides, asks, and carries out a switch over all hosts of all apps as one. With `--dry-run` it stops at the plans. */
export async function roll(input: RollInput): Promise<Rolled> {
  const { call, store, loaded } = input
  const { ui, globals } = call
  const envs = await environments(input.destinations, { dir: loaded.dir, call })
  const rows = ui.rows(labels(input.destinations), { fleeting: true })
  const preparation = await prepare({
    destinations: input.destinations,
    observe: ui.observe,
    signal: call.signal,
    skipUnreachable: globals.skipUnreachable,
    login: loginOf(call),
  }).catch(async (error: unknown) => {
    await rows.close()
    throw failedRollout(error, new Map(), input.targets)
  })
  const asked = preparation.hosts
  let laid: AllLaid | undefined
  try {
    for (const { host, message } of preparation.skipped) ui.warn(`${host} is left out: ${message}`)
    input.approved?.demandHosts(asked)
    const brought = await eachApp(asked, (app, own) => bring(input, app, own))
    const releases = new Map([...brought].map(([app, { release }]) => [app, release]))
    laid = await input.lay?.(releases, asked)
    const plan = planner(input, { releases, envs, asked, laid })
    const prepared = asked.map((host) => ({ ...host, plan: plan(host, host.facts) }))
    const plans = prepared.map((host) => host.plan)
    warnOfCookies(call, releases, prepared)
    if (globals.dryRun) {
      const veils = prepared.map((host) => ({ ...host, plan: veiled(host.plan, envs.of(host)) }))
      const shown = await forecasts(store, releases, veils)
      const commits = await eachApp(veils, (app, own) => commitsSince(store, loaded.dir, releases.get(app), own))
      return { releases, plans: shown, commits, hosts: [...prepared.map(plannedOutcome), ...preparation.skipped] }
    }
    await rows.close()
    if (plans.some(({ steps }) => steps.length > 0)) {
      if (releases.size > 1) ui.say(`as one: ${inShort(releases, prepared)}`)
      await input.ask(plans)
    }
    const outcomes = await carryOut(input, brought, prepared, plan).catch((error: unknown) => {
      throw failedRollout(error, releases, input.targets)
    })
    return { releases, plans, hosts: [...outcomes, ...preparation.skipped] }
  } finally {
    await rows.close()
    await laid?.release()
    await preparation.close()
  }
}

/** An app's release, with its signature. */
async function bring(input: RollInput, app: string, hosts: OwnHosts<Asked>): Promise<Bringing> {
  const { release, source } = await input.choose(app, hosts)
  const targets = input.targets.filter((target) => target.app === app)
  return { release: await withSignature(input.call, release, { store: input.store, source, targets, hosts }), source }
}

async function carryOut(
  input: RollInput,
  brought: PerApp<Bringing>,
  prepared: readonly Prepared[],
  plan: Planner,
): Promise<readonly HostOutcome[]> {
  const { call, action, store } = input
  const releases = new Map([...brought].map(([app, { release }]) => [app, release]))
  const shipment = await eachApp(prepared, (app) => shipments({ store, source: brought.get(app)?.source ?? null }))
  const rows = call.ui.rows(labels(prepared))
  try {
    const more = {
      plan,
      author: author(`${action} of ${inShort(releases)}`),
      observe: call.ui.observe,
      signal: call.signal,
      wait: call.globals.wait,
      moment: (moment: Moment) => hooksAt(moment, input, releases, prepared),
      shipment: (host: Prepared) => ownOf(shipment, host)(host),
    }
    return await deciding(store, action, (decide) => rollOut(prepared, { ...more, decide }))
  } finally {
    await rows.close()
  }
}
