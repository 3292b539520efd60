import { type Duplex, type Readable, Writable } from 'node:stream'
import type { Channel, Exit } from './remote.ts'

/** What we use of the SSH library's channels. */
export interface SshStream extends Duplex {
  readonly stderr: Readable
  /** Size in characters, then in pixels. */
  setWindow(rows: number, columns: number, height: number, width: number): unknown
}

/**
 * A channel of the SSH library as ours. `exit` settles as soon as the host says how the command ended (its last output may still be
 * on the way: read stdout to its end), or with code null when the line goes first. `stdin` fails with EPIPE once nobody reads it.
 */
export function toChannel(stream: SshStream, lost: Promise<unknown>): Channel {
  const known: { tell: (exit: Exit) => void } = { tell: () => {} }
  const exit = new Promise<Exit>((tell) => {
    known.tell = tell
  })
  const stdin = toStdin(stream)
  const end = (code: number | null, signal: string | null): void => {
    known.tell({ code, signal })
    if (!stdin.writableFinished) stdin.destroy(Object.assign(new Error('the command reads no more'), { code: 'EPIPE' }))
  }
  stream.on('error', () => {})
  stream.once('exit', (code: number | null, signal?: string) => end(code, signal ?? null))
  stream.once('close', () => end(null, null))
  void lost.then(() => end(null, null))
  return {
    stdin,
    stdout: stream,
    stderr: stream.stderr,
    exit,
    resize: ({ rows, columns }) => void stream.setWindow(rows, columns, 0, 0),
    destroy: () => {
      stream.destroy()
      // What still comes is read and dropped: an unread channel would never close.
      stream.resume()
      stream.stderr.resume()
      end(null, null)
    },
  }
}

/** ssh2 never answers a write to a channel that was closed meanwhile, so that whoever waits for it would wait for ever. */
function toStdin(stream: Duplex): Writable {
  const stdin = new Writable({
    write: (chunk, _encoding, done) => {
      stream.write(chunk, done)
    },
    final: (done) => {
      stream.end(done)
    },
  })
  // Whoever writes hears of the failure; whoever does not must not be ended by it.
  return stdin.on('error', () => {})
}
