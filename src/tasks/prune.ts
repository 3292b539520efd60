import type { HostRelease } from '../model/host-state.ts'
import { viewOf } from '../model/host-view.ts'
import type { Facts, Plan } from '../model/plan.ts'
import { retain, type Verdict } from '../model/retention.ts'
import { NO_SERVICES } from '../model/service.ts'
import type { Host, Target } from '../model/target.ts'
import { gone } from './leaving.ts'
import { refuseForeign } from './refusals.ts'
import { migratedBy } from './remembering.ts'

/** A plan that removes releases from a host, and the verdict on every release there. */
export interface PrunePlan {
  readonly plan: Plan
  readonly verdicts: readonly Verdict<HostRelease>[]
}

export function planPrune(input: {
  readonly target: Target
  readonly host: Host
  readonly facts: Facts
  readonly keep: number
}): PrunePlan {
  const { target, host, facts, keep } = input
  refuseForeign(facts, { app: target.app, target: target.name, host: host.name })
  const view = viewOf(facts)
  const current = view.current?.id ?? null
  const verdicts = retain(view.releases, { keep, current, previous: view.previous?.id ?? null, pinned: view.pinned })
  const going = verdicts.filter((verdict) => !verdict.keep).map(({ release }) => release.dir)
  const dirs = [...new Set([...going, ...gone(facts)])]
  const releases = view.releases.filter(({ dir }) => !dirs.includes(dir))
  const state = {
    releases,
    served: view.served.filter((id) => releases.some((release) => release.id === id)),
    pinned: view.pinned,
    since: facts.state?.since ?? null,
    by: facts.state?.by ?? null,
    ...(facts.state?.settings ? { settings: facts.state.settings } : {}),
    ...migratedBy(facts, null),
  }
  return {
    verdicts,
    plan: {
      action: 'prune',
      app: target.app,
      target: target.name,
      host: host.name,
      release: null,
      from: current,
      seq: facts.seq,
      transfer: null,
      services: NO_SERVICES,
      appEnv: {},
      // What died here is settled first, even where nothing else is to be done.
      steps:
        dirs.length === 0 && facts.unsettled === null && !facts.litter
          ? []
          : [
              { step: 'await', word: 'activate' },
              { step: 'prune', dirs },
            ],
      next: state,
      failed: state,
      bad: state,
      env: {},
    },
  }
}
