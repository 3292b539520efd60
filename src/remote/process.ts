import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Socket } from 'node:net'
import type { Duplex, Readable, Writable } from 'node:stream'
import { ReleaserError } from '../model/errors.ts'
import { dialHere, dialLoopback } from './loopback.ts'
import type { Channel, Exit, Remote } from './remote.ts'
import { toShell } from './shell.ts'

export interface ProcessOptions {
  /** The shell and its words before the command line; `['sh', '-c']` where it is left out. */
  readonly shell?: readonly [string, ...string[]]
  readonly cwd?: string
  /** The whole environment of the commands; ours where it is left out. */
  readonly env?: Readonly<Record<string, string>>
}

/** A `Remote` on this machine: what is lost with it is a line, not the process, as over SSH. */
export interface ProcessRemote extends Remote {
  /** The process groups of the commands that still run. */
  groups(): readonly number[]
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>

/** Runs commands with a shell of this machine, each in a process group of its own. `close` takes their stdin and output away, no more. */
export function processRemote(options: ProcessOptions = {}): ProcessRemote {
  const [shell, ...words] = options.shell ?? ['sh', '-c']
  const running = new Map<Child, () => void>()
  const inputs: Writable[] = []
  const streams = new Set<Duplex>()
  const line = { open: true, end: (): void => {} }
  const closed = new Promise<void>((done) => {
    line.end = done
  })
  return {
    exec: async ({ argv, pty }) => {
      if (!line.open) throw lineClosed()
      if (pty) throw new ReleaserError('CONNECTION', 'there is no terminal without ssh')
      const child = spawn(shell, [...words, toShell(argv)], {
        stdio: ['pipe', 'pipe', 'pipe'],
        detached: true,
        ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
        ...(options.env === undefined ? {} : { env: { ...options.env } }),
      })
      const channel = toChannel(child)
      inputs.push(child.stdin)
      running.set(child, channel.destroy)
      child.once('exit', () => running.delete(child))
      await started(child, shell)
      return channel
    },
    forward: async (port) => {
      const way = line.open ? await dialLoopback((address) => dialHere(address, port)) : undefined
      if (way && 'refused' in way) return way
      if (!way || !line.open) {
        way?.stream.destroy()
        throw lineClosed()
      }
      inputs.push(way.stream)
      streams.add(way.stream.once('close', () => streams.delete(way.stream)))
      return way
    },
    sentBytes: () => inputs.reduce((sum, stdin) => sum + bytesWritten(stdin), 0),
    groups: () => [...running.keys()].flatMap((child) => child.pid ?? []),
    closed,
    close: async () => {
      line.open = false
      for (const destroy of running.values()) destroy()
      for (const stream of streams) stream.destroy()
      line.end()
    },
  }
}

function lineClosed(): ReleaserError {
  return new ReleaserError('CONNECTION', 'the line is closed')
}

async function started(child: Child, shell: string): Promise<void> {
  try {
    await once(child, 'spawn')
  } catch (error) {
    throw new ReleaserError('CONNECTION', `cannot start ${shell}`, { cause: error })
  }
}

/** A pipe to a process is a socket, which counts. */
function bytesWritten(stdin: Writable): number {
  return stdin instanceof Socket ? stdin.bytesWritten : 0
}

function toChannel(child: Child): Channel {
  const known: { tell: (exit: Exit) => void } = { tell: () => {} }
  const exit = new Promise<Exit>((tell) => {
    known.tell = tell
  })
  child.once('exit', (code, signal) => known.tell({ code, signal }))
  // Whoever writes hears of a broken pipe; whoever does not must not be ended by it.
  child.stdin.on('error', () => {})
  return {
    stdin: child.stdin,
    stdout: child.stdout,
    stderr: child.stderr,
    exit,
    resize: () => {},
    destroy: () => {
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy()
      child.unref()
      known.tell({ code: null, signal: null })
    },
  }
}
