import { loadConfig, pickTargets } from '../local/config.ts'
import { ReleaserError } from '../model/errors.ts'
import { JOBS, type JobKind } from '../model/job.ts'
import { saysNo } from '../model/job-findings.ts'
import { type JobView, jobView } from '../model/job-view.ts'
import type { Target } from '../model/target.ts'
import { jobLog, lookAtJobs } from '../remote/jobs.ts'
import type { Preparation } from '../rollout/prepare.ts'
import { refuseForeign } from '../tasks/refusals.ts'
import { scheduled } from '../tasks/timer.ts'
import { table } from '../ui/table.ts'
import { ago } from '../ui/time.ts'
import { runJobs } from './backup.ts'
import type { Call, Outcome } from './command.ts'
import { destinations } from './destinations.ts'
import { environments } from './environment.ts'
import { sayHosts } from './meant-hosts.ts'
import { askProtected } from './protected.ts'
import { changeTimers } from './timer-change.ts'
import { withHosts } from './with-hosts.ts'

/** `releaser timer install|status|run|remove|log`: what hosts do by themselves. */
export async function run(call: Call): Promise<Outcome> {
  const { globals, values, word } = call
  const job = jobOf(values['job'])
  const loaded = await loadConfig({ file: globals.config, cwd: process.cwd() })
  const targets = await pickTargets(loaded, values['target'], call.signal)
  const all = destinations(targets, values['host'])
  const act = async (prepared: Preparation): Promise<Outcome> => {
    for (const { target, host, facts } of prepared.hosts)
      refuseForeign(facts, { app: target.app, target: target.name, host: host.name })
    if (word === 'status') return status(call, prepared)
    if (word === 'install' || word === 'remove') return changeTimers(call, word, prepared)
    // What is printed there may hold them.
    await environments(all, { dir: loaded.dir, call })
    if (word === 'log') return log(call, prepared, job ?? 'backup')
    return runJobs(call, { job: job ?? 'backup', rowsOf: () => null }, prepared)
  }
  if (word === 'install') for (const target of targets) scheduled(target)
  if (word !== 'status' && word !== 'log') sayHosts(call, all)
  if (!globals.dryRun && (word === 'install' || word === 'remove')) await askProtected(call, targets, `${word} the timer of`)
  return withHosts(call, all, act, { aside: true })
}

function jobOf(text: string | undefined): JobKind | undefined {
  const job = JOBS.find((name) => name === text)
  if (text === undefined || job) return job
  throw new ReleaserError('USAGE', `there is no job "${text}"`, { hint: `there is: ${JOBS.join(', ')}` })
}

async function status({ signal }: Call, { hosts, skipped }: Preparation): Promise<Outcome> {
  const looks = await Promise.all(
    hosts.map(async ({ host, target, remote, facts }) => {
      const seen = facts.format === null ? null : await lookAtJobs(remote, host.path, signal)
      return (seen?.jobs ?? []).map((job) => ({
        host: host.name,
        target: target.name,
        ...viewed(target, jobView(job, seen ?? { wall: 0, now: 0, way: null })),
        by: seen?.way?.kind ?? null,
        installed: seen?.way?.installed === true && job.schedule !== null,
      }))
    }),
  )
  const jobs = looks.flat()
  const now = new Date()
  const when = (time: string | null) => (time === null ? '-' : ago(new Date(time), now))
  const rows = jobs.map((job) => [
    job.host,
    job.job,
    job.schedule ?? '-',
    job.installed ? (job.by ?? '-') : 'not installed',
    when(job.last),
    job.running ? 'runs' : job.ok === null ? '-' : job.ok ? 'good' : 'failed',
    job.next?.replace(/:00\.000Z$/, 'Z') ?? '-',
    [job.message, job.overdue && 'overdue'].filter(Boolean).join(', '),
  ])
  const text = rows.length === 0 ? 'nothing is installed' : table(['host', 'job', 'schedule', 'by', 'last', '', 'next', ''], rows)
  return { result: { jobs, ...left(skipped) }, text }
}

/** What nobody wants to run by itself is never late. */
function viewed(target: Target, view: JobView): JobView {
  return { ...view, overdue: view.overdue && !saysNo(target, view.job) }
}

async function log({ signal, values }: Call, { hosts, skipped }: Preparation, job: JobKind): Promise<Outcome> {
  const lines = Number(values['lines'] ?? 100)
  if (!Number.isInteger(lines) || lines < 1) throw new ReleaserError('USAGE', `lines=${values['lines']} is no number of lines`)
  const logs = await Promise.all(
    hosts.map(async ({ host, target, remote }) => ({
      host: host.name,
      target: target.name,
      job,
      log: await jobLog(remote, host.path, { job, lines }, signal),
    })),
  )
  const head = (host: string, text: string) => text.replace(/^(?=.)/gm, `${host}: `)
  const text = logs.map((one) => (logs.length > 1 ? head(one.host, one.log) : one.log)).join('')
  return { result: { logs, ...left(skipped) }, text: text.replace(/\n$/, '') }
}

function left(skipped: Preparation['skipped']): Readonly<Record<string, unknown>> {
  return skipped.length === 0 ? {} : { skipped: skipped.map(({ host }) => host) }
}
