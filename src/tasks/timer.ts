import { ReleaserError } from '../model/errors.ts'
import { JOBS, type JobKind, type JobRows } from '../model/job.ts'
import { saysNo, wantedSchedule } from '../model/job-findings.ts'
import { hasControl } from '../model/name.ts'
import type { BootKind, Facts } from '../model/plan.ts'
import type { Schedule } from '../model/schedule.ts'
import type { UnitKind } from '../model/service.ts'
import type { Target } from '../model/target.ts'
import { jobRows } from './jobs.ts'
import { bootWay } from './setup.ts'
import type { UpkeepInput } from './upkeep.ts'

/** A job that a timer is to run. */
export interface TimedJob {
  readonly job: JobKind
  readonly schedule: Schedule
  readonly rows: JobRows
}

/** The jobs of a target that have a schedule, and no explicit no. Fails with CONFIG where there are none, and nobody has said no. */
export function scheduled(target: Target): readonly { readonly job: JobKind; readonly schedule: Schedule }[] {
  const jobs = JOBS.flatMap((job) => {
    const schedule = wantedSchedule(target, job)
    return schedule ? [{ job, schedule }] : []
  })
  if (jobs.length > 0 || JOBS.some((job) => saysNo(target, job))) return jobs
  throw new ReleaserError('CONFIG', `target ${target.name} has nothing that a timer could run`, {
    hint: "write schedule: 'daily' into its backup or sanitize, and no auto that says false",
  })
}

/** What is to be installed on a host. Fails with NOT_CHANGED where nothing there wakes jobs, and as `jobRows`. */
export function timerOf(input: UpkeepInput): { readonly kind: BootKind | UnitKind; readonly jobs: readonly TimedJob[] } {
  const way = mayBySudo(input.facts) && input.facts.user.sudo ? ({ kind: 'systemd-sudo' } as const) : bootWay(input.facts)
  if (way.kind === null) throw new ReleaserError('NOT_CHANGED', `${input.host.name}: ${way.why}`)
  return { kind: way.kind, jobs: scheduled(input.target).map((each) => ({ ...each, rows: jobRows(each.job, input) })) }
}

/** Whether a timer of the machine, installed by `sudo -n`, is the best there may be: where there is systemd, and none that is the user's own. */
export function mayBySudo({ systemd, user, root }: Facts): boolean {
  return systemd && !user.root && !user.lingers && !hasControl(root)
}
