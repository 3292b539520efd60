import type { LoadedConfig } from '../local/config.ts'
import type { Commit } from '../local/git.ts'
import type { Store } from '../local/store.ts'
import { hasZstd, sendStream } from '../local/tarball.ts'
import { wordFor } from '../model/host-state.ts'
import type { Plan, SwitchAction } from '../model/plan.ts'
import type { Release } from '../model/release.ts'
import type { Target } from '../model/target.ts'
import type { Asked, Destination, HostOutcome, Planner, Prepared, ShipmentOf } from '../rollout/host.ts'
import type { Moment } from '../rollout/input.ts'
import { prepare } from '../rollout/prepare.ts'
import { rollOut } from '../rollout/rollout.ts'
import { planDeploy } from '../tasks/deploy.ts'
import type { Wanted } from '../tasks/wanted.ts'
import { author } from './author.ts'
import type { Call } from './command.ts'
import { warnOfCookies } from './cookie-warning.ts'
import { deciding } from './decide.ts'
import { labels, leads } from './destinations.ts'
import { type Environments, environments, veiled } from './environment.ts'
import { commitsSince, forecasts } from './forecasts.ts'
import type { AllLaid } from './lay-out.ts'
import { loginOf } from './login.ts'
import { sayHosts } from './meant-hosts.ts'
import { hooksAt } from './moments.ts'
import { withSignature } from './signed.ts'

export interface RollInput {
  readonly call: Call
  readonly loaded: LoadedConfig
  readonly store: Store
  readonly targets: readonly Target[]
  readonly destinations: readonly Destination[]
  readonly action: SwitchAction
  readonly force: boolean
  /** Which release is to serve, once every host has said how it is. */
  readonly choose: (asked: readonly Asked[]) => Promise<Wanted>
  /** The store's release, whose tarball travels; null where nothing is sent. */
  readonly source: Release | null
  /** A last question, when everything is known and nothing is done. */
  readonly ask: (plans: readonly Plan[]) => Promise<void>
  /** Has hosts lay out what else comes back with the release; nothing that serves is touched. */
  readonly lay?: (release: Wanted, asked: readonly Asked[]) => Promise<AllLaid>
  /** Fails where this, a plan without secrets, is not one that may be carried out. */
  readonly demand?: (plan: Plan) => void
}

export interface Rolled {
  readonly release: Wanted
  readonly hosts: readonly HostOutcome[]
  readonly plans: readonly Plan[]
  /** Of a dry run: what is new since what is live; null where nobody can tell. */
  readonly commits?: readonly Commit[] | null
}

/** Connects, decides, asks, and carries out a switch over all hosts. With `--dry-run` it stops at the plans. */
export async function roll(input: RollInput): Promise<Rolled> {
  const { call } = input
  const { ui, globals } = call
  const apps = await environments(input.destinations, { dir: input.loaded.dir, call })
  sayHosts(call, input.destinations)
  const rows = ui.rows(labels(input.destinations), { fleeting: true })
  const preparation = await prepare({
    destinations: input.destinations,
    observe: ui.observe,
    signal: call.signal,
    skipUnreachable: globals.skipUnreachable,
    login: loginOf(call),
  }).catch(async (error: unknown) => {
    await rows.close()
    throw error
  })
  let laid: AllLaid | undefined
  try {
    for (const { host, message } of preparation.skipped) ui.warn(`${host} is left out: ${message}`)
    const release = await withSignature(call, await input.choose(preparation.hosts), { ...input, hosts: preparation.hosts })
    laid = await input.lay?.(release, preparation.hosts)
    const plan = approved(planner(input, release, apps, preparation.hosts, laid), input, apps)
    const prepared = preparation.hosts.map((asked) => ({ ...asked, plan: plan(asked, asked.facts) }))
    const plans = prepared.map((host) => host.plan)
    warnOfCookies(call, release, prepared)
    if (globals.dryRun) {
      const veils = prepared.map((host) => ({ ...host, plan: veiled(host.plan, apps.of(host)) }))
      const shown = await forecasts(input.store, release, veils)
      const commits = await commitsSince(input.store, input.loaded.dir, release, veils)
      return { release, plans: shown, commits, hosts: [...prepared.map(planned), ...preparation.skipped] }
    }
    await rows.close()
    if (plans.some(({ steps }) => steps.length > 0)) await input.ask(plans)
    const outcomes = await carryOut(input, release, prepared, plan)
    return { release, plans, hosts: [...outcomes, ...preparation.skipped] }
  } finally {
    await rows.close()
    await laid?.release()
    await preparation.close()
  }
}

