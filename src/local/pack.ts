import { createHash, hash } from 'node:crypto'
import { writeSync } from 'node:fs'
import { open, realpath, rm } from 'node:fs/promises'
import { relative } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { type ErrorCode, ReleaserError } from '../model/errors.ts'
import { countFiles, type Entry, encodeManifest, type Manifest } from '../model/manifest.ts'
import { type Compression, compressor } from './compression.ts'
import { type Platforms, platforms } from './platforms.ts'
import { hasZstd } from './tarball.ts'
import { sweepTemporary, temporaryPath } from './temporary.ts'
import { type Tree, type TreeEntry, walkAgain, walkTree } from './tree.ts'
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
    const programs = platforms()
    const again = () => walkAgain(dir, rules)
    const { manifest, looked, ...tarball } = await writeTarball({ file, compression, tree, programs, again }, options)
    checkSame(tree.entries, await looked, code)
    const canonical = encodeManifest(manifest)
    const digest = `sha256:${hash('sha256', canonical)}`
    const counts = { files: countFiles(manifest), unpackedBytes: tree.bytes }
    return {
      file,
      manifest,
      canonical,
      digest,
      ...tarball,
      ...counts,
      compression,
      platforms: programs.words(),
      warnings: tree.warnings,
    }
  } catch (error) {
    await rm(file, { force: true })
    throw told(error, code, options.signal)
  }
}

interface Tarball {
  readonly file: string
  readonly compression: Compression
  readonly tree: Tree
  readonly programs: Platforms
  /** Looks at the tree once more. */
  readonly again: () => Promise<readonly TreeEntry[]>
}

async function writeTarball({ file, compression, tree, programs, again }: Tarball, options: PackOptions) {
  const { dir, code = 'BUILD', onProgress, signal } = options
  const manifest: Entry[] = []
  let done = 0
  const onBytes = (bytes: number): void => {
    done += bytes
  }
  const archive = treeArchive(tree, { dir, code, onHead: programs.see, onEntry: (entry) => manifest.push(entry), onBytes })
  let looked: Promise<readonly TreeEntry[]> | undefined
  async function* source() {
    for await (const chunk of archive) {
      onProgress?.(done, tree.bytes)
      signal?.throwIfAborted()
      yield chunk
    }
    // While the compressor finishes.
    looked = again()
    looked.catch(() => {})
  }
  const sums = { sha256: createHash('sha256'), md5: createHash('md5') }
  let bytes = 0
  const output = await open(file, 'wx', 0o600)
  try {
    for await (const chunk of compressor(compression)(source())) {
      signal?.throwIfAborted()
      sums.sha256.update(chunk)
      sums.md5.update(chunk)
      for (let at = 0; at < chunk.length; ) at += writeSync(output.fd, chunk, at)
      bytes += chunk.length
    }
    await output.sync()
  } finally {
    await output.close()
  }
  // An archive that stops short looks like a whole one to most programs.
  if (manifest.length !== tree.entries.length)
    throw new Error(`the tarball holds ${manifest.length} entries where ${tree.entries.length} were found`)
  return { manifest, looked: looked ?? again(), sha256: sums.sha256.digest('hex'), md5: sums.md5.digest('hex'), bytes }
}

function checkSame(entries: readonly TreeEntry[], again: readonly TreeEntry[], code: ErrorCode): void {
  const [longer, other] = again.length > entries.length ? [again, entries] : [entries, again]
  const changed = longer.find((entry, index) => !isDeepStrictEqual(entry, other[index]))
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
