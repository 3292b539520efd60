import { spawn } from 'node:child_process'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Ran {
  /** Null where a signal ended it. */
  readonly code: number | null
  readonly durationMs: number
  /** The end of what it said, where it was not shown. */
  readonly said: string
}

export interface RunOptions {
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  /** Whether people see it: then it has our terminal, or our pipe. */
  readonly shown: boolean
  /** Asks it to end in a safe state. */
  readonly signal: AbortSignal
}

/** This releaser, to be called by node. */
export const SELF = fileURLToPath(new URL(`../cli${extname(fileURLToPath(import.meta.url))}`, import.meta.url))
const KEPT = 4000

/** Runs this same releaser as a process of its own. What it shows goes to stderr: the demo's stdout is for its last table. */
export function runSelf(words: readonly string[], { cwd, env, shown, signal }: RunOptions): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const started = Date.now()
    // A group of its own: a Ctrl-C comes to us alone, and we hand it on once.
    const child = spawn(process.execPath, [...process.execArgv, SELF, ...words], {
      cwd,
      env,
      detached: true,
      stdio: ['ignore', ...(shown ? ([2, 2] as const) : (['pipe', 'pipe'] as const))],
    })
    // Of the signals that end a command safely, the one on which it says nothing: we have said it.
    const stop = (): void => void child.kill('SIGHUP')
    const abandon = (): void => void child.kill('SIGKILL')
    signal.addEventListener('abort', stop, { once: true })
    process.on('exit', abandon)
    let said = ''
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        said = (said + text).slice(-KEPT)
      })
    child.on('error', reject)
    child.on('close', (code) => {
      signal.removeEventListener('abort', stop)
      process.off('exit', abandon)
      resolve({ code, durationMs: Date.now() - started, said: said.trim() })
    })
  })
}
