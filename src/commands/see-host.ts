import { ReleaserError } from '../model/errors.ts'
import type { HostJobs } from '../model/job.ts'
import { jobFindings, jobOf, scheduleOf, wantedView } from '../model/job-findings.ts'
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
async function seeJobs(
  { signal }: Call,
  { target, host, facts, remote }: Asked,
): Promise<Pick<Seen, 'backup' | 'proof' | 'jobs'>> {
  if (facts.format === null || (!target.backup && scheduleOf(target, 'sanitize') === null))
    return { backup: null, proof: null, jobs: [] }
  const since = facts.state?.since ? facts.state.since * 1000 : null
  const view = (seen: HostJobs) => (target.backup ? wantedView(target, jobOf(seen, 'backup'), seen, since) : null)
  try {
    const seen = await lookAtJobs(remote, host.path, signal)
    const proof = seen.jobs.some(({ job }) => job === 'verify') ? wantedView(target, jobOf(seen, 'verify'), seen, since) : null
    return { backup: view(seen), proof, jobs: jobFindings(target, seen, since) }
  } catch (error) {
    if (!(error instanceof ReleaserError && error.code === 'CONNECTION')) throw error
    // A host that has said how it is, and not how this is, is worth its row.
    const none = view({ wall: 0, now: 0, way: null, jobs: [], backups: [] })
    const finding = { job: 'backup' as const, message: `backup failed: ${error.message}`, remedy: 'releaser status' }
    return { proof: null, backup: none && { ...none, ok: false, message: error.message }, jobs: [finding] }
  }
}
