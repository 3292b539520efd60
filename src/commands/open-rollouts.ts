import type { LoadedConfig } from '../local/config.ts'
import { verdictsIn } from '../local/verdicts.ts'
import { foldNames } from '../model/fold-names.ts'
import { type HostRelease, UNKNOWN, wordFor } from '../model/host-state.ts'
import { viewOf } from '../model/host-view.ts'
import { type Mixed, mixedAmong } from '../model/mixed.ts'
import type { PerApp } from '../model/per-app.ts'
import type { Facts, SwitchAction } from '../model/plan.ts'
import { releasesIn } from '../model/rollout-releases.ts'
import { fateOf, type JudgedHost } from '../model/verdict.ts'
import type { Destination } from '../rollout/host.ts'
import { ago } from '../ui/time.ts'

/** A host that was asked, whether it answered or not. */
type Asked = Destination & { readonly facts: Facts | null }

/** A rollout that did not come to one end on all of its hosts, or of which that is not known. */
export interface OpenRollout {
  readonly rollout: string
  readonly action: SwitchAction
  /** What it brought to each app, as far as that is known. */
  readonly releases: PerApp<Pick<HostRelease, 'id' | 'version'>>
  /** ISO 8601, UTC. */
  readonly at: string
  readonly by: string
  readonly on: readonly Named[]
  readonly behind: readonly Named[]
  /** Those of which nobody knows how they ended. */
  readonly unknown: readonly Named[]
}

interface Named {
  readonly target: string
  readonly host: string
}

/**
 * The rollouts that these hosts, or this machine, know of as not ended, the newest first. What this machine remembers of those that came
 * to one end is forgotten on the way.
 */
export async function openRollouts(
  { storeDir, targets }: Pick<LoadedConfig, 'storeDir' | 'targets'>,
  hosts: readonly Asked[],
): Promise<readonly OpenRollout[]> {
  const verdicts = verdictsIn(storeDir)
  const told = mixedAmong(hosts.flatMap((host) => (host.facts ? [{ ...host, facts: host.facts }] : []))).map(ofMixed)
  const decided: OpenRollout[] = []
  for (const verdict of await verdicts.list()) {
    // Of a target that nobody has any more, nobody can be asked.
    const known = { ...verdict, hosts: verdict.hosts.filter(({ target }) => targets.has(target)) }
    const fate = fateOf(known, hosts)
    if (fate === 'over') await verdicts.remove(verdict.rollout).catch(() => {})
    else if (fate !== 'going on' && known.hosts.some((judged) => hosts.some((host) => isSame(judged, host))))
      decided.push(ofVerdict(known, fate, targets))
  }
  const both = told.map((one) => {
    const own = decided.find(({ rollout }) => rollout === one.rollout)
    const unknown = [...(own?.unknown ?? []), ...one.unknown]
    const seen = hosts.flatMap((host) => (host.facts ? [named(host)] : []))
    const releases = new Map([...(own?.releases ?? []), ...one.releases])
    return { ...one, releases, unknown: once(unknown.filter((host) => !seen.some((other) => isAlike(host, other)))) }
  })
  const others = decided.filter(({ rollout }) => !told.some((one) => one.rollout === rollout))
  return [...both, ...others].sort((a, b) => (a.at < b.at ? 1 : -1))
}

/** `the deploy of 1.4.0, 3 min ago by ana@laptop, stays on web[1:3], and not on web4`. */
export function inWords({ action, releases, at, by, on, behind, unknown }: OpenRollout): string {
  const names = (hosts: readonly Named[]) => foldNames(hosts.map(({ host }) => host))
  const parts = [
    ...(on.length === 0 ? [] : [`stays on ${names(on)}`]),
    ...(behind.length === 0 ? [] : [`${on.length === 0 ? 'went back' : 'and not'} on ${names(behind)}`]),
    ...(unknown.length === 0 ? [] : [`and may have stayed on ${names(unknown)} or not`]),
  ]
  const words = [...releases].map(([app, release]) => `${releases.size > 1 ? `${app} ` : ''}${wordFor(release)}`)
  return `the ${action} of ${words.join(' and ')}, ${ago(new Date(at), new Date())} by ${by}, ${parts.join(', ').replace(/^and /, '')}`
}

/** Whether a host is one of those that a rollout names. */
export function isAmong(named: readonly Named[], host: Destination): boolean {
  return named.some((one) => isSame(one, host))
}

function ofMixed({ rollout, entry, on, behind }: Mixed<Destination & { readonly facts: Facts }>): OpenRollout {
  const all = [...on, ...behind]
  const there = all.flatMap(({ facts }) => viewOf(facts).releases)
  const releases = [...releasesIn(rollout, all)].map(
    ([app, id]) => [app, there.find((one) => one.id === id) ?? { id, version: UNKNOWN }] as const,
  )
  return {
    rollout,
    action: entry.action as SwitchAction,
    releases: new Map(releases),
    at: new Date(entry.at * 1000).toISOString(),
    by: entry.by,
    on: on.map(named),
    behind: behind.map(named),
    unknown: on.flatMap(({ facts: { state } }) => (state?.rollout?.id === rollout ? state.rollout.hosts : [])).map(parted),
  }
}

/** A host as others remember it: `target/host`. */
function parted(label: string): Named {
  const [target = '', ...host] = label.split('/')
  return { target, host: host.join('/') }
}

function ofVerdict(
  {
    rollout,
    action,
    at,
    by,
    hosts,
  }: { readonly hosts: readonly JudgedHost[] } & Pick<OpenRollout, 'rollout' | 'action' | 'at' | 'by'>,
  {
    on,
    back,
    unknown,
  }: { readonly on: readonly JudgedHost[]; readonly back: readonly JudgedHost[]; readonly unknown: readonly JudgedHost[] },
  targets: LoadedConfig['targets'],
): OpenRollout {
  const releases = new Map(hosts.map(({ target, release }) => [targets.get(target)?.app ?? '', release]))
  const plain = (some: readonly JudgedHost[]) => some.map(({ target, host }) => ({ target, host }))
  return {
    rollout,
    action,
    releases,
    at,
    by,
    on: plain(on),
    behind: plain(back),
    unknown: plain(unknown),
  }
}

function named({ target, host }: Destination): Named {
  return { target: target.name, host: host.name }
}

function once(all: readonly Named[]): readonly Named[] {
  return all.filter((one, index) => all.findIndex((other) => isAlike(one, other)) === index)
}

function isSame(one: Named, { target, host }: Destination): boolean {
  return one.target === target.name && one.host === host.name
}

function isAlike(one: Named, other: Named): boolean {
  return one.target === other.target && one.host === other.host
}
