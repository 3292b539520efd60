import type { OfApp, PerApp } from './per-app.ts'
import type { Facts } from './plan.ts'
import { rolloutOf } from './transaction.ts'

/** A host, and what it wrote down. */
type Told = OfApp & { readonly facts: Pick<Facts, 'history'> }

/** The release that a rollout brought to each app, by its id, as one of the app's hosts wrote it down, whether it stayed there or not. */
export function releasesIn(rollout: string, hosts: readonly Told[]): PerApp<string> {
  const all = new Map<string, string>()
  for (const host of hosts) {
    const release = entryOf(rollout, host)?.release
    if (release && !all.has(host.target.app)) all.set(host.target.app, release)
  }
  return all
}

/** What the hosts of each app served before it: ids, each once; null where that was nothing, or is not known. */
export function servedBefore(rollout: string, hosts: readonly Told[]): PerApp<readonly (string | null)[]> {
  const all = new Map<string, readonly (string | null)[]>()
  for (const host of hosts) {
    const previous = entryOf(rollout, host)?.previous ?? null
    all.set(host.target.app, [...new Set([...(all.get(host.target.app) ?? []), previous])])
  }
  return all
}

function entryOf(rollout: string, { facts }: Told) {
  return facts.history.findLast(({ transaction }) => rolloutOf(transaction) === rollout)
}
