import { ReleaserError } from '../model/errors.ts'
import type { HostJobs } from '../model/job.ts'
import { jobFindings, jobOf, scheduleOf, wantedView } from '../model/job-findings.ts'
import type { JobView } from '../model/job-view.ts'
import { lookAtJobs } from '../remote/jobs.ts'
import type { Asked } from '../rollout/host.ts'
import type { Call } from './command.ts'
import type { Seen } from './glance.ts'
import { seeApp } from './see-app.ts'

/** How the app of a host is, and its jobs where it has some. Changes nothing there; takes about eight seconds at most. */
export async function seeHost(call: Call, asked: Asked): Promise<Seen> {
  const [app, jobs] = await Promise.all([seeApp(call, asked), seeJobs(call, asked)])
  return { ...app, ...jobs }
}

/** How the jobs of a host are; nothing where the configuration wants none, or nothing lies there. One exec. */
async function seeJobs({ signal }: Call, asked: Asked): Promise<SeenJobs> {
  if (!hasJobs(asked)) return NO_JOBS
  const { target, host, remote } = asked
  try {
    return jobsSeen(asked, await lookAtJobs(remote, host.path, signal))
  } catch (error) {
    if (!(error instanceof ReleaserError && error.code === 'CONNECTION')) throw error
    // A host that has said how it is, and not how this is, is worth its row.
    const none = target.backup ? viewOf(asked, { wall: 0, now: 0, way: null, jobs: [], backups: [] }, 'backup') : null
    const finding = { job: 'backup' as const, message: `backup failed: ${error.message}`, remedy: 'releaser status' }
    return { proof: null, backup: none && { ...none, ok: false, message: error.message }, jobs: [finding] }
  }
}

type SeenJobs = Pick<Seen, 'backup' | 'proof' | 'jobs'>

const NO_JOBS: SeenJobs = { backup: null, proof: null, jobs: [] }

function hasJobs({ target, facts }: Asked): boolean {
  return facts.format !== null && (target.backup !== undefined || scheduleOf(target, 'sanitize') !== null)
}

/** What a host tells of its jobs, as the configuration wants them; nothing where it wants none. */
export function jobsSeen(asked: Asked, seen: HostJobs): SeenJobs {
  if (!hasJobs(asked)) return NO_JOBS
  const { target } = asked
  const proven = seen.jobs.some(({ job }) => job === 'verify')
  return {
    backup: target.backup ? viewOf(asked, seen, 'backup') : null,
    proof: proven ? viewOf(asked, seen, 'verify') : null,
    jobs: jobFindings(target, seen, since(asked)),
  }
}

function viewOf(asked: Asked, seen: HostJobs, job: 'backup' | 'verify'): JobView {
  return wantedView(asked.target, jobOf(seen, job), seen, since(asked))
}

/** When what serves was switched to, in milliseconds. */
function since({ facts }: Asked): number | null {
  return facts.state?.since ? facts.state.since * 1000 : null
}
