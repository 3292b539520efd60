import { type LoadedConfig, loadConfig, pickTargets } from '../local/config.ts'
import { seconds } from '../model/duration.ts'
import { ReleaserError } from '../model/errors.ts'
import { type Limits, retainInStore } from '../model/retention.ts'
import { bytesOf } from '../model/size.ts'
import type { Asked, Planner } from '../rollout/host.ts'
import { NO_RELEASE } from '../rollout/input.ts'
import { rollOut } from '../rollout/rollout.ts'
import { type PrunePlan, planPrune } from '../tasks/prune.ts'
import { table } from '../ui/table.ts'
import { author } from './author.ts'
import type { Call, Outcome } from './command.ts'
import { destinations } from './destinations.ts'
import { leftBehind } from './left-behind.ts'
import { memoryAt } from './memory.ts'
import { openStoreAt } from './place.ts'
import { askProtected } from './protected.ts'
import { withHosts } from './with-hosts.ts'

interface Row {
  readonly host: string | null
  readonly id: string
  readonly why: string
}

/** A row with what people know a release by. */
interface Named {
  readonly row: Row
  readonly version: string
}

/** What is asked for; `keep` undefined: as the configuration says. */
interface Wanted extends Limits {
  readonly keep: number | undefined
}

/** `releaser prune`: drops old releases, in the store or on hosts, and says of each why it stays or goes. */
export async function run(call: Call): Promise<Outcome> {
  const loaded = await loadConfig({ file: call.globals.config, cwd: process.cwd() })
  const { target, size: budget } = call.values
  if (target !== undefined && budget !== undefined)
    throw new ReleaserError('USAGE', 'size= is for the store: hosts do not say how big a release is there', {
      hint: 'on hosts say keep=N or within=30d',
    })
  const wanted: Wanted = {
    keep: numberOf(call, 'keep', count, 'a number of releases', 'at least one stays, for instance keep=5'),
    since: numberOf(call, 'within', since, 'a time', 'for instance within=30d'),
    bytes: numberOf(call, 'size', bytesOf, 'a size', 'for instance size=2GB'),
  }
  return target === undefined ? pruneHere(call, loaded, wanted) : pruneHosts(call, loaded, wanted)
}

function numberOf(
  { values }: Call,
  key: string,
  read: (text: string) => number | undefined,
  what: string,
  hint: string,
): number | undefined {
  const text = values[key]
  const number = text === undefined ? undefined : read(text)
  if (text !== undefined && number === undefined) throw new ReleaserError('USAGE', `${key}=${text} is not ${what}`, { hint })
  return number
}

function count(text: string): number | undefined {
  return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined
}

function since(text: string): number | undefined {
  const ago = seconds(text)
  return ago === undefined ? undefined : Date.now() / 1000 - ago
}

async function pruneHere(call: Call, loaded: LoadedConfig, { keep: asked, ...limits }: Wanted): Promise<Outcome> {
  const least = limits.since !== undefined ? 1 : limits.bytes !== undefined ? Number.POSITIVE_INFINITY : undefined
  const keep = asked ?? loaded.config.keepLocal ?? least
  if (keep === undefined)
    throw new ReleaserError('USAGE', 'how many releases are to stay in the store?', {
      hint: 'say keep=N, within=30d or size=2GB, or set keepLocal in the config; target=NAME prunes on hosts',
    })
  const app = call.values['app'] ?? (loaded.apps.length === 1 ? loaded.apps[0] : undefined)
  if (app === undefined)
    throw new ReleaserError('USAGE', 'which app?', { hint: `say ${loaded.apps.map((name) => `app=${name}`).join(' or ')}` })
  const store = await openStoreAt(loaded.storeDir, call)
  const releases = store.list(app)
  const latest = releases.length === 0 ? undefined : store.latest(app).id
  const verdicts = retainInStore(releases, { ...limits, keep, latest })
  if (!call.globals.dryRun) await store.pruneLocal(app, keep, limits)
  const row = ({ release, why }: (typeof verdicts)[number]): Named => ({
    row: { host: null, id: release.id, why },
    version: release.version,
  })
  return outcome(verdicts.filter((it) => it.keep).map(row), verdicts.filter((it) => !it.keep).map(row), call.globals.dryRun)
}

async function pruneHosts(call: Call, loaded: LoadedConfig, { keep, since }: Wanted): Promise<Outcome> {
  const { ui, globals } = call
  const targets = await pickTargets(loaded, call.values['target'], call.signal)
  const memory = memoryAt(loaded, call)
  const all = destinations(targets, call.values['host'], memory.recall)
  const named = await memory.names(targets.map(({ app }) => app))
  if (!globals.dryRun) await askProtected(call, targets, 'prune')
  const act: Parameters<typeof withHosts<Outcome>>[2] = async ({ hosts }) => {
    // A host that has moved meanwhile is decided on again: what is told is what was done.
    const decided = new Map<string, PrunePlan['verdicts']>()
    const plan: Planner = ({ target, host }, facts) => {
      const pruned = planPrune({
        target,
        host,
        facts,
        keep: keep ?? target.keep,
        since,
        named: named.get(target.app) ?? new Map(),
      })
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
    const decisions = ({ target, host }: Pick<Asked, 'target' | 'host'>) => decided.get(`${target.name}\t${host.name}`) ?? []
    const goes = (asked: Asked, dir: string) => decisions(asked).some((it) => !it.keep && it.release.dir === dir)
    const left = globals.dryRun ? [] : await leftBehind(hosts, goes)
    const verdicts = hosts.flatMap((asked) =>
      decisions(asked).map((verdict) => {
        const { name } = asked.host
        const stays = left.some(
          ({ target, host, dir }) => target === asked.target.name && host === name && dir === verdict.release.dir,
        )
        return { ...verdict, host: name, ...(stays && { keep: true, why: 'could not be removed' }) }
      }),
    )
    const row = ({ host, release, why }: (typeof verdicts)[number]): Named => ({
      row: { host, id: release.dir, why },
      version: release.version,
    })
    return outcome(verdicts.filter((it) => it.keep).map(row), verdicts.filter((it) => !it.keep).map(row), globals.dryRun)
  }
  return withHosts(call, all, act, { inUse: true })
}

function outcome(kept: readonly Named[], removed: readonly Named[], dryRun: boolean): Outcome {
  const all = [
    ...removed.map((one) => ({ ...one, what: dryRun ? 'would go' : 'gone' })),
    ...kept.map((one) => ({ ...one, what: 'stays' })),
  ]
  // What is the same on several hosts is one line.
  const lines = new Map<string, { readonly hosts: string[]; readonly cells: readonly string[] }>()
  for (const { row, version, what } of all) {
    const cells = [version, row.id, what, row.why]
    const line = lines.get(cells.join('\t')) ?? { hosts: [], cells }
    lines.set(cells.join('\t'), line)
    line.hosts.push(row.host ?? 'here')
  }
  const rows = [...lines.values()].map(({ hosts, cells }) => [hosts.join(', '), ...cells])
  const text = rows.length === 0 ? 'there are no releases' : table(['host', 'version', 'release', '', 'why'], rows)
  const plain = (named: readonly Named[]) => named.map(({ row }) => row)
  return { result: { kept: plain(kept), removed: plain(removed), ...(dryRun && { dryRun }) }, text }
}
