import { createReadStream } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import tarFs, { type ExtractOptions, type Headers } from 'tar-fs'
import tar from 'tar-stream'
import { ReleaserError } from '../model/errors.ts'
import { type ArchiveLimits, checkArchive, entryPath } from './archive-check.ts'
import { builtVersion, checkStarted, startedVersion } from './built-version.ts'
import { type Compression, decompressor, READ_CHUNK } from './compression.ts'
import { type Packed, packTree } from './pack.ts'
import { releaseRoot } from './release-root.ts'
import { EXTRACT } from './tar-entries.ts'
import { inTemporaryFolder } from './temporary.ts'

export interface ImportOptions {
  /** A tar archive: gzip, zstd or plain. */
  readonly file: string
  readonly storeDir: string
  readonly app: string
  /** The version that was asked for: one that the release does not start as is refused. */
  readonly named?: string
  /** Leading folders that every path of the archive loses; where left out, those above a release that is found. */
  readonly strip?: number
  readonly exclude?: readonly string[]
  readonly absoluteLinks?: readonly string[]
  readonly limits?: ArchiveLimits
  readonly onProgress?: (done: number, total: number) => void
  readonly signal?: AbortSignal
}

const LIMITS: ArchiveLimits = { entries: 1_000_000, bytes: 1e9, ratio: 200 }

/**
 * Packs what a ready archive holds, after reading all of it once: hostile, damaged and cut ones are refused with USAGE (2)
 * before anything is written. It is unpacked into a private folder of the store, which is gone afterwards. Of a release that
 * lies in a folder of the archive, that folder is packed.
 */
export async function importTarball(options: ImportOptions): Promise<Packed & { readonly version: string | null }> {
  const { storeDir, app, strip, exclude = [], absoluteLinks = [], onProgress, signal } = options
  return inTemporaryFolder(storeDir, async (scratch) => {
    const unpacked = join(scratch, 'unpacked')
    await unpackTarball({ ...options, into: unpacked })
    const dir = strip === undefined ? await releaseRoot(unpacked, app) : unpacked
    if (options.named !== undefined) checkStarted(await startedVersion(dir), options.named)
    const also = { ...(onProgress && { onProgress }), ...(signal && { signal }) }
    const packed = await packTree({ dir, storeDir, app, exclude, absoluteLinks, code: 'USAGE', ...also })
    return { ...packed, version: await builtVersion([dir]) }
  })
}

/** Checks an archive, all of it, and lays it out in a folder that does not exist yet. Fails as `importTarball` does. */
export async function unpackTarball(
  options: Pick<ImportOptions, 'file' | 'strip' | 'limits'> & {
    readonly into: string
    readonly absoluteLinks?: readonly string[] | 'all'
  },
): Promise<void> {
  const { file, into, strip = 0, absoluteLinks = [], limits = LIMITS } = options
  const { packedBytes, read } = await openArchive(file)
  await checkArchive(read(), { packedBytes, strip, absoluteLinks, limits }).catch((error: unknown) => {
    throw told(error, file)
  })
  await mkdir(into, { mode: 0o700 })
  await unpack(read(), into, strip).catch((cause: Error) => {
    throw new ReleaserError('BUILD', `cannot unpack ${file}: ${cause.message}`, {
      cause,
      hint: `see whether the disk of ${dirname(into)} is full`,
    })
  })
}

/** Whether a file looks like an archive that `unpackTarball` takes. */
export async function isTarball(file: string): Promise<boolean> {
  const handle = await open(file)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(BLOCK), 0, BLOCK, 0)
    const start = buffer.subarray(0, bytesRead)
    return compressionOf(start) !== undefined || start.toString('latin1', 257, 262) === 'ustar'
  } finally {
    await handle.close()
  }
}

const BLOCK = 512
const MAGIC = { gzip: '1f8b', zstd: '28b52ffd' } as const

function compressionOf(start: Buffer): Compression | undefined {
  return (['gzip', 'zstd'] as const).find((kind) => start.toString('hex').startsWith(MAGIC[kind]))
}

async function openArchive(file: string): Promise<{ readonly packedBytes: number; readonly read: () => AsyncIterable<Buffer> }> {
  const handle = await open(file).catch((cause: Error) => {
    throw new ReleaserError('USAGE', `cannot read ${file}: ${cause.message}`, {
      cause,
      hint: 'name a tar archive: file=x.tar.gz',
    })
  })
  try {
    const stats = await handle.stat()
    if (!stats.isFile()) throw new ReleaserError('USAGE', `${file} is not a file`, { hint: 'for a folder: releaser pack dir=…' })
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0)
    const compression = compressionOf(buffer.subarray(0, bytesRead))
    const stored = (): AsyncIterable<Buffer> => createReadStream(file, { highWaterMark: READ_CHUNK })
    const read = () => (compression ? decompressor(compression)(stored()) : stored())
    return { packedBytes: stats.size, read }
  } finally {
    await handle.close()
  }
}

/** Lays a tar that can be trusted out in a folder. */
export async function unpack(source: AsyncIterable<Buffer>, dir: string, strip: number): Promise<void> {
  const options: ExtractOptions & Untold = {
    extract: tar.extract(EXTRACT),
    map: (header: Headers & { linkname?: string }) => {
      header.name = entryPath(header.name, strip)
      if (header.type === 'link') header.linkname = entryPath(header.linkname ?? '', strip)
      return header
    },
    // The root, and what strip leaves nothing of.
    ignore: (path) => resolve(path) === resolve(dir),
    chown: false,
    utimes: false,
    umask: 0,
    dmode: 0o700,
    fmode: 0o400,
    // It refuses links to links, such as libx.so -> libx.so.1; every link was followed to its end before.
    validateSymlinks: false,
  }
  await pipeline(source, tarFs.extract(dir, options))
}

/** Options of tar-fs that its types do not tell. */
interface Untold {
  readonly extract: ReturnType<typeof tar.extract>
  readonly chown: boolean
  readonly utimes: boolean
  readonly umask: number
  readonly validateSymlinks: boolean
}

function told(error: unknown, file: string): unknown {
  if (error instanceof ReleaserError) return error
  const reason = error instanceof Error ? error.message : String(error)
  return new ReleaserError('USAGE', `${file} is damaged, or no tar archive (gzip, zstd or plain): ${reason}`, {
    cause: error,
    hint: 'fetch or make it again',
  })
}
