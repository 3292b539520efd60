import type { HostRelease } from '../model/host-state.ts'
import { viewOf } from '../model/host-view.ts'
import type { Plan } from '../model/plan.ts'
import { retain, type Verdict } from '../model/retention.ts'
import { gone } from './leaving.ts'
import { without } from './remembering.ts'
import { planUpkeep, type UpkeepInput } from './upkeep.ts'

/** A plan that removes releases from a host, and the verdict on every release there. */
export interface PrunePlan {
  readonly plan: Plan
  readonly verdicts: readonly Verdict<HostRelease>[]
}

/** What is asked for; `named`: see RetentionRule. */
interface PruneInput extends UpkeepInput {
  readonly keep: number
  readonly since?: number | undefined
  readonly named?: ReadonlyMap<string, string>
}

export function planPrune(input: PruneInput): PrunePlan {
  const { facts, keep, since, named } = input
  const view = viewOf(facts)
  const verdicts = retain(view.releases, {
    keep,
    since,
    current: view.current?.id ?? null,
    previous: view.previous?.id ?? null,
    pinned: view.pinned,
    inUse: facts.inUse ?? [],
    ...(named && { named }),
  })
  const going = verdicts.filter((verdict) => !verdict.keep).map(({ release }) => release.dir)
  const dirs = [...new Set([...going, ...gone(facts)])]
  // What died here is settled first, even where nothing else is to be done.
  const idle = dirs.length === 0 && facts.unsettled === null && !facts.litter
  return {
    verdicts,
    plan: planUpkeep('prune', idle ? [] : [{ step: 'prune', dirs }], input, idle ? undefined : forgetting(dirs)),
  }
}

/** What a host remembers once these directories are gone. */
export function forgetting(dirs: readonly string[]): NonNullable<Parameters<typeof planUpkeep>[3]> {
  return (state) => without(state, dirs)
}
