import { ReleaserError } from '../model/errors.ts'
import { type JobView, jobView } from '../model/job-view.ts'
import { lookAtJobs } from '../remote/jobs.ts'
import type { Asked } from '../rollout/host.ts'
import type { Call } from './command.ts'
import type { Seen } from './glance.ts'
import { seeApp } from './see-app.ts'

/** How the app of a host is, and its backups where it has some. Changes nothing there; takes about eight seconds at most. */
export async function seeHost(call: Call, asked: Asked): Promise<Seen> {
  const [app, backup] = await Promise.all([seeApp(call, asked), seeBackup(call, asked)])
  return { ...app, backup }
}

/** How the backups of a host are; null where the configuration wants none, or nothing lies there. One exec. */
async function seeBackup({ signal }: Call, { target, host, facts, remote }: Asked): Promise<JobView | null> {
  if (!target.backup || facts.format === null) return null
  try {
    const seen = await lookAtJobs(remote, host.path, signal)
    const job = seen.jobs.find((each) => each.job === 'backup')
    return job ? jobView(job, seen) : NEVER
  } catch (error) {
    // A host that has said how it is, and not how this is, is worth its row.
    if (error instanceof ReleaserError && error.code === 'CONNECTION') return { ...NEVER, ok: false, message: error.message }
    throw error
  }
}

const NEVER: JobView = {
  job: 'backup',
  schedule: null,
  last: null,
  ok: null,
  running: false,
  next: null,
  overdue: false,
  good: null,
  message: '',
}