/** The same planner, which gives nothing but what may be carried out, also where a host has moved meanwhile. */
function approved(plan: Planner, { demand }: RollInput, apps: Environments): Planner {
  return (destination, facts) => {
    const decided = plan(destination, facts)
    demand?.(veiled(decided, apps.of(destination)))
    return decided
  }
}

function planner(
  { call, store, action, force }: RollInput,
  release: Wanted,
  apps: Environments,
  asked: readonly Asked[],
  laid: AllLaid | undefined,
): Planner {
  const knownManifests = new Set(store.list().map(({ id }) => id))
  const { by } = author('')
  return (destination, facts) => {
    const { target, host } = destination
    const { values: appEnv, secret: secrets } = apps.of(destination)
    const first = leads(destination, asked)
    return planDeploy({
      action,
      target,
      host,
      release,
      facts,
      knownManifests,
      named: store.names(target.app),
      force,
      by,
      dryRun: call.globals.dryRun,
      appEnv,
      secrets,
      first,
      ...(laid && { backup: laid.of(host) }),
    })
  }
}

async function carryOut(
  input: RollInput,
  release: Wanted,
  prepared: readonly Prepared[],
  plan: Planner,
): Promise<readonly HostOutcome[]> {
  const { call, action } = input
  const rows = call.ui.rows(labels(prepared))
  try {
    const more = {
      plan,
      author: author(`${action} of ${prepared[0]?.target.app ?? ''} ${wordFor(release)}`),
      observe: call.ui.observe,
      signal: call.signal,
      wait: call.globals.wait,
      moment: (moment: Moment) => hooksAt(moment, input, release, prepared),
      shipment: await shipments(input),
    }
    return await deciding(input.store, action, (decide) => rollOut(prepared, { ...more, decide }))
  } finally {
    await rows.close()
  }
}

/** Where the bytes come from: the store's tarball, compressed as both ends can. */
export async function shipments({ store, source }: Pick<RollInput, 'store' | 'source'>): Promise<ShipmentOf> {
  if (!source) return async () => null
  const manifest = await store.manifest(source)
  const zstdHere = await hasZstd()
  return async ({ plan, facts }) => {
    if (!plan.transfer) return null
    const wire = zstdHere && facts.tools.includes('zstd') ? 'zstd' : 'gzip'
    return {
      digest: source.digest,
      manifest,
      transfer: plan.transfer,
      base: plan.transfer.base === null ? null : await baseOf(store, plan.transfer.base),
      wire,
      open: (wanted) => sendStream({ file: store.tarballPath(source), compression: source.compression, wanted, to: wire }),
    }
  }
}

async function baseOf(store: Store, id: string) {
  const release = store.list().find((known) => known.id === id)
  return release ? store.manifest(release) : null
}

/** What a dry run says of a host: what would be. */
function planned({ plan, target, host }: Prepared): HostOutcome {
  const changed = plan.steps.length > 0
  return {
    target: target.name,
    host: host.name,
    ok: true,
    changed,
    previous: plan.from,
    current: changed ? (plan.release?.id ?? plan.from) : plan.from,
    sentBytes: 0,
    durationMs: 0,
    state: 'idle',
  }
}
