import { createReadStream } from 'node:fs'
import { mkdir, open, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import tarFs, { type ExtractOptions, type Headers } from 'tar-fs'
import tar from 'tar-stream'
import { ReleaserError } from '../model/errors.ts'
import { type ArchiveLimits, checkArchive, entryPath } from './archive-check.ts'
import { decompressor, READ_CHUNK } from './compression.ts'
import { type Packed, packTree } from './pack.ts'
import { EXTRACT } from './tar-entries.ts'
import { sweepTemporary, temporaryPath } from './temporary.ts'

export interface ImportOptions {
  /** A tar archive: gzip, zstd or plain. */
  readonly file: string
  readonly storeDir: string
  readonly app: string
  /** Leading folders that every path of the archive loses; none where left out. */
  readonly strip?: number
  readonly exclude?: readonly string[]
  readonly absoluteLinks?: readonly string[]
  readonly limits?: ArchiveLimits
  readonly onProgress?: (done: number, total: number) => void
  readonly signal?: AbortSignal
}

const LIMITS: ArchiveLimits = { entries: 1_000_000, bytes: 20e9, ratio: 200 }

/**
 * Packs what a ready archive holds, after reading all of it once: hostile, damaged and cut ones are refused with USAGE (2)
 * before anything is written. It is unpacked into a private folder of the store, which is gone afterwards.
 */
export async function importTarball(options: ImportOptions): Promise<Packed> {
  const { file, storeDir, app, strip = 0, exclude = [], absoluteLinks = [], limits = LIMITS, onProgress, signal } = options
  const { packedBytes, read } = await openArchive(file)
  await checkArchive(read(), { packedBytes, strip, absoluteLinks, limits }).catch((error: unknown) => {
    throw told(error, file)
  })
  await sweepTemporary(storeDir)
  const dir = await temporaryPath(storeDir, '')
  try {
    await mkdir(dir, { mode: 0o700 })
    await unpack(read(), dir, strip).catch((cause: Error) => {
      throw new ReleaserError('BUILD', `cannot unpack ${file}: ${cause.message}`, {
        cause,
        hint: `see whether the disk of ${storeDir} is full`,
      })
    })
    const also = { ...(onProgress && { onProgress }), ...(signal && { signal }) }
    return await packTree({ dir, storeDir, app, exclude, absoluteLinks, code: 'USAGE', ...also })
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

const MAGIC = { gzip: '1f8b', zstd: '28b52ffd' } as const

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
    const magic = buffer.subarray(0, bytesRead).toString('hex')
    const stored = (): AsyncIterable<Buffer> => createReadStream(file, { highWaterMark: READ_CHUNK })
    const read = () =>
      magic.startsWith(MAGIC.gzip)
        ? decompressor('gzip')(stored())
        : magic === MAGIC.zstd
          ? decompressor('zstd')(stored())
          : stored()
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
