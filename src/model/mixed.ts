import { markOf } from './glance.ts'
import type { Facts, HistoryEntry } from './plan.ts'
import { rolloutOf } from './transaction.ts'

/** A rollout that stays on some hosts and not on others, with nothing after it that would make them the same again. */
export interface Mixed<Host> {
  readonly rollout: string
  readonly entry: HistoryEntry
  /** The hosts that it stays on, at least one. */
  readonly on: readonly Host[]
  /** The hosts that went back, or will: at least one. */
  readonly behind: readonly Host[]
}

/** The mixed rollouts of these hosts, by what each of them remembers: the newest first. */
export function mixedAmong<Host extends { readonly facts: Facts }>(hosts: readonly Host[]): readonly Mixed<Host>[] {
  const switches = hosts.flatMap(({ facts }) => facts.history.filter((entry) => markOf(entry) !== null))
  const kept = new Set(switches.filter(({ ok }) => ok).map(({ transaction }) => rolloutOf(transaction)))
  // One that was taken back everywhere has changed nothing.
  const last = new Map(
    hosts.map((host) => [
      host,
      host.facts.history.findLast((entry) => markOf(entry) !== null && kept.has(rolloutOf(entry.transaction))),
    ]),
  )
  const stays = [...last.values()].flatMap((entry) => (entry?.ok ? [entry] : []))
  const all = [...new Map(stays.map((entry) => [rolloutOf(entry.transaction), entry])).values()]
  return all
    .map((entry) => ({
      rollout: rolloutOf(entry.transaction),
      entry,
      on: hosts.filter((host) => isOf(last.get(host), entry) && last.get(host)?.ok === true),
      behind: hosts.filter(
        (host) =>
          (isOf(last.get(host), entry) && last.get(host)?.ok === false) ||
          rolloutOf(host.facts.unsettled ?? '') === rolloutOf(entry.transaction),
      ),
    }))
    .filter(({ behind }) => behind.length > 0)
    .sort((a, b) => b.entry.at - a.entry.at)
}

function isOf(entry: HistoryEntry | undefined, other: HistoryEntry): boolean {
  return entry !== undefined && rolloutOf(entry.transaction) === rolloutOf(other.transaction)
}
