import { ReleaserError } from '../model/errors.ts'
import type { JobEnd, JobRows } from '../model/job.ts'
import { size } from '../model/size.ts'
import type { Step } from '../model/steps.ts'
import { runJob } from '../remote/jobs.ts'
import type { BeginInput } from './begin.ts'
import { failureOf, type Working } from './host.ts'
import { inParallel } from './parallel.ts'

type BackUpInput = Pick<BeginInput, 'observe' | 'signal' | 'wait'>

/** Hosts at once. */
const AT_ONCE = 10
const POLL_MS = 1000

/**
 * Takes the backups that the plans wait for, by the program of the timer, and lets the hosts go on when all are made: nothing migrates
 * anywhere before that. When one fails the others are stopped. Fails with NOT_CHANGED, LOCKED where the job is at work there already.
 */
export async function backUpFirst(working: readonly Working[], input: BackUpInput): Promise<void> {
  const wanted = working.flatMap((work) =>
    work.plan.steps.filter((step): step is Step<'backup'> => step.step === 'backup').map(({ rows }) => ({ work, rows })),
  )
  for (const { work, rows } of wanted)
    if (rows === null)
      input.observe({ event: 'note', host: work.host.name, message: 'nothing is deployed there yet: nothing to back up' })
  const others = new AbortController()
  const signal = AbortSignal.any([input.signal, others.signal])
  const made = await inParallel(wanted, AT_ONCE, async ({ work, rows }) => {
    if (rows === null) return []
    try {
      await backUp(work, rows, { ...input, signal })
      return [work]
    } catch (error) {
      others.abort()
      throw error
    }
  })
  for (const work of made.flat()) work.run.go('backup')
}

async function backUp(work: Working, rows: JobRows, { observe, signal, wait }: BackUpInput): Promise<void> {
  const at = { host: work.host.name, step: 'backup' }
  if (!(await work.run.reached('backup'))) throw failureOf(work, await work.run.ended)
  // A host whose transaction has ended meanwhile makes no backup for it.
  const over = new AbortController()
  const ended = work.run.ended.then((end) => {
    over.abort()
    throw failureOf(work, end)
  })
  ended.catch(() => {})
  const running = oneBackup(work, rows, { observe, signal: AbortSignal.any([signal, over.signal]), wait })
  running.catch(() => {})
  const end = await Promise.race([running, ended])
  if (end.exit === 0) {
    if (end.made) observe({ event: 'note', host: at.host, message: `backed up: ${end.made.name}, ${size(end.made.bytes)}` })
    return
  }
  for (const line of end.output.split('\n').slice(0, -1)) observe({ event: 'output', ...at, line })
  observe({ event: 'step', ...at, state: 'failed' })
  if (end.exit === 4)
    throw new ReleaserError('LOCKED', `${at.host}: ${end.message}`, { hint: 'wait for it with --wait, for instance --wait=10m' })
  throw new ReleaserError('NOT_CHANGED', `${at.host}: the backup before the deploy failed: ${end.message}`, {
    hint: `mend that, and deploy again; all that it said: releaser timer log target=${work.target.name} job=backup`,
  })
}

/** Runs the job; where it is at work already, again until `wait` is over. */
async function oneBackup(work: Working, rows: JobRows, { observe, signal, wait }: BackUpInput): Promise<JobEnd> {
  const deadline = Date.now() + (wait ?? 0) * 1000
  for (let told = false; ; told = true) {
    const end = await runJob(work.remote, work.host.path, { job: 'backup', rows }, signal)
    if (end.exit !== 4 || Date.now() >= deadline) return end
    if (!told) observe({ event: 'note', host: work.host.name, message: 'waiting for a backup that is at work there' })
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}
