import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { splitLines } from '../model/split-lines.ts'

/** A process to run here. It leads its own process group, so that it can be ended with everything it started. */
export interface Job {
  readonly argv: readonly [string, ...string[]]
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Written to its stdin, which is then closed. */
  readonly stdin?: string
  /** After this many seconds it is ended. */
  readonly seconds?: number
  readonly signal?: AbortSignal | undefined
  /** What asks it to end; TERM where left out. */
  readonly stopBy?: NodeJS.Signals
  readonly onLine?: (line: string, stream: 'stdout' | 'stderr') => void
}

export interface Ended {
  /** Null where a signal ended it, or where it could not be started. */
  readonly code: number | null
  /** Why it was ended from here; null where it ended by itself. */
  readonly stopped: 'timeout' | 'abort' | null
  /** The last 20 lines of its output, both streams as they came. */
  readonly lines: readonly string[]
}

const KEPT_LINES = 20
/** Between TERM, or what is asked for instead, and KILL. */
const GRACE_MS = 5_000
/** How long output is still read when the process is gone but something it started holds its pipes. */
const LINGER_MS = 1_000
/** What a timer of Node can hold; anything longer would fire at once. */
const LONGEST_MS = 2 ** 31 - 1

/** Runs a process to its end. Never rejects: what could not be started says why in `lines`. */
export function runProcess(job: Job): Promise<Ended> {
  if (job.signal?.aborted) return Promise.resolve({ code: null, stopped: 'abort', lines: [] })
  return new Promise((resolve) => {
    const child = start(job)
    if (child instanceof Error) return resolve({ code: null, stopped: null, lines: [child.message] })
    const lines: string[] = []
    const timers: NodeJS.Timeout[] = []
    let stopped: Ended['stopped'] = null

    const keep = (line: string): void => {
      if (lines.push(line) > KEPT_LINES) lines.shift()
    }
    const letGo = (): void => {
      child.stdout.destroy()
      child.stderr.destroy()
    }
    const stop = (why: 'timeout' | 'abort'): void => {
      if (stopped !== null) return
      stopped = why
      endGroup(child.pid, job.stopBy ?? 'SIGTERM')
      timers.push(
        setTimeout(() => {
          endGroup(child.pid, 'SIGKILL')
          letGo()
        }, GRACE_MS),
      )
    }
    const onAbort = (): void => stop('abort')
    const finish = (code: number | null): void => {
      for (const timer of timers) clearTimeout(timer)
      job.signal?.removeEventListener('abort', onAbort)
      resolve({ code, stopped, lines })
    }

    job.signal?.addEventListener('abort', onAbort, { once: true })
    if (job.seconds !== undefined) timers.push(setTimeout(() => stop('timeout'), Math.min(job.seconds * 1000, LONGEST_MS)))
    for (const stream of ['stdout', 'stderr'] as const) {
      const splitter = splitLines((line) => {
        keep(line)
        job.onLine?.(line, stream)
      })
      child[stream].setEncoding('utf8').on('data', splitter.push).on('close', splitter.end)
    }
    // A process that does not read its stdin is no failure.
    child.stdin.on('error', () => {}).end(job.stdin ?? '')
    child.on('error', (error) => {
      if (child.pid !== undefined) return
      keep(error.message)
      finish(null)
    })
    child.on('exit', () => {
      if (stopped === null) timers.push(setTimeout(letGo, LINGER_MS))
    })
    child.on('close', (code) => finish(code))
  })
}

/** Node throws some reasons why nothing could be started, and tells others by an event. */
function start({ argv: [file, ...args], cwd, env }: Job): ChildProcessWithoutNullStreams | Error {
  try {
    return spawn(file, args, { cwd, env: { ...env }, detached: true, stdio: ['pipe', 'pipe', 'pipe'] })
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

/** Signals a process that leads a group, and all of that group. */
export function endGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch {
    // The group is gone already, which is what was wanted.
  }
}
