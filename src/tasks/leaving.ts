import type { HostState } from '../model/host-state.ts'
import type { HostView } from '../model/host-view.ts'
import type { Facts } from '../model/plan.ts'
import { retain } from '../model/retention.ts'

/** Directories that go once a plan is confirmed: `next` is what the host remembers then. */
export function pruneAfter(next: HostState, view: HostView, keep: number, named?: ReadonlyMap<string, string>): string[] {
  const current = next.served.at(-1) ?? null
  const previous = next.served.at(-2) ?? null
  const inUse = next.releases.at(-1)?.dir
  const retained = retain(next.releases, { keep, current, previous, pinned: next.pinned, ...(named && { named }) })
  const go = retained.filter((verdict) => !verdict.keep).map(({ release }) => release.dir)
  // A release that has been laid out again is there twice; the older tree served until now and is not needed any more.
  const twins = view.releases.filter(({ id, dir }) => id === current && dir !== inUse).map(({ dir }) => dir)
  return [...new Set([...go, ...twins])]
}

/**
 * Directories below `releases/` that a host has and does not remember, or remembers and does not have: a host that died, or a
 * disk that failed, left them so. Pruning them puts both right. Current is never one of them.
 */
export function strays(facts: Facts, view: HostView): readonly string[] {
  if (facts.state === null) return []
  const remembered = new Set(facts.state.releases.map(({ dir }) => dir))
  const unknown = view.releases.filter(({ dir }) => !remembered.has(dir) && dir !== view.current?.dir).map(({ dir }) => dir)
  return [...new Set([...unknown, ...gone(facts)])]
}

/** Of which the host has a record, and no tree. */
export function gone(facts: Facts): readonly string[] {
  const there = new Set(facts.dirs)
  const laid = new Set(facts.dirs.map((dir) => dir.replace(/~.*/, '')))
  const recorded = [
    ...(facts.state?.releases ?? []).map(({ dir }) => dir),
    ...[...facts.overlays, ...facts.rendered].map(({ dir }) => dir),
  ]
  return [...new Set([...recorded.filter((dir) => !there.has(dir)), ...facts.manifests.filter((id) => !laid.has(id))])]
}
