import { spawn } from 'node:child_process'
import type { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { ReleaserError } from '../model/errors.ts'
import type { Release } from '../model/release.ts'

export type Compression = Release['compression']

/** Bytes in, bytes out. What breaks before or within a stage is thrown at whoever reads it; who stops reading stops it all. */
export type Stage = (source: AsyncIterable<Buffer>) => AsyncIterable<Buffer>

const CHUNK = 256 * 1024

/** How much of a file is read at a time. */
export const READ_CHUNK = 1 << 20

export function compressor(compression: Compression): Stage {
  return compression === 'gzip' ? zlib(() => createGzip({ level: 6, chunkSize: CHUNK })) : zstd(['-3', '-T0', '-c'])
}

/** Fails where the bytes are damaged or end too early. */
export function decompressor(compression: Compression): Stage {
  return compression === 'gzip' ? zlib(() => createGunzip({ chunkSize: CHUNK })) : zstd(['-d', '-c'])
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

function zlib(make: () => Transform): Stage {
  return async function* (source) {
    const transform = make()
    // A failure destroys the transform, so that reading it throws the same.
    const fed = pipeline(source, transform).catch(() => {})
    try {
      for await (const chunk of transform) yield chunk
      await fed
    } finally {
      transform.destroy()
    }
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
    const fed = pipeline(source, child.stdin).then(
      () => undefined,
      (error: Error) => error,
    )
    try {
      for await (const chunk of child.stdout) yield chunk
      const [failure, broken] = await Promise.all([ended, fed])
      // A source that broke off comes first; a pipe that zstd broke by ending tells less than what zstd says itself.
      if (broken && !isBrokenPipe(broken)) throw broken
      if (failure ?? broken) throw failure ?? broken
    } finally {
      child.kill()
    }
  }
}

function isBrokenPipe(error: Error): boolean {
  return 'code' in error && (error.code === 'EPIPE' || error.code === 'ERR_STREAM_PREMATURE_CLOSE')
}

function notStarted(cause: Error): ReleaserError {
  return new ReleaserError('CONFIG', 'the program zstd cannot be started here', {
    cause,
    hint: 'install it: apt-get install zstd',
  })
}
