import type { Store } from '../local/store.ts'
import { ownOf, type PerApp } from '../model/per-app.ts'
import type { SwitchAction } from '../model/plan.ts'
import type { Asked, HostOutcome, Planner, Prepared } from '../rollout/host.ts'
import { planDeploy } from '../tasks/deploy.ts'
import type { Wanted } from '../tasks/wanted.ts'
import { author } from './author.ts'
import type { Call } from './command.ts'
import { leads } from './destinations.ts'
import { type Environments, veiled } from './environment.ts'
import type { AllLaid } from './lay-out.ts'
import type { Approved } from './plan-file.ts'

interface PlannerInput {
  readonly call: Call
  readonly store: Store
  readonly action: SwitchAction
  readonly force: boolean
  readonly approved?: Pick<Approved, 'demand'>
}

/** What is known once all hosts have been asked. */
interface Known {
  readonly releases: PerApp<Wanted>
  readonly envs: Environments
  readonly asked: readonly Asked[]
  readonly laid: AllLaid | undefined
}

/**
 * Plans a switch, for each host to the release of its app. Where a plan has been approved it gives no other one, also where a host has
 * moved meanwhile.
 */
export function planner({ call, store, action, force, approved }: PlannerInput, known: Known): Planner {
  const { releases, envs, asked, laid } = known
  const knownManifests = new Set(store.list().map(({ id }) => id))
  const { by } = author('')
  return (destination, facts) => {
    const { target, host } = destination
    const { values: appEnv, secret: secrets } = envs.of(destination)
    const first = leads(destination, asked)
    const plan = planDeploy({
      action,
      target,
      host,
      release: ownOf(releases, destination),
      facts,
      knownManifests,
      named: store.names(target.app),
      force,
      by,
      dryRun: call.globals.dryRun,
      appEnv,
      secrets,
      first,
      ...(laid && { backup: laid.of(host) }),
    })
    approved?.demand(veiled(plan, envs.of(destination)))
    return plan
  }
}

/** What a dry run says of a host: what would be. */
export function plannedOutcome({ plan, target, host }: Prepared): HostOutcome {
  const changed = plan.steps.length > 0
  return {
    target: target.name,
    host: host.name,
    ok: true,
    changed,
    previous: plan.from,
    current: changed ? (plan.release?.id ?? plan.from) : plan.from,
    sentBytes: 0,
    durationMs: 0,
    state: 'idle',
  }
}
