import { createHash, hash } from 'node:crypto'
import { readSync } from 'node:fs'
import { open, realpath, rm } from 'node:fs/promises'
import { relative } from 'node:path'
import { type ErrorCode, ReleaserError } from '../model/errors.ts'
import { countFiles, type Entry, encodeManifest, type Manifest } from '../model/manifest.ts'
import { type Compression, compressInto, READ_CHUNK } from './compression.ts'
import { platforms } from './platforms.ts'
import { hasZstd } from './tarball.ts'
import { sweepTemporary, temporaryPath } from './temporary.ts'
import { type Tree, walkTree } from './tree.ts'
import { treeArchive } from './tree-archive.ts'
import { checkSame } from './tree-changes.ts'

export interface PackOptions {
  readonly dir: string
  /** The store that the tarball is meant for; where it lies within `dir`, it stays out. */
  readonly storeDir: string
  readonly app: string
  readonly exclude?: readonly string[]
  readonly absoluteLinks?: readonly string[] | 'all'
  /** What a refusal is thrown as: BUILD where left out. */
  readonly code?: ErrorCode
  /** Where left out, zstd if this machine has it. */
  readonly compression?: Compression
  /** Bytes of files packed so far, of all. */
  readonly onProgress?: (done: number, total: number) => void
  readonly signal?: AbortSignal
}

/** A tree as a tarball in a temporary file of the store, on disk, ready for `store.add`. */
export interface Packed {
  readonly file: string
  readonly manifest: Manifest
  /** The manifest's canonical bytes, of which `digest` is the hash. */
  readonly canonical: string
  readonly digest: string
  /** Of the tarball. */
  readonly sha256: string
  readonly md5: string
  readonly bytes: number
  readonly files: number
  readonly unpackedBytes: number
  readonly compression: Compression
  /** What the programs in it were built for. */
  readonly platforms: readonly string[]
  readonly warnings: readonly string[]
}

/**
 * Packs a folder. The same tree gives the same manifest and the same tar, wherever and whenever it is packed. Fails with
 * `code` where walkTree refuses the folder, or something in it changes meanwhile; then nothing is left of the tarball.
 */
export async function packTree(options: PackOptions): Promise<Packed> {
  const { dir, storeDir, exclude = [], absoluteLinks = [], code = 'BUILD', signal } = options
  await sweepTemporary(storeDir)
  const tree = await walkTree(dir, { exclude, leaveOut: await storeWithin(dir, storeDir), absoluteLinks, code })
  const compression = options.compression ?? ((await hasZstd()) ? 'zstd' : 'gzip')
  const file = await temporaryPath(storeDir, compression === 'zstd' ? '.tar.zst' : '.tar.gz')
  try {
    const reading = readTree(tree, options)
    const tarball = await writeTarball(file, compression, reading.chunks(), signal)
    return { file, compression, ...tarball, ...(await reading.content()) }
  } catch (error) {
    await rm(file, { force: true })
    throw told(error, code, signal)
  }
}

type Content = Omit<Packed, 'file' | 'compression' | keyof Written>

/** A tree as a tar, and what is in it, which is known when all of it is read. */
function readTree(tree: Tree, { dir, code = 'BUILD', onProgress, signal }: PackOptions) {
  const programs = platforms()
  const manifest: Entry[] = []
  let done = 0
  let sum: number | undefined
  const total = (): number => {
    sum ??= tree.bytes
    return sum
  }
  let known: Promise<Content> | undefined
  async function* chunks() {
    const onEntry = (entry: Entry) => manifest.push(entry)
    const onBytes = (bytes: number): void => {
      done += bytes
    }
    for await (const chunk of treeArchive(tree, { dir, code, onHead: programs.see, onEntry, onBytes })) {
      // Of how much is not known before.
      if (tree.whole()) onProgress?.(done, total())
      signal?.throwIfAborted()
      yield chunk
    }
    // While the compressor finishes.
    known = lookAgain()
    known.catch(() => {})
  }
  async function lookAgain(): Promise<Content> {
    checkSame(tree.entries, await tree.again(), code)
    const canonical = encodeManifest(manifest)
    const digest = `sha256:${hash('sha256', canonical)}`
    const counts = { files: countFiles(manifest), unpackedBytes: done }
    return { manifest, canonical, digest, ...counts, platforms: programs.words(), warnings: tree.warnings }
  }
  async function content(): Promise<Content> {
    if (known !== undefined) return known
    // An archive that stops short looks like a whole one to most programs.
    throw new Error(`the tarball holds ${manifest.length} entries where ${tree.entries.length} were found`)
  }
  return { chunks, content }
}

type Written = Pick<Packed, 'sha256' | 'md5' | 'bytes'>

/** On disk when it returns. */
async function writeTarball(
  file: string,
  compression: Compression,
  chunks: AsyncIterable<Buffer>,
  signal: AbortSignal | undefined,
): Promise<Written> {
  const output = await open(file, 'wx+', 0o600)
  let early: Promise<void> | undefined
  async function* source() {
    yield* chunks
    // Most of it can go to the disk while the compressor finishes.
    early = output.datasync()
    early.catch(() => {})
  }
  try {
    const sums = growingSums(output.fd)
    await compressInto(output.fd, compression, source(), sums.goOn)
    signal?.throwIfAborted()
    sums.goOn()
    await early
    await output.sync()
    return sums.result()
  } finally {
    await early?.catch(() => {})
    await output.close()
  }
}

/** Hashes of a file that still grows: `goOn` takes what has come since. It was just written, and is read from memory. */
function growingSums(fd: number) {
  const sums = { sha256: createHash('sha256'), md5: createHash('md5') }
  const buffer = Buffer.allocUnsafeSlow(READ_CHUNK)
  let bytes = 0
  const goOn = (): void => {
    for (;;) {
      const got = readSync(fd, buffer, 0, buffer.length, bytes)
      if (got === 0) return
      const more = buffer.subarray(0, got)
      sums.sha256.update(more)
      sums.md5.update(more)
      bytes += got
    }
  }
  const result = (): Written => ({ sha256: sums.sha256.digest('hex'), md5: sums.md5.digest('hex'), bytes })
  return { goOn, result }
}

/** The pattern that keeps a store out of the folder it lies in. */
async function storeWithin(dir: string, storeDir: string): Promise<string[]> {
  const [from, to] = await Promise.all([dir, storeDir].map((path) => realpath(path).catch(() => path)))
  const path = relative(from ?? dir, to ?? storeDir)
  if (path === '') return ['**']
  return path === '..' || path.startsWith('../') ? [] : [`/${path}/`]
}

function told(error: unknown, code: ErrorCode, signal: AbortSignal | undefined): unknown {
  if (error instanceof ReleaserError) return error
  if (signal?.aborted)
    return new ReleaserError('INTERRUPTED', 'stopped while packing', { cause: error, hint: 'nothing was stored' })
  if (!(error instanceof Error && 'syscall' in error)) return error
  return new ReleaserError(code, `cannot write the tarball: ${error.message}`, {
    cause: error,
    hint: 'see whether the disk of the store is full, and who may write there',
  })
}
