import { writeSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import type { Release } from '../model/release.ts'
import { gzip } from './gzip.ts'
import { zstdFile, zstdStream } from './zstd.ts'

export type Compression = Release['compression']

/**
 * Bytes in, bytes out. What breaks before or within a stage is thrown at whoever reads it; who stops reading stops it all. It
 * asks for a chunk when it is done with the one before, so that chunks may be lent.
 */
export type Stage = (source: AsyncIterable<Buffer>) => AsyncIterable<Buffer>

const CHUNK = 256 * 1024
// zstd's own choice is one where two processors share a core. Its bytes are the same with any number.
const THREADS = Math.min(availableParallelism(), 4)

const COMPRESS = ['-3', `-T${THREADS}`, '-c']

/** How much of a file is read at a time. */
export const READ_CHUNK = 1 << 20

export function compressor(compression: Compression): Stage {
  return compression === 'gzip' ? gzip : (source) => zstdStream(COMPRESS, source)
}

/**
 * Compresses into an open file from where it stands; the bytes are those of `compressor`. `meanwhile` is called now and then, where
 * there is time. What breaks is thrown; where the file cannot be written, that is the system's own error.
 */
export async function compressInto(
  fd: number,
  compression: Compression,
  source: AsyncIterable<Buffer>,
  meanwhile: () => void,
): Promise<void> {
  if (compression === 'zstd') return zstdFile(COMPRESS, source, fd, meanwhile)
  for await (const chunk of gzip(source)) {
    for (let at = 0; at < chunk.length; ) at += writeSync(fd, chunk, at)
    meanwhile()
  }
}

/** Fails where the bytes are damaged or end too early. */
export function decompressor(compression: Compression): Stage {
  return compression === 'gzip' ? gunzip : (source) => zstdStream(['-d', '-c'], source)
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
