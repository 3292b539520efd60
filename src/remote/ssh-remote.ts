import type { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { ReleaserError } from '../model/errors.ts'
import { dialLoopback } from './loopback.ts'
import type { Channel, Command, Forward, Remote } from './remote.ts'
import { toShell } from './shell.ts'
import { type SshStream, toChannel } from './ssh-channel.ts'
import { lineLost } from './ssh-error.ts'
import { toStream } from './ssh-stream.ts'

/** A client that is logged in, and its socket. */
export interface Line {
  readonly client: EventEmitter & {
    exec(line: string, options: ExecOptions, done: (error: Error | undefined, stream: SshStream) => void): unknown
    forwardOut(from: string, fromPort: number, to: string, port: number, done: Forwarded): unknown
  }
  readonly socket: Socket
  /** Says goodbye. */
  readonly end: () => void
}

interface ExecOptions {
  readonly pty?: { readonly term: string; readonly cols: number; readonly rows: number }
}

type Forwarded = (error: (Error & { readonly reason?: unknown }) | undefined, channel: Duplex) => void

/** A line as a `Remote`, lost after `silence` milliseconds without a byte from the host. */
export function toRemote({ client, socket, end }: Line, name: string, silence: number): Remote {
  let why: unknown
  let open = 0
  client.on('error', (error) => {
    why ??= error
  })
  const closed = new Promise<void>((done) => {
    client.once('close', () => done())
  })
  watchSilence(socket, silence)
  const exec = ({ argv, pty }: Command): Promise<Channel> =>
    new Promise((done, fail) => {
      open++
      const refuse = (error: unknown): void => {
        open--
        fail(socket.writable ? (pty && noTerminal(name, error)) || noChannel(name, error) : lineLost(name, why ?? error))
      }
      try {
        const options = pty ? { pty: { term: pty.term, cols: pty.columns, rows: pty.rows } } : {}
        client.exec(toShell(argv), options, (error, stream) => {
          if (error) return refuse(error)
          const channel = toChannel(stream, closed)
          void channel.exit.then(() => open--)
          done(channel)
        })
      } catch (error) {
        refuse(error)
      }
    })
  const dial = (address: string, port: number): Promise<Forward> =>
    new Promise((done, fail) => {
      try {
        client.forwardOut('127.0.0.1', 0, address, port, (error, channel) => {
          if (!error) done({ stream: toStream(channel) })
          else if (socket.writable) done(refusal(error))
          else fail(lineLost(name, why ?? error))
        })
      } catch (error) {
        fail(lineLost(name, why ?? error))
      }
    })
  return {
    exec: async (command) => {
      if (open >= MOST_CHANNELS) throw noChannel(name)
      return exec(command).catch((error: unknown) => {
        // Dropbear closes a terminal that is asked for in the moment in which another channel ends.
        if (command.pty && socket.writable) return exec(command)
        throw error
      })
    },
    forward: (port) => dialLoopback((address) => dial(address, port)),
    sentBytes: () => socket.bytesWritten,
    closed,
    close: async () => {
      end()
      await Promise.race([closed, pause(1000, undefined, { ref: false })])
      socket.destroy()
      await closed
    },
  }
}

/** A server of OpenSSH gives ten (MaxSessions). */
export const MOST_CHANNELS = 8

/** SSH_OPEN_CONNECT_FAILED of RFC 4254: the host tried. All else means that it does not want to. */
const CONNECT_FAILED = 2

function refusal({ reason, message }: Parameters<Forwarded>[0] & Error): Forward {
  const says = message.replace(/^\(SSH\) Channel open failure: */, '').toLowerCase()
  return { refused: reason === CONNECT_FAILED ? 'nobody' : 'forbidden', says }
}

export function noChannel(name: string, cause?: unknown): ReleaserError {
  const why = cause instanceof Error ? `: ${cause.message}` : `, ${MOST_CHANNELS} run already`
  return new ReleaserError('CONNECTION', `no further command can be started on ${name}${why}`, {
    hint: 'is MaxSessions in its sshd_config below ten, or is the login shell broken?',
    cause,
  })
}

/** The library tells this failure by its words alone. */
export function noTerminal(name: string, cause: unknown): ReleaserError | undefined {
  if (!(cause instanceof Error) || !/pseudo-terminal/.test(cause.message)) return undefined
  return new ReleaserError('CONNECTION', `${name} gives no terminal to this user`, {
    hint: 'look for PermitTTY in its sshd_config, and for no-pty or restrict in authorized_keys',
    cause,
  })
}

/** Any byte from the host is a sign of life, also the answer to what is asked every third of that time. Ticks are counted, not time: a laptop may sleep. */
function watchSilence(socket: Socket, silence: number): void {
  let read = socket.bytesRead
  let quiet = 0
  const timer = setInterval(() => {
    quiet = socket.bytesRead === read ? quiet + 1 : 0
    read = socket.bytesRead
    if (quiet === 5) socket.destroy(new Error(`nothing was heard for ${Math.round(silence / 1000)} s`))
  }, silence / 6)
  timer.unref()
  socket.once('close', () => clearInterval(timer))
}
