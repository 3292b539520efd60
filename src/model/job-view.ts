import type { HostJob, HostJobs, JobKind } from './job.ts'
import { last, next, type Schedule } from './schedule.ts'

/** How a job of a host is, as people and scripts are told. Times are ISO 8601. */
export interface JobView {
  readonly job: JobKind
  /** The five fields; null where no timer runs it. */
  readonly schedule: string | null
  /** When it ran last. */
  readonly last: string | null
  /** Whether that went well; null where it never ran, or is running. */
  readonly ok: boolean | null
  readonly running: boolean
  readonly next: string | null
  /** Whether a time of its schedule has passed, and an hour, without a good run since. */
  readonly overdue: boolean
  /** When it went well last. */
  readonly good: string | null
  /** The backup that was made or proven then; null where it was about none. */
  readonly name: string | null
  readonly message: string
}

/** Until then a run that is due may be late: what is waited for by chance, and the work itself. */
const GRACE = 3_600_000
const MINUTE = 60_000

export function jobView(job: HostJob, { wall, now, way }: Pick<HostJobs, 'wall' | 'now' | 'way'>): JobView {
  const timed = job.schedule !== null && way !== null
  const fields = job.schedule?.split(' ') ?? []
  const schedule = timed && fields.length === 5 ? ({ fields, spread: 0 } as unknown as Schedule) : null
  // The wall says no seconds.
  const behind = Math.floor((now - wall) / MINUTE) * MINUTE
  const time = (at: number) => at + behind
  const coming = schedule && way?.installed ? next(schedule, wall) : null
  const cut = job.started !== null && job.ended === null && !job.running
  return {
    job: job.job,
    schedule: job.schedule,
    last: iso(job.started),
    ok: job.running || job.started === null ? null : job.exit === 0,
    running: job.running,
    next: coming === null ? null : new Date(time(coming)).toISOString(),
    overdue: schedule !== null && isOverdue(job, last(schedule, wall - GRACE), time),
    good: iso(job.good),
    name: job.name ?? null,
    message: cut ? 'it was cut off' : job.message,
  }
}

/** `due` is the last time that it should have run, by the clock on the wall. What was due before it was installed does not count. */
function isOverdue({ since, good, started, running }: HostJob, due: number | null, time: (at: number) => number): boolean {
  if (due === null || since === null || due <= since) return false
  const ranSince = (at: number | null) => at !== null && at * 1000 >= time(due)
  return !ranSince(good) && !(running && ranSince(started))
}

function iso(seconds: number | null): string | null {
  return seconds === null ? null : new Date(seconds * 1000).toISOString()
}
