import { viewOf } from '../model/host-view.ts'
import type { Plan } from '../model/plan.ts'
import { refuseGone } from './refusals.ts'
import { planUpkeep, type UpkeepInput } from './upkeep.ts'

/**
 * Pins a release on a host: `watch` leaves the host as it is, and prune keeps the release. A no-op where it is pinned. Fails with
 * NOT_FOUND where it is not there, be it that somebody has pruned it since it was chosen.
 */
export function planPin(id: string, input: UpkeepInput): Plan {
  const { pinned, releases } = viewOf(input.facts)
  refuseGone(releases, id, input)
  if (pinned.includes(id)) return planUpkeep('pin', [], input)
  return planUpkeep('pin', [], input, (state) => ({ ...state, pinned: [...pinned, id] }))
}

/** Lifts the pin of a release, or of all of them; a no-op where there is none. */
export function planUnpin(id: string | null, input: UpkeepInput): Plan {
  const { pinned } = viewOf(input.facts)
  const left = id === null ? [] : pinned.filter((other) => other !== id)
  if (left.length === pinned.length) return planUpkeep('unpin', [], input)
  return planUpkeep('unpin', [], input, (state) => ({ ...state, pinned: left }))
}
