import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Hop } from '../model/login.ts'
import { hopsSaid } from './login.ts'
import { systemFailure, wordsOf } from './openssh-error.ts'
import { privateFolder, spawnKept } from './openssh-folder.ts'
import { keyBySystem } from './openssh-key.ts'
import { lockedQuestion } from './openssh-locked.ts'
import { openings } from './openssh-openings.ts'
import type { LineOptions, SshTarget } from './ssh.ts'
import type { Failure } from './ssh-error.ts'

/** The connection that other programs of ssh join. */
export interface Master {
  /** The environment of every ssh. */
  readonly env: NodeJS.ProcessEnv
  /** The hosts that it has logged in to, itself last. */
  readonly hops: readonly Hop[]
  /** The words by which an ssh joins; a command may follow. */
  joining(flags: readonly string[]): readonly string[]
  /** A file that is not there yet, for what one of them says. */
  logFile(): string
  /**
   * Connects to a port of the host by way of ssh. `opened`: null once the other side has opened it, else why it has not; never settles where
   * the line is lost before that.
   */
  dial(address: string, port: number): Promise<{ readonly socket: Socket; readonly opened: Promise<string | null> }>
  /** Asks whether the line still stands. */
  alive(): Promise<boolean>
  /** What ssh said when it ended; undefined while it is there. */
  lost(): string | undefined
  readonly closed: Promise<void>
  end(): Promise<void>
}

/** Connects; up to four times where the server drops us before it knows who we are. Fails with CONNECTION, AUTH, HOST_KEY. */
export async function startMaster(target: SshTarget, options: LineOptions = {}): Promise<Master> {
  for (let attempt = 1; ; attempt++) {
    const outcome = await connectOnce(target, options)
    if ('end' in outcome) return outcome
    if (!outcome.dropped || attempt === 4) throw outcome.error
    await pause(attempt * (150 + Math.random() * 350))
  }
}

async function connectOnce(target: SshTarget, { silence = 20_000 }: LineOptions): Promise<Master | Failure> {
  const { system, connectSeconds } = target
  const { dir, env, ...folder } = await privateFolder(target, silence)
  const socket = join(dir, 's')
  const words = [...folder.words, '-S', socket, ...system.words]
  const child = spawnKept({ dir, ...folder }, system.program, ['-N', '-M', '-vv', ...words, '--', system.asked])
  child.stdin.on('error', () => {})
  let said = ''
  let over = false
  const heard = openings()
  const closed = new Promise<void>((done) => {
    child.once('close', () => {
      over = true
      done()
    })
  })
  const stands = new Promise<'stands'>((done) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-MOST_SAID)
      heard.hear(text)
      // Hosts on the way say the same, but only the last one of all makes the socket, before it says so.
      if (text.includes('Entering interactive session') && existsSync(socket)) done('stands')
    })
  })
  const late = pause(connectSeconds * 1000, 'late' as const, { ref: false })
  const outcome = await Promise.race([stands, closed, late])
  if (outcome !== 'stands') {
    child.stdin.destroy()
    await closed
    const locked = await lockedQuestion(target, said, dir)
    return systemFailure(target, said, { late: outcome === 'late', locked, look: () => keyBySystem(target) })
  }
  await folder.loggedIn()
  let files = 0
  const listeners = new Map<string, Promise<string>>()
  const listening = (address: string, port: number): Promise<string> => {
    const to = `[${address}]:${port}`
    const known = listeners.get(to) ?? listen(to)
    listeners.set(to, known)
    return known
  }
  async function listen(to: string): Promise<string> {
    const place = join(dir, `port-${++files}`)
    // Without any configuration: what that forwards would be asked for too.
    const asked = ['-F', '/dev/null', '-q', '-S', socket, '-O', 'forward', '-L', `${place}:${to}`, '--', system.asked]
    await once(spawn(system.program, asked, { stdio: 'ignore', env }), 'exit')
    return place
  }
  return {
    env,
    hops: hopsSaid(said),
    joining: (flags) => [...flags, '-v', '-o', 'ProxyCommand=false', ...words, '--', system.asked],
    logFile: () => join(dir, `log-${++files}`),
    dial: async (address, port) => {
      const place = await listening(address, port)
      const opened = heard.next(address, port)
      return { socket: connect({ path: place, allowHalfOpen: true }), opened }
    },
    alive: async () => {
      if (over) return false
      const asked = spawn(system.program, ['-q', '-O', 'check', ...words, '--', system.asked], { stdio: 'ignore', env })
      return new Promise((done) => {
        asked.once('exit', (code) => done(code === 0))
        asked.once('error', () => done(false))
      })
    },
    lost: () => (over ? wordsOf(said) : undefined),
    closed,
    end: async () => {
      child.stdin.destroy()
      await closed
    },
  }
}

/** What is kept of what ssh says, in characters: enough for all of a login. */
const MOST_SAID = 200_000
