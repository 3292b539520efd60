import { loadConfig, pickTargets } from '../local/config.ts'
import { ReleaserError } from '../model/errors.ts'
import { type JobKind, type JobRows, jobInWords, madeAt } from '../model/job.ts'
import { size } from '../model/size.ts'
import { runJob } from '../remote/jobs.ts'
import type { Asked } from '../rollout/host.ts'
import { inParallel } from '../rollout/parallel.ts'
import type { Preparation } from '../rollout/prepare.ts'
import { demandJob, jobRows } from '../tasks/jobs.ts'
import type { Call, Outcome } from './command.ts'
import { destinations, labels } from './destinations.ts'
import { environments } from './environment.ts'
import { sayHosts } from './meant-hosts.ts'
import { askProtected } from './protected.ts'
import { type Ran, ranOutcome } from './ran.ts'
import { withHosts } from './with-hosts.ts'

/** Hosts at once. */
const AT_ONCE = 10

/** What came of a job on one host. */
export interface JobRan extends Ran {
  readonly made: { readonly name: string; readonly bytes: number; readonly at: string | null } | null
}

/** `releaser backup` and `sanitize`: the same as the timer does, now, on every host of the targets. */
export async function run(call: Call): Promise<Outcome> {
  const { globals, values } = call
  const job = (['backup', 'sanitize'] as const).find((name) => name === call.command)
  if (!job) throw new ReleaserError('BUG', `there is no job ${call.command}`)
  const loaded = await loadConfig({ file: globals.config, cwd: process.cwd() })
  const targets = await pickTargets(loaded, values['target'], call.signal)
  for (const target of targets) demandJob(job, target)
  const all = destinations(targets, values['host'])
  // What is printed there may hold them.
  await environments(all, { dir: loaded.dir, call })
  sayHosts(call, all)
  // A backup changes nothing that serves.
  if (!globals.dryRun && job === 'sanitize') await askProtected(call, targets, 'sanitize')
  return withHosts(call, all, (prepared) => runJobs(call, { job, rowsOf: (asked) => jobRows(job, asked) }, prepared), {
    aside: true,
  })
}

/** Runs a job on hosts that are connected to. Fails with REMOTE_COMMAND where it failed on one, LOCKED where it is at work there. */
export async function runJobs(
  call: Call,
  { job, rowsOf }: { readonly job: JobKind; readonly rowsOf: (asked: Asked) => JobRows | null },
  { hosts, skipped }: Preparation,
): Promise<Outcome> {
  const wanted = hosts.map((asked) => ({ asked, rows: rowsOf(asked) }))
  if (call.globals.dryRun) {
    const lines = wanted.map(({ asked, rows }) => `${asked.host.name}: would run ${job}${jobInWords(rows)}`)
    return { result: { dryRun: true, hosts: [] }, text: lines.join('\n') }
  }
  const rows = call.ui.rows(labels(hosts), { fleeting: true })
  const ran = await inParallel(wanted, AT_ONCE, ({ asked, rows }) => onHost(call, asked, { job, rows })).finally(() =>
    rows.close(),
  )
  const outcome = ranOutcome(
    call,
    { hosts: ran, skipped },
    job,
    `releaser timer log target=${ran[0]?.target ?? 'NAME'} job=${job}`,
  )
  const made = ran.flatMap(({ host, target, made }) => (made ? [{ host, target, ...made }] : []))
  const told = made.map(({ host, name, bytes }) => `${host}: ${name}, ${size(bytes)}`)
  return {
    result: { ...outcome.result, ...(job === 'backup' && { backups: made }) },
    text: [outcome.text, ...told].filter(Boolean).join('\n'),
  }
}

async function onHost(
  { ui, signal }: Call,
  { target, host, remote }: Asked,
  { job, rows }: { readonly job: JobKind; readonly rows: JobRows | null },
): Promise<JobRan> {
  const step = { event: 'step', host: host.name, step: job } as const
  ui.observe({ ...step, state: 'start' })
  const end = await runJob(remote, host.path, { job, rows }, signal)
  const { message } = end
  if (end.exit === 4)
    throw new ReleaserError('LOCKED', `${host.name}: ${message}`, {
      hint: 'try again when it is done: releaser backups target=NAME',
    })
  if (end.exit === 64)
    throw new ReleaserError('NOT_FOUND', `${host.name}: ${message}`, {
      hint: `type: releaser timer install target=${target.name}`,
    })
  ui.observe({ ...step, state: end.exit === 0 ? 'ok' : 'failed', ...(end.exit === 0 ? {} : { detail: message }) })
  return {
    host: host.name,
    target: target.name,
    ok: end.exit === 0,
    exit: end.exit,
    stdout: end.output,
    stderr: message === '' ? '' : `${message}\n`,
    made: end.made && { ...end.made, at: madeAt(end.made.name) },
  }
}
