import type { Deployment } from './deployment.ts'
import { type Glance, servedBy } from './glance.ts'

/** What the others of a target serve, and one host does not. */
export interface Apart {
  /** `behind` where they got it after that host was last switched, or where it was left out; else it went elsewhere by itself. */
  readonly how: 'behind' | 'elsewhere'
  /** The id of what the others serve. */
  readonly release: string
  /** A word for it. */
  readonly name: string
  /** When they got it, in milliseconds since 1970; null where nobody knows. */
  readonly since: number | null
}

/**
 * Which of these hosts do not serve what the others of their target do. Whom the last deployment of this store left out, or let stay
 * behind, lags behind what it brought until it was switched since, even where it does not answer; of all others, most hosts of a target
 * say what is to be served, and of as many each, those that were switched last.
 */
export function apartAmong(hosts: readonly Glance[], deployments: readonly Deployment[]): ReadonlyMap<Glance, Apart> {
  const found = new Map<Glance, Apart>()
  for (const host of hosts) {
    const left = leftBehind(host, deployments)
    if (left) found.set(host, { ...left, name: nameOf(left.release, hosts) ?? left.release })
  }
  for (const target of new Set(hosts.map((host) => host.target))) {
    const others = hosts.filter((host) => host.target === target && host.silent === null && !found.has(host))
    const usual = usualAmong(others)
    if (!usual) continue
    for (const host of others)
      if (host.serves?.id !== usual.release)
        found.set(host, { ...usual, how: (host.serves?.since ?? 0) < (usual.since ?? 0) ? 'behind' : 'elsewhere' })
  }
  return found
}

/** What the last deployment that knows a host brought to others, and not there. */
function leftBehind({ target, host, silent, serves }: Glance, deployments: readonly Deployment[]): Omit<Apart, 'name'> | null {
  const isIt = (it: Deployment['hosts'][number], of: Deployment) => it.host === host && (it.target ?? of.target) === target
  const last = deployments.findLast((one) => one.hosts.some((it) => isIt(it, one)))
  // One that failed as a whole brought nothing to anybody.
  if (!last?.ok || last.release === null || last.hosts.some((it) => isIt(it, last) && it.ok)) return null
  const since = Date.parse(last.at)
  const moved = silent === null && (serves?.id === last.release || (serves?.since ?? 0) > since)
  return moved ? null : { how: 'behind', release: last.release, since }
}

function usualAmong(hosts: readonly Glance[]): Omit<Apart, 'how'> | null {
  const all = servedBy(hosts).map(({ id, name, hosts: on }) => ({
    release: id,
    name,
    many: on.length,
    since: Math.min(...on.map(({ serves }) => serves?.since ?? 0)) || null,
  }))
  const [first] = all.sort((a, b) => b.many - a.many || (b.since ?? 0) - (a.since ?? 0))
  return first ? { release: first.release, name: first.name, since: first.since } : null
}

function nameOf(id: string, hosts: readonly Glance[]): string | undefined {
  return hosts.find(({ serves }) => serves?.id === id)?.serves?.name
}
