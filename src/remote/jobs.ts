import { readFileSync } from 'node:fs'
import { ReleaserError } from '../model/errors.ts'
import { type Backup, type HostJob, type HostJobs, JOBS, type JobEnd, type JobKind, type JobRows } from '../model/job.ts'
import { whenAborted } from '../model/when-aborted.ts'
import { startScript, type Talk } from './bootstrap.ts'
import { notEndless } from './lines.ts'
import type { Remote } from './remote.ts'
import { TIMER_SCRIPT } from './timer-script.ts'
import { escapeValue } from './wire.ts'

/** src/remote and dist/remote are equally deep, so that one relative path serves both. */
const LOOK = Buffer.concat(
  ['ground', 'boot', 'jobs'].map((name) => readFileSync(new URL(`../../templates/remote/${name}.sh`, import.meta.url))),
)

/** What is kept of a job's output; more would not fit a screen or a JSON line. */
const MOST = 4 * 1024 * 1024
/** A hundred thousand backups, or lines of a log. */
const MOST_LOOK = 32e6

/** A job's data as the host keeps it. */
export function encodeJob(rows: JobRows): string {
  return rows.map(([key, ...values]) => `${[key, ...values.map(escapeValue)].join('\t')}\n`).join('')
}

/**
 * Runs a job now, by the program of the timer: with this data, or as it is installed there. One exec. It is ended there when `signal`
 * says so, or the line is lost. Fails with INTERRUPTED, CONNECTION.
 */
export async function runJob(
  remote: Remote,
  root: string,
  { job, rows }: { readonly job: JobKind; readonly rows: JobRows | null },
  signal: AbortSignal,
): Promise<JobEnd> {
  const head = rows === null ? `run\t${job}\n` : `now\t${job}\n${encodeJob(rows)}end\n`
  const talk = await startScript(remote, root, TIMER_SCRIPT, head)
  const output: string[] = []
  let length = 0
  const end = await listen(talk, signal, ([key, ...words]) => {
    if (key === 'end') return words
    if (key !== 'out') return undefined
    const line = `${words.join('\t')}\n`
    length += line.length
    if (length <= MOST) output.push(line)
    return undefined
  })
  const [exit = '', name = '', bytes = '', message = ''] = end
  const made = name !== '' ? { name, bytes: Number(bytes) } : null
  return { exit: /^\d+$/.test(exit) ? Number(exit) : null, made, message, output: output.join('') }
}

/** How the jobs of a host are, and which backups lie there. One exec; nothing is changed. Fails with INTERRUPTED, CONNECTION. */
export async function lookAtJobs(remote: Remote, root: string, signal: AbortSignal): Promise<HostJobs> {
  const talk = await startScript(remote, root, LOOK, 'look\n')
  const heard = jobsHeard()
  await listen(talk, signal, ([key = '', ...words]) => {
    if (key === 'end') return words
    heard.hear(key, words)
    return undefined
  })
  return heard.all()
}

/** Gathers what a host tells line by line of its jobs. */
export function jobsHeard(): { hear(key: string, words: readonly string[]): void; all(): HostJobs } {
  const jobs: HostJob[] = []
  const backups: Backup[] = []
  let clock = { wall: 0, now: 0 }
  let way: HostJobs['way'] = null
  const count = notEndless(MOST_LOOK, 'its jobs and backups')
  const hear = (key: string, words: readonly string[]): void => {
    count([key, ...words].join('\t'))
    const [one = '', two = '', three = ''] = words
    if (key === 'wall') clock = { wall: wallOf(one), now: Number(two) * 1000 }
    else if (key === 'way') way = { kind: one, installed: two === 'yes' }
    else if (key === 'backup' && /^\d+$/.test(two)) backups.push({ name: one, bytes: Number(two), sha256: three })
    else if (key === 'job') {
      const job = JOBS.find((name) => name === one)
      if (job) jobs.push({ job, ...UNKNOWN })
    } else if (jobs.length > 0) jobs.push({ ...(jobs.pop() as HostJob), ...fieldOf(key, one, two) })
  }
  return { hear, all: () => ({ ...clock, way, jobs, backups }) }
}

/** The end of a job's log. One exec. Fails with INTERRUPTED, CONNECTION. */
export async function jobLog(
  remote: Remote,
  root: string,
  { job, lines }: { readonly job: JobKind; readonly lines: number },
  signal: AbortSignal,
): Promise<string> {
  const talk = await startScript(remote, root, LOOK, `log\t${job}\t${lines}\n`)
  const said: string[] = []
  const count = notEndless(MOST_LOOK, 'a log')
  await listen(talk, signal, ([key, ...words]) => {
    count(words.join('\t'))
    if (key === 'out') said.push(`${words.join('\t')}\n`)
    return key === 'end' ? words : undefined
  })
  return said.join('')
}

const UNKNOWN = {
  schedule: null,
  since: null,
  running: false,
  started: null,
  ended: null,
  exit: null,
  message: '',
  good: null,
  name: null,
}

function fieldOf(key: string, one: string, two: string): Partial<HostJob> {
  if (key === 'alive') return { running: true }
  if (key === 'schedule') return { schedule: one }
  if (key === 'since') return { since: wallOf(one) }
  if (key !== 'run') return {}
  if (one === 'message') return { message: two }
  if (one === 'name') return { name: two }
  return ['started', 'ended', 'exit', 'good'].includes(one) && /^\d+$/.test(two) ? { [one]: Number(two) } : {}
}

function wallOf(text: string): number {
  const [, year = '', month = '', day = '', hour = '', minute = ''] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(text) ?? []
  return Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute))
}

/** Reads lines until one of them is an answer. stdin stays open meanwhile: whoever closes it wants no more. */
export async function listen(
  { channel, lines, stderr }: Talk,
  signal: AbortSignal,
  hear: (words: readonly string[]) => readonly string[] | undefined,
): Promise<readonly string[]> {
  const letGo = whenAborted(signal, () => channel.destroy())
  try {
    for (let line = await lines.next(); line !== null; line = await lines.next()) {
      const answer = hear(line.split('\t'))
      if (answer) return answer
    }
    if (signal.aborted) throw new ReleaserError('INTERRUPTED', 'stopped')
    const said = stderr()
    throw new ReleaserError('CONNECTION', `the line was lost, and what ran there was ended${said === '' ? '' : `: ${said}`}`, {
      hint: 'run the same command again',
    })
  } finally {
    letGo()
    channel.stdin.end()
  }
}
