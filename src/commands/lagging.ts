import { foldNames } from '../model/fold-names.ts'
import type { Glance } from '../model/glance.ts'
import type { Apart } from '../model/lagging.ts'
import { ago } from '../ui/time.ts'

/** What JSON says of a host that is behind: by which rollout, where it is a rollout that came to no end; else since when. */
export interface Behind {
  readonly rollout: string | null
  readonly release: string | null
  /** ISO 8601, UTC. */
  readonly since?: string | null
}

/** The same for a host that lags; null for one that does not, or went elsewhere by itself. */
export function lagOf(apart: Apart | undefined): Behind | null {
  if (apart?.how !== 'behind') return null
  return { rollout: null, release: apart.release, since: apart.since === null ? null : new Date(apart.since).toISOString() }
}

/** A host with the remark that it does not serve what the others do. */
export function withApart(glance: Glance, apart: Apart | undefined, now: Date): Glance {
  if (!apart) return glance
  const { how, name, since } = apart
  const theirs = since === null ? `the others have ${name}` : `the others got ${name} ${ago(new Date(since), now)}`
  const own = glance.silent === null ? `${glance.serves?.name ?? 'nothing'}, ` : ''
  const text = how === 'behind' ? `lags behind: ${own}${theirs}` : `went elsewhere: ${theirs}`
  return { ...glance, remarks: [...glance.remarks, { text, wrong: how === 'behind' }] }
}

/** What brings those that lag where the others are; for below a table. */
export function lagsInWords(lags: readonly (Apart & { readonly target: string; readonly host: string })[]): string {
  const groups = new Map<string, { readonly target: string; readonly name: string; readonly hosts: string[] }>()
  for (const { target, release, name, host } of lags) {
    const key = `${target}\t${release}`
    const group = groups.get(key) ?? { target, name, hosts: [] }
    groups.set(key, { ...group, hosts: [...group.hosts, host] })
  }
  return [...groups.values()]
    .map(({ target, name, hosts }) => {
      const many = hosts.length === 1 ? 'lags behind; it is brought' : 'lag behind; they are brought'
      return `\n\n${foldNames(hosts)} ${many} there by: releaser deploy target=${target} release=${name}`
    })
    .join('')
}
