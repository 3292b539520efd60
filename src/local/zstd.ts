import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { writeSync } from 'node:fs'
import type { Readable, Writable } from 'node:stream'
import { ReleaserError } from '../model/errors.ts'

/** Bytes in, bytes out, through a zstd of its own. */
export async function* zstdStream(args: readonly string[], source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const child = spawn('zstd', ['-q', ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
  const running = attended(child, source, () => {})
  try {
    for await (const chunk of child.stdout) yield chunk
    const { broken, failure } = await running
    if (broken ?? failure) throw broken ?? failure
  } finally {
    child.kill()
  }
}

/**
 * The same into an open file, from where it stands: zstd writes there itself. It has ended when this returns. Where the file
 * cannot be written, what is thrown is the system's own error. `meanwhile` is called now and then, while zstd takes what it is given.
 */
export async function zstdFile(
  args: readonly string[],
  source: AsyncIterable<Buffer>,
  fd: number,
  meanwhile: () => void,
): Promise<void> {
  const child = spawn('zstd', ['-q', ...args], { stdio: ['pipe', fd, 'pipe'] }) as Child
  const { broken, failure } = await attended(child, source, meanwhile)
  if (broken) throw broken
  if (!failure) return
  // Words of zstd are for people alone: one more write tells whether it was the disk, and how.
  writeSync(fd, Buffer.alloc(PROBE))
  throw failure
}

// More than what may be left of a disk on which a write failed.
const PROBE = 64 * 1024

type Child = ChildProcessByStdio<Writable, Readable | null, Readable>

/** What ended it too early: the source, or zstd itself. */
interface Ended {
  readonly broken?: unknown
  readonly failure?: Error | undefined
}

/** Feeds it until it has ended. A source that breaks off ends it. */
async function attended(child: Child, source: AsyncIterable<Buffer>, meanwhile: () => void): Promise<Ended> {
  let complaint = ''
  child.stderr.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString()).slice(-1000)
  })
  const ended = new Promise<Error | undefined>((settle) => {
    child.once('error', (cause) => settle(notStarted(cause)))
    child.once('close', (code, signal) =>
      settle(code === 0 ? undefined : new Error(complaint.trim() || `zstd ended with ${code ?? signal}`)),
    )
  })
  const fed = feed(source, child.stdin, meanwhile).catch((broken: unknown): Fed => {
    child.kill()
    return { broken }
  })
  const [failure, { broken, refused }] = await Promise.all([ended, fed])
  // A source that broke off comes first; a pipe that zstd broke by ending tells less than what zstd says itself.
  return broken ? { broken } : { failure: failure ?? refused }
}

interface Fed {
  readonly broken?: unknown
  /** What the pipe said. */
  readonly refused?: Error
}

async function feed(source: AsyncIterable<Buffer>, pipe: Writable, meanwhile: () => void): Promise<Fed> {
  // Each write tells its own.
  pipe.on('error', () => {})
  for await (const chunk of source) {
    const taken = new Promise<Error | null | undefined>((settle) => pipe.write(chunk, settle))
    meanwhile()
    const refused = await taken
    if (refused) return { refused }
  }
  pipe.end()
  return {}
}

function notStarted(cause: Error): ReleaserError {
  return new ReleaserError('CONFIG', 'the program zstd cannot be started here', {
    cause,
    hint: 'install it: apt-get install zstd',
  })
}
