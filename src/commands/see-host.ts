import { ReleaserError } from '../model/errors.ts'
import type { JobKind } from '../model/job.ts'
import { type JobView, jobView } from '../model/job-view.ts'
import { lookAtJobs } from '../remote/jobs.ts'
import type { Asked } from '../rollout/host.ts'
import type { Call } from './command.ts'
import type { Seen } from './glance.ts'
import { seeApp } from './see-app.ts'

/** How the app of a host is, and its backups where it has some. Changes nothing there; takes about eight seconds at most. */
export async function seeHost(call: Call, asked: Asked): Promise<Seen> {
  const [app, jobs] = await Promise.all([seeApp(call, asked), seeBackup(call, asked)])
  return { ...app, ...jobs }
}

/** How the backups of a host are, and their proof; null where the configuration wants none, or nothing lies there. One exec. */
async function seeBackup({ signal }: Call, { target, host, facts, remote }: Asked): Promise<Pick<Seen, 'backup' | 'proof'>> {
  if (!target.backup || facts.format === null) return { backup: null, proof: null }
  try {
    const seen = await lookAtJobs(remote, host.path, signal)
    const view = (kind: JobKind) => seen.jobs.flatMap((job) => (job.job === kind ? [jobView(job, seen)] : []))[0]
    return { backup: view('backup') ?? NEVER, proof: view('verify') ?? null }
  } catch (error) {
    // A host that has said how it is, and not how this is, is worth its row.
    if (error instanceof ReleaserError && error.code === 'CONNECTION')
      return { backup: { ...NEVER, ok: false, message: error.message }, proof: null }
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
  name: null,
  message: '',
}
