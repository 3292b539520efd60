import type { Target } from './config.ts'
import { type HostJob, type HostJobs, JOBS, type JobKind } from './job.ts'
import { type JobView, jobView } from './job-view.ts'
import { parseEvery, parseSchedule, type Schedule } from './schedule.ts'

/** What is to be said of a job on a host. */
export interface JobFinding {
  readonly job: JobKind
  readonly message: string
  /** What to type. */
  readonly remedy: string
}

type Wanted = Pick<Target, 'auto' | 'backup' | 'sanitize'>

/** When a job is to run by itself; undefined where nothing says so, or there is an explicit no. */
export function wantedSchedule(target: Wanted, job: JobKind): Schedule | undefined {
  const { backup, sanitize } = target
  const parsed = {
    backup: () => backup?.schedule && parseSchedule(backup.schedule),
    sanitize: () => sanitize?.schedule && parseSchedule(sanitize.schedule),
    verify: () => backup?.verifyEvery && parseEvery(backup.verifyEvery),
  }[job]()
  return parsed && 'fields' in parsed && !saysNo(target, job) ? parsed : undefined
}

/** Whether a job is not to run by itself. Whoever wants no backups wants none proven. */
export function saysNo({ auto }: Pick<Wanted, 'auto'>, job: JobKind): boolean {
  return auto?.[autoOf(job)] === false
}

const autoOf = (job: JobKind) => (job === 'sanitize' ? 'sanitize' : 'backup')

/** The five fields of a job's schedule; null where it is not to run by itself. */
export function scheduleOf(target: Wanted, job: JobKind): string | null {
  return wantedSchedule(target, job)?.fields.join(' ') ?? null
}

/**
 * A job as the host has it, measured by what is configured: where no timer is installed, it is overdue by the schedule that it should have, counted
 * from `since` (milliseconds, from when something serves there), and where the configuration says no, never.
 */
export function wantedView(target: Wanted, job: HostJob, seen: HostJobs, since: number | null): JobView {
  const wanted = scheduleOf(target, job.job)
  // By hand it may be done all the same.
  if (saysNo(target, job.job)) return { ...jobView(job, seen), overdue: false }
  if (wanted === null || isInstalled(job, seen)) return jobView(job, seen)
  const from = since === null ? null : seen.wall - (seen.now - since)
  return jobView({ ...job, schedule: wanted, since: from }, { ...seen, way: { kind: 'none', installed: false } })
}

/** What somebody should know of the jobs of a host, the worst of each first. */
export function jobFindings(
  target: Wanted & { readonly name: string },
  seen: HostJobs,
  since: number | null,
): readonly JobFinding[] {
  const log = (job: JobKind) => `releaser timer log target=${target.name} job=${job}`
  const install = `releaser timer install target=${target.name}`
  return JOBS.flatMap((job): readonly JobFinding[] => {
    const called = job === 'verify' ? 'proof of backups' : job
    const there = jobOf(seen, job)
    const wanted = scheduleOf(target, job)
    const view = wantedView(target, there, seen, since)
    const installed = isInstalled(there, seen)
    return [
      ...(view.ok === false ? [{ job, message: `${called} failed: ${view.message}`, remedy: log(job) }] : []),
      ...(view.overdue ? [{ job, message: `${called} overdue`, remedy: installed ? log(job) : install }] : []),
      ...(wanted !== null && !installed ? [{ job, message: `${called} has no timer`, remedy: install }] : []),
      ...(wanted !== null && installed && there.schedule !== wanted
        ? [{ job, message: `${called} has another schedule there`, remedy: install }]
        : []),
      ...(saysNo(target, job) && installed
        ? [{ job, message: `${called} has a timer, against auto.${autoOf(job)}`, remedy: install }]
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
