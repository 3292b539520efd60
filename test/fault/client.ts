import { type ChildProcess, spawn } from 'node:child_process'
import { CLI } from '../support/cli.ts'
import type { Json, Laptop } from '../support/laptop.ts'

/** How a client ended. `exit` is null where a signal ended it; `last` is its last JSON line. */
export interface ClientEnd {
  readonly exit: number | null
  readonly last: Json
  readonly events: readonly Json[]
  readonly stderr: string
  /** From its start to its end. */
  readonly milliseconds: number
}

/** The command line at work, in a process of its own, watched from outside. */
export interface Client {
  readonly child: ChildProcess
  readonly ended: Promise<ClientEnd>
  /** Settles when the nth step event has been told, or the client has ended. */
  step(number: number): Promise<void>
  /** Settles when an event fits, or the client has ended. */
  told(fits: (event: Json) => boolean): Promise<void>
}

/** Starts a command on a laptop with `--json`; `cli` is another build of the command line than ours. */
export function startClient({ dir, env }: Pick<Laptop, 'dir' | 'env'>, words: readonly string[], cli = CLI): Client {
  const startedAt = Date.now()
  const clean = { CI: undefined, NO_COLOR: undefined, FORCE_COLOR: undefined, NODE_OPTIONS: undefined }
  const child = spawn(process.execPath, [cli, ...words, '--json'], { cwd: dir, env: { ...process.env, ...clean, ...env } })
  const events: Json[] = []
  const waiting = new Set<() => void>()
  let [rest, stderr] = ['', '']
  let over = false
  child.stdin.on('error', () => {}).end()
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n')
    rest = parts.pop() ?? ''
    for (const line of parts) events.push(JSON.parse(line))
    for (const look of waiting) look()
  })
  const ended = new Promise<ClientEnd>((resolve) => {
    child.once('close', (exit) => {
      over = true
      for (const look of waiting) look()
      resolve({ exit, last: events.at(-1) ?? {}, events, stderr, milliseconds: Date.now() - startedAt })
    })
  })
  const when = (holds: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!over && !holds()) return
        waiting.delete(look)
        resolve()
      }
      waiting.add(look)
      look()
    })
  return {
    child,
    ended,
    step: (number) => when(() => events.filter(({ event }) => event === 'step').length >= number),
    told: (fits) => when(() => events.some(fits)),
  }
}

/** What an exit code promises about the host, as the invariants take it. */
export function reportedBy(exit: number | null): 'done' | 'kept' | 'unknown' {
  if (exit === 0) return 'done'
  return exit === null || exit === 8 || exit === 130 ? 'unknown' : 'kept'
}
