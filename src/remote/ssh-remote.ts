import type { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import type { Duplex, Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { ReleaserError } from '../model/errors.ts'
import type { Channel, Remote } from './remote.ts'
import { toShell } from './shell.ts'
import { toChannel } from './ssh-channel.ts'
import { lineLost } from './ssh-error.ts'

/** A client that is logged in, and its socket. */
export interface Line {
  readonly client: EventEmitter & {
    exec(line: string, done: (error: Error | undefined, stream: Duplex & { stderr: Readable }) => void): unknown
  }
  readonly socket: Socket
  /** Says goodbye. */
  readonly end: () => void
}

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
  const exec = (line: string): Promise<Channel> =>
    new Promise((done, fail) => {
      open++
      const refuse = (error: unknown): void => {
        open--
        fail(socket.writable ? noChannel(name, error) : lineLost(name, why ?? error))
      }
      try {
        client.exec(line, (error, stream) => {
          if (error) return refuse(error)
          const channel = toChannel(stream, closed)
          void channel.exit.then(() => open--)
          done(channel)
        })
      } catch (error) {
        refuse(error)
      }
    })
  return {
    exec: async ({ argv }) => {
      if (open >= MOST_CHANNELS) throw noChannel(name)
      return exec(toShell(argv))
    },
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
const MOST_CHANNELS = 8

function noChannel(name: string, cause?: unknown): ReleaserError {
  const why = cause instanceof Error ? `: ${cause.message}` : `, ${MOST_CHANNELS} run already`
  return new ReleaserError('CONNECTION', `no further command can be started on ${name}${why}`, {
    hint: 'is MaxSessions in its sshd_config below ten, or is the login shell broken?',
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
