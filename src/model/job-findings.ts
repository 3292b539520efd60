import type { Target } from './config.ts'
import { type HostJob, type HostJobs, JOBS, type JobKind } from './job.ts'
import { type JobView, jobView } from './job-view.ts'
import { parseSchedule } from './schedule.ts'

/** What is to be said of a job on a host. */
export interface JobFinding {
  readonly job: JobKind
  readonly message: string
  /** What to type. */
  readonly remedy: string
}

type Wanted = Pick<Target, 'auto' | 'backup' | 'sanitize'> & { readonly name: string }

/** The five fields of a job's schedule; null where it has none, or is not to run by itself. */
export function scheduleOf(target: Pick<Wanted, 'auto' | JobKind>, job: JobKind): string | null {
  const text = target[job]?.schedule
  const schedule = text === undefined || target.auto?.[job] === false ? undefined : parseSchedule(text)
  return schedule && 'fields' in schedule ? schedule.fields.join(' ') : null
}

/**
 * A job as the host has it, measured by what is configured: where no timer is installed, it is overdue by the schedule that it should have, counted
 * from `since` (milliseconds, from when something serves there), and where the configuration says no, never.
 */
export function wantedView(target: Wanted, job: HostJob, seen: HostJobs, since: number | null): JobView {
  const wanted = scheduleOf(target, job.job)
  // By hand it may be done all the same.
  if (target.auto?.[job.job] === false) return { ...jobView(job, seen), overdue: false }
  if (wanted === null || isInstalled(job, seen)) return jobView(job, seen)
  const from = since === null ? null : seen.wall - (seen.now - since)
  return jobView({ ...job, schedule: wanted, since: from }, { ...seen, way: { kind: 'none', installed: false } })
}

/** What somebody should know of the jobs of a host, the worst of each first. */
export function jobFindings(target: Wanted, seen: HostJobs, since: number | null): readonly JobFinding[] {
  const log = (job: JobKind) => `releaser timer log target=${target.name} job=${job}`
  const install = `releaser timer install target=${target.name}`
  return JOBS.flatMap((job): readonly JobFinding[] => {
    const there = jobOf(seen, job)
    const wanted = scheduleOf(target, job)
    const view = wantedView(target, there, seen, since)
    const installed = isInstalled(there, seen)
    return [
      ...(view.ok === false ? [{ job, message: `${job} failed: ${view.message}`, remedy: log(job) }] : []),
      ...(view.overdue ? [{ job, message: `${job} overdue`, remedy: installed ? log(job) : install }] : []),
      ...(wanted !== null && !installed ? [{ job, message: `${job} has no timer`, remedy: install }] : []),
      ...(wanted !== null && installed && there.schedule !== wanted
        ? [{ job, message: `${job} has another schedule there`, remedy: install }]
        : []),
      ...(target.auto?.[job] === false && installed
        ? [{ job, message: `${job} has a timer, against auto.${job}`, remedy: install }]
        : []),
    ]
  })
}

/** A job as the host tells of it, or as one of which it knows nothing. */
export function jobOf({ jobs }: HostJobs, job: JobKind): HostJob {
  return jobs.find((each) => each.job === job) ?? { ...UNKNOWN, job }
}

function isInstalled({ schedule }: HostJob, { way }: HostJobs): boolean {
  return schedule !== null && way?.installed === true
}

const UNKNOWN = {
  ...{ schedule: null, since: null, running: false, started: null, ended: null, exit: null },
  ...{ message: '', good: null },
}
