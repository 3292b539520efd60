import { readFileSync } from 'node:fs'
import { ReleaserError } from '../model/errors.ts'
import type { Ground } from '../model/ground.ts'
import type { HostJobs } from '../model/job.ts'
import { whenAborted } from '../model/when-aborted.ts'
import { AGENT_HASH } from './agent-script.ts'
import { startScript } from './bootstrap.ts'
import { jobsHeard } from './jobs.ts'
import { notEndless } from './lines.ts'
import type { Remote } from './remote.ts'
import { escapeValue } from './wire.ts'

/** src/remote and dist/remote are equally deep, so that one relative path serves both. */
const CLOSER = Buffer.concat(
  ['ground', 'boot', 'closer', 'jobs'].map((name) => readFileSync(new URL(`../../templates/remote/${name}.sh`, import.meta.url))),
)

/** A script for the current release: of what it prints, the first line of stdout is of interest, or the last of all. */
export interface Ask {
  readonly name: string
  readonly line: 'first' | 'last'
  readonly script: string
}

export interface CloserWish {
  /** Lines, without any quoting, which sudo should let through without a password. */
  readonly sudo: readonly string[]
  readonly asks: readonly Ask[]
  /** For the asks, beside the app's own environment. */
  readonly env: Readonly<Record<string, string>>
  /** Seconds after which asks that have not ended have no answer. */
  readonly seconds: number
}

/** What was seen; an ask without an answer took too long. */
export interface Closer {
  readonly ground: Ground
  readonly jobs: HostJobs
  readonly answers: ReadonlyMap<string, { readonly exit: number; readonly line: string }>
}

/** Characters; jobs and backups are among it. */
const MOST_SEEN = 16e6

/** Looks closer at a host than a deploy does. One exec; nothing is changed. Fails with INTERRUPTED, CONNECTION. */
export async function lookCloser(remote: Remote, root: string, wish: CloserWish, signal: AbortSignal): Promise<Closer> {
  const { channel, lines, noise, stderr } = await startScript(remote, root, CLOSER, headOf(wish))
  const heard = reader()
  const count = notEndless(MOST_SEEN, 'what it stands on')
  const late = setTimeout(() => channel.destroy(), wish.seconds * 1000)
  const letGo = whenAborted(signal, () => channel.destroy())
  try {
    for (let line = await lines.next(); line !== null; line = await lines.next()) {
      count(line)
      heard.hear(line.split('\t'))
    }
  } finally {
    clearTimeout(late)
    letGo()
    channel.destroy()
  }
  if (signal.aborted) throw new ReleaserError('INTERRUPTED', 'stopped')
  const seen = heard.seen()
  // Asks come last: whoever answered none of them has told all the rest.
  if (seen.told) return { ...seen, ground: { ...seen.ground, noise } }
  const said = stderr()
  throw new ReleaserError('CONNECTION', `the host did not say what it stands on${said === '' ? '' : `: ${said}`}`, {
    hint: 'run the same command again',
  })
}

function headOf({ sudo, asks, env }: CloserWish): string {
  const rows = [
    ['closer'],
    ...sudo.map((words) => ['sudo', words]),
    ...Object.entries(env).map(([name, value]) => ['env', name, escapeValue(value)]),
    ...asks.map(({ name, line, script }) => ['ask', name, line, escapeValue(script)]),
    ['end'],
  ]
  return rows.map((row) => `${row.join('\t')}\n`).join('')
}

function reader() {
  let ground: Omit<Ground, 'noise'> = { shell: null, tools: [], fs: null, agent: 'none', allowed: [] }
  let told = false
  const jobs = jobsHeard()
  const answers = new Map<string, { readonly exit: number; readonly line: string }>()
  const hear = ([key = '', one = '', two = '', three = '']: readonly string[]): void => {
    if (key === 'shell') ground = { ...ground, shell: one || null }
    else if (key === 'tool') ground = { ...ground, tools: [...ground.tools, { name: one, says: two }] }
    else if (key === 'fs') ground = { ...ground, fs: { type: one, options: two.split(','), mount: three } }
    else if (key === 'agent') ground = { ...ground, agent: one === AGENT_HASH || ground.agent === 'same' ? 'same' : 'other' }
    else if (key === 'allowed')
      ground = { ...ground, allowed: [...ground.allowed, { words: two, ok: one === 'yes', says: three }] }
    else if (key === 'answer') answers.set(one, { exit: Number(two), line: three.trim() })
    else if (key === 'told') told = true
    else jobs.hear(key, [one, two, three])
  }
  return { hear, seen: () => ({ ground, jobs: jobs.all(), answers, told }) }
}
