import { ReleaserError } from '../model/errors.ts'
import { JOBS, type JobKind, type JobRows } from '../model/job.ts'
import type { BootKind } from '../model/plan.ts'
import { parseEvery, parseSchedule, type Schedule } from '../model/schedule.ts'
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

/** The jobs of a target that have a schedule, and no explicit no. Fails with CONFIG where there are none. */
export function scheduled(target: Target): readonly { readonly job: JobKind; readonly schedule: Schedule }[] {
  const jobs = JOBS.flatMap((job) => {
    const schedule = wanted(job, target)
    return schedule && 'fields' in schedule ? [{ job, schedule }] : []
  })
  if (jobs.length > 0) return jobs
  throw new ReleaserError('CONFIG', `target ${target.name} has nothing that a timer could run`, {
    hint: "write schedule: 'daily' into its backup or sanitize, and no auto that says false",
  })
}

/** What is to be installed on a host. Fails with NOT_CHANGED where nothing there wakes jobs, and as `jobRows`. */
export function timerOf(input: UpkeepInput): { readonly kind: BootKind; readonly jobs: readonly TimedJob[] } {
  const way = bootWay(input.facts)
  if (way.kind === null) throw new ReleaserError('NOT_CHANGED', `${input.host.name}: ${way.why}`)
  return { kind: way.kind, jobs: scheduled(input.target).map((each) => ({ ...each, rows: jobRows(each.job, input) })) }
}

/** When a job is to run; undefined where nothing says so, or there is an explicit no. Whoever wants no backups wants none proven. */
function wanted(job: JobKind, { backup, sanitize, auto }: Target): ReturnType<typeof parseSchedule> | undefined {
  if (auto?.[job === 'sanitize' ? 'sanitize' : 'backup'] === false) return undefined
  if (job === 'verify') return backup?.verifyEvery === undefined ? undefined : parseEvery(backup.verifyEvery)
  const text = { backup, sanitize }[job]?.schedule
  return text === undefined ? undefined : parseSchedule(text)
}
