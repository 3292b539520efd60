import type { Plan } from './plan.ts'

/** One rollout as the store remembers it: what went where, by whom, and how it ended. */
export interface Deployment {
  /** ISO 8601, UTC. */
  readonly at: string
  readonly target: string
  readonly app: string
  readonly action: Plan['action']
  /** Id of the release that was rolled out; null where the action had none. */
  readonly release: string | null
  readonly hosts: readonly DeployedHost[]
  /** `user@machine` of the person or the CI job. */
  readonly by: string
  readonly ok: boolean
  /** Whether it ran the release's migrations. */
  readonly migrated?: boolean
  /** The exit code that the command ended with. */
  readonly exit: number
}

/** One host of a rollout: the releases that served before and after it. */
export interface DeployedHost {
  readonly host: string
  /** Its target, where several were meant at once; older records lack it. */
  readonly target?: string
  /** False in a rollout that is `ok`: it was left out, or failed and stayed behind. */
  readonly ok: boolean
  readonly from: string | null
  readonly to: string | null
  /** What went over the wire to it; unknown where an older releaser wrote the record. */
  readonly sentBytes?: number
}
