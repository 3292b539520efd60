import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { ReleaserError } from '../model/errors.ts'
import type { Release } from '../model/release.ts'
import { gzip } from './gzip.ts'

export type Compression = Release['compression']

/**
 * Bytes in, bytes out. What breaks before or within a stage is thrown at whoever reads it; who stops reading stops it all. It
 * asks for a chunk when it is done with the one before, so that chunks may be lent.
 */
export type Stage = (source: AsyncIterable<Buffer>) => AsyncIterable<Buffer>

const CHUNK = 256 * 1024
// zstd's own choice is one where two processors share a core. Its bytes are the same with any number.
const THREADS = Math.min(availableParallelism(), 4)

/** How much of a file is read at a time. */
export const READ_CHUNK = 1 << 20

export function compressor(compression: Compression): Stage {
  return compression === 'gzip' ? gzip : zstd(['-3', `-T${THREADS}`, '-c'])
}

/** Fails where the bytes are damaged or end too early. */
export function decompressor(compression: Compression): Stage {
  return compression === 'gzip' ? gunzip : zstd(['-d', '-c'])
}

/** Joins small chunks to 256 KB: compressors are several times slower where each tar header comes alone. */
export async function* batched(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let waiting: Buffer[] = []
  let bytes = 0
  for await (const chunk of source) {
    waiting.push(chunk)
    bytes += chunk.length
    if (bytes < CHUNK) continue
    yield Buffer.concat(waiting, bytes)
    waiting = []
    bytes = 0
  }
  if (bytes > 0) yield Buffer.concat(waiting, bytes)
}

async function* gunzip(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const transform = createGunzip({ chunkSize: CHUNK })
  // A failure destroys the transform, so that reading it throws the same.
  const fed = pipeline(source, transform).catch(() => {})
  try {
    for await (const chunk of transform) yield chunk
    await fed
  } finally {
    transform.destroy()
  }
}

function zstd(args: readonly string[]): Stage {
  return async function* (source) {
    const child = spawn('zstd', ['-q', ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
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
    const fed = feed(source, child.stdin)
    try {
      for await (const chunk of child.stdout) yield chunk
      const [failure, { broken, refused }] = await Promise.all([ended, fed])
      // A source that broke off comes first; a pipe that zstd broke by ending tells less than what zstd says itself.
      const reason = broken ?? failure ?? refused
      if (reason) throw reason
    } finally {
      child.kill()
    }
  }
}

/** What ended it too early: the source, or whoever reads the pipe. */
interface Fed {
  readonly broken?: unknown
  readonly refused?: Error
}

async function feed(source: AsyncIterable<Buffer>, pipe: Writable): Promise<Fed> {
  // Each write tells its own.
  pipe.on('error', () => {})
  try {
    for await (const chunk of source) {
      const refused = await new Promise<Error | null | undefined>((settle) => pipe.write(chunk, settle))
      if (refused) return { refused }
    }
    pipe.end()
    return {}
  } catch (broken) {
    pipe.destroy()
    return { broken }
  }
}

function notStarted(cause: Error): ReleaserError {
  return new ReleaserError('CONFIG', 'the program zstd cannot be started here', {
    cause,
    hint: 'install it: apt-get install zstd',
  })
}
