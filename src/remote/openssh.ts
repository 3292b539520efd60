import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { Duplex, finished, PassThrough, type Readable, type Writable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { dialLoopback } from './loopback.ts'
import { wordsOf } from './openssh-error.ts'
import { type Master, startMaster } from './openssh-master.ts'
import type { Channel, Command, Exit, Forward, Remote } from './remote.ts'
import { toShell } from './shell.ts'
import type { LineOptions, SshTarget } from './ssh.ts'
import { lineLost } from './ssh-error.ts'
import { MOST_CHANNELS, noChannel, noTerminal } from './ssh-remote.ts'

/**
 * Opens a line by the system's own ssh: what that can do (certificates, hardware keys, GSSAPI, proxies), we can. One connection, which
 * every command joins. Fails with CONNECTION, AUTH or HOST_KEY. It knows less than a line of the library: a command that was ended by
 * a signal has code 255, one that leaves somebody behind with its output has not ended yet, a terminal keeps the size it had at
 * first, and bytes are counted before they are encrypted.
 */
export async function openSystemLine(target: SshTarget, options: LineOptions = {}): Promise<Remote> {
  const { name, system } = target
  const master = await startMaster(target, options)
  const running = new Set<Joined>()
  const inputs: Socket[] = []

  /** One more ssh; where the other side does not agree, what it said. */
  async function join(flag: '-T' | '-tt', command: string, env: NodeJS.ProcessEnv): Promise<Joined | string> {
    const log = master.logFile()
    const words = [...master.joining([flag, '-E', log]), command]
    const child: Child = spawn(system.program, words, { stdio: ['pipe', 'pipe', 'pipe'], detached: true, env })
    // Read from the start: node drops what nobody has asked for when a process ends.
    const [stdout, stderr] = [child.stdout.pipe(new PassThrough()), child.stderr.pipe(new PassThrough())]
    const joined: Joined = { child, stdout, stderr, exit: endOf(child, master) }
    running.add(joined)
    void joined.exit.then(() => running.delete(joined))
    inputs.push(child.stdin as Socket)
    // Whoever writes hears of a broken pipe; whoever does not must not be ended by it.
    child.stdin.on('error', () => {})
    const said = await untilJoined(log, joined)
    await rm(log, { force: true })
    if (JOINED.test(said)) return joined
    const lost = master.lost()
    if (lost !== undefined) throw lineLost(name, new Error(lost))
    return said
  }

  const exec = async ({ argv, pty }: Command): Promise<Channel> => {
    if (master.lost() !== undefined) throw lineLost(name, new Error(master.lost()))
    if (running.size >= MOST_CHANNELS) throw noChannel(name)
    // There is no terminal here whose size and modes ssh could pass on, and not every server makes up the usual ones.
    const line = pty ? `stty sane rows ${pty.rows} columns ${pty.columns} 2>/dev/null; ${toShell(argv)}` : toShell(argv)
    const joined = await join(pty ? '-tt' : '-T', line, pty ? { ...master.env, TERM: pty.term } : master.env)
    if (typeof joined !== 'string') return toChannel(joined)
    const cause = new Error(wordsOf(joined))
    throw (pty && noTerminal(name, cause)) || noChannel(name, cause)
  }

  const dial = async (address: string, port: number): Promise<Forward> => {
    if (master.lost() !== undefined) throw lineLost(name, new Error(master.lost()))
    const { socket, opened } = await master.dial(address, port)
    inputs.push(socket.on('error', () => {}))
    const why = await Promise.race([opened, master.closed.then(() => 'lost')])
    if (why === null) return { stream: toStream(socket, () => stillStands(master)) }
    socket.destroy()
    if (!(await stillStands(master))) throw lineLost(name, new Error(master.lost()))
    const says = why.toLowerCase()
    return { refused: says.startsWith('connect failed') ? 'nobody' : 'forbidden', says: says.replace(/^[^:]*: */, '') }
  }

  return {
    exec,
    forward: (port) => dialLoopback((address) => dial(address, port)),
    sentBytes: () => inputs.reduce((sum, stdin) => sum + stdin.bytesWritten, 0),
    closed: master.closed,
    login: { transport: 'openssh', hops: master.hops },
    close: async () => {
      for (const { child } of running) child.kill('SIGKILL')
      await master.end()
    },
  }
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>

/** One more ssh, which uses the connection of the first. */
interface Joined {
  readonly child: Child
  readonly stdout: Readable
  readonly stderr: Readable
  readonly exit: Promise<Exit>
}

/** What a program says once the other side has agreed. */
const JOINED = /master session id: \d+/

/** Waits until a program has joined, or ended; what it said meanwhile. Nothing but its log tells. */
async function untilJoined(log: string, { exit }: Joined): Promise<string> {
  let over = false
  const end = exit.then(() => {
    over = true
  })
  for (let wait = 2; ; wait = Math.min(wait * 2, 20)) {
    const last = over
    const said = await readFile(log, 'utf8').catch(() => '')
    if (last || JOINED.test(said)) return said
    await Promise.race([pause(wait), end])
  }
}

/** 255 is what ssh says of itself, and of what a signal has ended there: it is the command's only where the line still stands. */
async function endOf(child: Child, master: Master): Promise<Exit> {
  const code = await new Promise<number | null>((done) => {
    child.once('exit', (status) => done(status))
    child.once('error', () => done(null))
  })
  return { code: code === 255 && !(await stillStands(master)) ? null : code, signal: null }
}

/** Whether the line stands. Where it does not, that is known to all who look once this is answered. */
async function stillStands(master: Master): Promise<boolean> {
  if (await master.alive()) return true
  await Promise.race([master.closed, pause(2000, undefined, { ref: false })])
  return false
}

function toChannel({ child, stdout, stderr, exit }: Joined): Channel {
  const known: { tell: (exit: Exit) => void } = { tell: () => {} }
  const letGo = new Promise<Exit>((tell) => {
    known.tell = tell
  })
  return {
    stdin: child.stdin,
    stdout,
    stderr,
    exit: Promise.race([exit, letGo]),
    resize: () => {},
    destroy: () => {
      known.tell({ code: null, signal: null })
      for (const stream of [child.stdin, stdout, stderr]) stream.destroy()
      child.kill('SIGKILL')
    },
  }
}

/** Ends only when it is known whether the line still `stands`: a socket says the same in both cases. */
function toStream(socket: Socket, stands: () => Promise<boolean>): Duplex {
  const stream = new Duplex({
    read: () => void socket.resume(),
    write: (chunk, _encoding, done) => void socket.write(chunk, done),
    final: (done) => void socket.end(done),
    destroy: (error, done) => {
      socket.destroy()
      done(error)
    },
  })
  socket.on('data', (bytes: Buffer) => {
    if (!stream.push(bytes)) socket.pause()
  })
  const closes = (): unknown => finished(stream, { writable: false }, () => stream.destroy())
  socket.once('end', async () => {
    const half = await stands()
    stream.push(null)
    if (!half) closes()
  })
  socket.once('close', () => (socket.readableEnded ? closes() : stream.destroy()))
  return stream.on('error', () => {})
}
