import { type LoadedConfig, loadConfig, pickTargets } from '../local/config.ts'
import { ReleaserError } from '../model/errors.ts'
import { retainInStore } from '../model/retention.ts'
import type { Planner } from '../rollout/host.ts'
import { NO_RELEASE } from '../rollout/input.ts'
import { rollOut } from '../rollout/rollout.ts'
import { type PrunePlan, planPrune } from '../tasks/prune.ts'
import { table } from '../ui/table.ts'
import { author } from './author.ts'
import type { Call, Outcome } from './command.ts'
import { destinations } from './destinations.ts'
import { openStoreAt } from './place.ts'
import { askProtected } from './protected.ts'
import { withHosts } from './with-hosts.ts'

interface Row {
  readonly host: string | null
  readonly id: string
  readonly why: string
}

/** `releaser prune`: drops old releases, in the store or on hosts, and says of each why it stays or goes. */
export async function run(call: Call): Promise<Outcome> {
  const loaded = await loadConfig({ file: call.globals.config, cwd: process.cwd() })
  const keep = call.values['keep'] === undefined ? undefined : Number(call.values['keep'])
  if (keep !== undefined && (!Number.isInteger(keep) || keep < 1)) {
    throw new ReleaserError('USAGE', `keep=${call.values['keep']} is not a number of releases`, {
      hint: 'at least one stays, for instance keep=5',
    })
  }
  return call.values['target'] === undefined ? pruneHere(call, loaded, keep) : pruneHosts(call, loaded, keep)
}

async function pruneHere(call: Call, loaded: LoadedConfig, wanted: number | undefined): Promise<Outcome> {
  const keep = wanted ?? loaded.config.keepLocal
  if (keep === undefined)
    throw new ReleaserError('USAGE', 'how many releases are to stay in the store?', {
      hint: 'say keep=N, or set keepLocal in the config; target=NAME prunes on hosts',
    })
  const app = call.values['app'] ?? (loaded.apps.length === 1 ? loaded.apps[0] : undefined)
  if (app === undefined)
    throw new ReleaserError('USAGE', 'which app?', { hint: `say ${loaded.apps.map((name) => `app=${name}`).join(' or ')}` })
  const store = await openStoreAt(loaded.storeDir, call)
  const releases = store.list(app)
  const verdicts = retainInStore(releases, { keep, latest: releases.length === 0 ? undefined : store.latest(app).id })
  if (!call.globals.dryRun) await store.pruneLocal(app, keep)
  const row = ({ release, why }: (typeof verdicts)[number]): Row => ({ host: null, id: release.id, why })
  return outcome(verdicts.filter((it) => it.keep).map(row), verdicts.filter((it) => !it.keep).map(row), call.globals.dryRun)
}

async function pruneHosts(call: Call, loaded: LoadedConfig, keep: number | undefined): Promise<Outcome> {
  const { ui, globals } = call
  const targets = pickTargets(loaded, call.values['target'])
  const all = destinations(targets, call.values['host'])
  if (!globals.dryRun) await askProtected(call, targets, 'prune')
  const act: Parameters<typeof withHosts<Outcome>>[2] = async ({ hosts }) => {
    // A host that has moved meanwhile is decided on again: what is told is what was done.
    const decided = new Map<string, PrunePlan['verdicts']>()
    const plan: Planner = ({ target, host }, facts) => {
      const pruned = planPrune({ target, host, facts, keep: keep ?? target.keep })
      decided.set(`${target.name}\t${host.name}`, pruned.verdicts)
      return pruned.plan
    }
    const prepared = hosts.map((asked) => ({ ...asked, plan: plan(asked, asked.facts) }))
    if (!globals.dryRun)
      await rollOut(prepared, {
        plan,
        author: author('prune'),
        observe: ui.observe,
        signal: call.signal,
        wait: globals.wait,
        ...NO_RELEASE,
      })
    const verdicts = hosts.flatMap(({ target, host }) =>
      (decided.get(`${target.name}\t${host.name}`) ?? []).map((verdict) => ({ ...verdict, host: host.name })),
    )
    const row = ({ host, release, why }: (typeof verdicts)[number]): Row => ({ host, id: release.dir, why })
    return outcome(verdicts.filter((it) => it.keep).map(row), verdicts.filter((it) => !it.keep).map(row), globals.dryRun)
  }
  return withHosts(call, all, act, { inUse: true })
}

function outcome(kept: readonly Row[], removed: readonly Row[], dryRun: boolean): Outcome {
  const rows = [
    ...removed.map((row) => ({ ...row, what: dryRun ? 'would go' : 'gone' })),
    ...kept.map((row) => ({ ...row, what: 'stays' })),
  ]
  const text =
    rows.length === 0
      ? 'there are no releases'
      : table(
          ['host', 'release', '', 'why'],
          rows.map(({ host, id, what, why }) => [host ?? 'here', id, what, why]),
        )
  return { result: { kept, removed, ...(dryRun && { dryRun }) }, text }
}
