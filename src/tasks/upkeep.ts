import type { HostState } from '../model/host-state.ts'
import { viewOf } from '../model/host-view.ts'
import type { Facts, Plan, Step, SwitchAction } from '../model/plan.ts'
import { NO_SERVICES } from '../model/service.ts'
import type { Host, Target } from '../model/target.ts'
import { refuseForeign } from './refusals.ts'
import { migratedBy } from './remembering.ts'

export interface UpkeepInput {
  readonly target: Target
  readonly host: Host
  readonly facts: Facts
}

/**
 * A plan that switches nothing: its steps, and what the host remembers after them, as it does now where `remember` is left out.
 * With neither it is a no-op. Fails where the path is not this target's.
 */
export function planUpkeep(
  action: Exclude<Plan['action'], SwitchAction>,
  steps: readonly Step[],
  { target, host, facts }: UpkeepInput,
  remember?: (state: HostState) => HostState,
): Plan {
  refuseForeign(facts, { app: target.app, target: target.name, host: host.name })
  const view = viewOf(facts)
  const state: HostState = {
    releases: view.releases,
    served: view.served,
    pinned: view.pinned,
    since: facts.state?.since ?? null,
    by: facts.state?.by ?? null,
    ...(facts.state?.settings ? { settings: facts.state.settings } : {}),
    ...migratedBy(facts, null),
  }
  return {
    action,
    app: target.app,
    target: target.name,
    host: host.name,
    release: null,
    from: view.current?.id ?? null,
    seq: facts.seq,
    transfer: null,
    services: NO_SERVICES,
    appEnv: {},
    // On all hosts or on none: where one is busy, none is changed.
    steps: steps.length === 0 && !remember ? [] : [{ step: 'await', word: 'activate' }, ...steps],
    next: remember?.(state) ?? state,
    failed: state,
    bad: state,
    env: {},
  }
}
