import { constants, createReadStream } from 'node:fs'
import { access } from 'node:fs/promises'
import { basename, delimiter, join } from 'node:path'
import { Readable } from 'node:stream'
import { ReleaserError } from '../model/errors.ts'
import { batched, type Compression, compressor, decompressor } from './compression.ts'
import { tarEntries } from './tar-entries.ts'
import { TAR_END, tarHeader, tarPadding } from './tar-header.ts'

/**
 * How much is read, and waits, at a time for each host: as much as goes into a packet. Chunks of 1 MB to eight hosts at once outlive
 * the collector's first looks, and make the process 50 MB larger.
 */
const SEND_CHUNK = 1 << 15

export interface SendOptions {
  /** A tarball of the store, and how it is compressed. */
  readonly file: string
  readonly compression: Compression
  /** Paths of files and symlinks that are to travel, or everything that is there. Folders travel with `all` alone. */
  readonly wanted: ReadonlySet<string> | 'all'
  /** How the stream is compressed on its way. */
  readonly to: Compression
}

/** Whether this machine has the program `zstd`. */
export async function hasZstd(): Promise<boolean> {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  for (const folder of folders) {
    const found = await access(join(folder, 'zstd'), constants.X_OK).then(
      () => true,
      () => false,
    )
    if (found) return true
  }
  return false
}

/**
 * A stored tarball as it goes over the wire: reduced to what is wanted, recompressed where it must be, in bounded memory.
 * A tarball that is gone, damaged, ends too early or lacks what is wanted destroys the stream with INTEGRITY (11).
 */
export function sendStream(options: SendOptions): Readable {
  return Readable.from(told(options), { objectMode: false, highWaterMark: SEND_CHUNK })
}

async function* told(options: SendOptions): AsyncGenerator<Buffer> {
  try {
    yield* wire(options)
  } catch (cause) {
    if (cause instanceof ReleaserError) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    const gone = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'
    throw new ReleaserError('INTEGRITY', `the tarball of ${idOf(options.file)} is ${gone ? 'gone' : `damaged: ${reason}`}`, {
      cause,
      hint: 'build it again, the same content takes its place, or deploy another release',
    })
  }
}

function wire({ file, compression, wanted, to }: SendOptions): AsyncIterable<Buffer> {
  const stored: AsyncIterable<Buffer> = createReadStream(file, { highWaterMark: SEND_CHUNK })
  if (wanted === 'all' && compression === to) return stored
  const plain = decompressor(compression)(stored)
  return compressor(to)(batched(wanted === 'all' ? plain : reduced(plain, wanted)))
}

async function* reduced(source: AsyncIterable<Buffer>, wanted: ReadonlySet<string>): AsyncGenerator<Buffer> {
  const missing = new Set(wanted)
  for await (const { header, body } of tarEntries(source)) {
    const { name: path, type, mode = 0, size = 0, linkname } = header
    if (type === 'directory' || !missing.delete(path)) continue
    if (type === 'symlink') yield tarHeader({ type, path, target: linkname ?? '' })
    else {
      yield tarHeader({ type: 'file', path, mode, size })
      yield* body
      yield TAR_END.subarray(0, tarPadding(size))
    }
  }
  if (missing.size > 0) throw new Error(`${[...missing].slice(0, 3).join(', ')} is not in it`)
  yield TAR_END
}

function idOf(file: string): string {
  return basename(file).replace(/\.tar\.(?:gz|zst)$/, '')
}
