import { createHash, hash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { realpath, rm } from 'node:fs/promises'
import { relative } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { isDeepStrictEqual } from 'node:util'
import { type ErrorCode, ReleaserError } from '../model/errors.ts'
import { countFiles, type Entry, encodeManifest, type Manifest } from '../model/manifest.ts'
import { batched, type Compression, compressor, decompressor, READ_CHUNK } from './compression.ts'
import { platformsOf } from './platforms.ts'
import { eachEntry } from './tar-entries.ts'
import { hasZstd } from './tarball.ts'
import { sweepTemporary, temporaryPath } from './temporary.ts'
import { type Tree, walkTree } from './tree.ts'
import { changedWhilePacking, treeArchive } from './tree-archive.ts'

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
  const { dir, storeDir, exclude = [], absoluteLinks = [], code = 'BUILD' } = options
  await sweepTemporary(storeDir)
  const rules = { exclude, leaveOut: await storeWithin(dir, storeDir), absoluteLinks, code }
  const tree = await walkTree(dir, rules)
  const compression = options.compression ?? ((await hasZstd()) ? 'zstd' : 'gzip')
  const file = await temporaryPath(storeDir, compression === 'zstd' ? '.tar.zst' : '.tar.gz')
  try {
    const { manifest, ...tarball } = await writeTarball(file, compression, tree, options)
    const [again] = await Promise.all([walkTree(dir, rules), checkCount(file, compression, tree)])
    checkSame(tree, again, code)
    const platforms = await platformsOf(dir, tree)
    const canonical = encodeManifest(manifest)
    const digest = `sha256:${hash('sha256', canonical)}`
    const counts = { files: countFiles(manifest), unpackedBytes: tree.bytes }
    return { file, manifest, canonical, digest, ...tarball, ...counts, compression, platforms, warnings: tree.warnings }
  } catch (error) {
    await rm(file, { force: true })
    throw told(error, code, options.signal)
  }
}

async function writeTarball(file: string, compression: Compression, tree: Tree, options: PackOptions) {
  const manifest: Entry[] = []
  const sums = { sha256: createHash('sha256'), md5: createHash('md5'), bytes: 0 }
  let done = 0
  const plain = treeArchive(tree, {
    dir: options.dir,
    code: options.code ?? 'BUILD',
    onEntry: (entry) => manifest.push(entry),
    onBytes: (bytes) => {
      done += bytes
      options.onProgress?.(done, tree.bytes)
    },
  })
  const tarball = compressor(compression)(batched(plain))
  const output = createWriteStream(file, { flags: 'wx', mode: 0o600, flush: true })
  const signal = options.signal ? { signal: options.signal } : {}
  await pipeline(tarball, (source: AsyncIterable<Buffer>) => summed(source, sums), output, signal)
  return { manifest, sha256: sums.sha256.digest('hex'), md5: sums.md5.digest('hex'), bytes: sums.bytes }
}

async function* summed(
  source: AsyncIterable<Buffer>,
  sums: { sha256: ReturnType<typeof createHash>; md5: ReturnType<typeof createHash>; bytes: number },
) {
  for await (const chunk of source) {
    sums.sha256.update(chunk)
    sums.md5.update(chunk)
    sums.bytes += chunk.length
    yield chunk
  }
}

/** Reads the finished tarball once more: an archive that stops short looks like a whole one to most programs. */
async function checkCount(file: string, compression: Compression, tree: Tree): Promise<void> {
  let count = 0
  await eachEntry(decompressor(compression)(createReadStream(file, { highWaterMark: READ_CHUNK })), () => {
    count++
  })
  if (count !== tree.entries.length)
    throw new Error(`the tarball holds ${count} entries where ${tree.entries.length} were packed`)
}

function checkSame(tree: Tree, again: Tree, code: ErrorCode): void {
  const longer = again.entries.length > tree.entries.length ? again : tree
  const other = longer === tree ? again : tree
  const changed = longer.entries.find((entry, index) => !isDeepStrictEqual(entry, other.entries[index]))
  if (changed) throw changedWhilePacking(changed.path, code)
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
