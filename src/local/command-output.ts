import { spawn } from 'node:child_process'
import { howItEnded } from './hooks.ts'
import { type Ended, endGroup } from './process.ts'

export interface Output extends Pick<Ended, 'code' | 'stopped'> {
  /** Byte for byte what it wrote, where `Ended` has lines as a person reads them. */
  readonly stdout: Buffer
  readonly stderr: string
}

/** Between TERM and KILL, and how long its output is read on when it is gone and something that it started holds its pipes. */
const GRACE_MS = 1_000
/** Of each stream; nobody wants more, and a command that never stops writing must not fill the memory. */
export const KEPT_BYTES = 2 ** 20
/** What a timer of Node can hold; anything longer would fire at once. */
const LONGEST_MS = 2 ** 31 - 1
const ERROR_LINES = 5

/** Runs a command here by `sh`, without stdin, and ends it after `seconds` or on abort with all that it started. Failure is a value. */
export function outputOf(job: {
  readonly command: string
  readonly cwd: string
  /** Beside our own environment. */
  readonly env?: Readonly<Record<string, string>>
  readonly seconds: number
  readonly signal: AbortSignal | undefined
}): Promise<Output> {
  if (job.signal?.aborted) return Promise.resolve({ code: null, stopped: 'abort', stdout: Buffer.alloc(0), stderr: '' })
  return new Promise((resolve) => {
    const env = { ...process.env, ...job.env }
    const child = spawn('sh', ['-c', job.command], { cwd: job.cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    const [stdout, stderr] = [keeper(), keeper()]
    const timers: NodeJS.Timeout[] = []
    let stopped: Ended['stopped'] = null
    const later = (ms: number, act: () => void): void => {
      timers.push(setTimeout(act, ms))
    }
    const letGo = (): void => {
      child.stdout.destroy()
      child.stderr.destroy()
    }
    const stop = (why: 'timeout' | 'abort'): void => {
      stopped ??= why
      endGroup(child.pid, 'SIGTERM')
      later(GRACE_MS, () => {
        endGroup(child.pid, 'SIGKILL')
        letGo()
      })
    }
    const onAbort = (): void => stop('abort')
    const finish = (code: number | null): void => {
      for (const timer of timers) clearTimeout(timer)
      job.signal?.removeEventListener('abort', onAbort)
      resolve({ code, stopped, stdout: stdout.all(), stderr: stderr.all().toString('utf8') })
    }

    job.signal?.addEventListener('abort', onAbort, { once: true })
    later(Math.min(job.seconds * 1000, LONGEST_MS), () => stop('timeout'))
    child.stdout.on('data', stdout.keep)
    child.stderr.on('data', stderr.keep)
    child.on('exit', () => later(GRACE_MS, letGo))
    child.on('close', finish)
    child.on('error', (error) => {
      if (child.pid !== undefined) return
      stderr.keep(Buffer.from(error.message))
      finish(null)
    })
  })
}

/** Why a command gave nothing, in words that follow the setting that has it; with the end of what it wrote to `stderr`. */
export function whyNothing(
  ended: Output,
  { stderr, cwd, seconds }: { readonly stderr: string; readonly cwd: string; readonly seconds: number },
): { readonly says: string; readonly hint: string } {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '')
  const why = lines.slice(-ERROR_LINES).map((line) => `\n  ${line}`)
  return {
    says: `has a command that ${howItEnded({ ...ended, lines: [] })}${why.length > 0 ? `:${why.join('')}` : ''}`,
    hint: `try it by hand in ${cwd}; it runs without a terminal, and has ${seconds} s`,
  }
}

function keeper(): { keep(bytes: Buffer): void; all(): Buffer } {
  const kept: Buffer[] = []
  let size = 0
  return {
    keep(bytes) {
      if (size < KEPT_BYTES) kept.push(bytes)
      size += bytes.length
    },
    all: () => Buffer.concat(kept),
  }
}
