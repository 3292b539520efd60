import { createHash, hash } from 'node:crypto'
import { closeSync, constants, openSync, readSync } from 'node:fs'
import { type ErrorCode, ReleaserError } from '../model/errors.ts'
import type { Entry } from '../model/manifest.ts'
import { MOST_HEADER, TAR_END, tarPadding, writeTarHeader } from './tar-header.ts'
import type { Tree } from './tree.ts'
import { changedWhilePacking } from './tree-changes.ts'
import type { TreeEntry, TreeFile } from './tree-entry.ts'

export interface ArchiveOptions {
  readonly dir: string
  readonly code: ErrorCode
  /** Called with the bytes of files that were read since the last call. */
  readonly onBytes: (bytes: number) => void
  /** Called with how a file's content begins, or all of it. The bytes are lent. */
  readonly onHead: (file: TreeFile, head: Buffer) => void
  /** Called with each entry when it is in, its hash that of the bytes that went in. */
  readonly onEntry: (entry: Entry) => void
}

const CHUNK = 1 << 20
// Files of up to so many bytes share chunks.
const SMALL = 256 * 1024
// Two jobs of zstd, and some more: what is not walked by then is walked while those are done.
const HEAD_START = 20 * CHUNK
// A link or a FIFO that takes a file's place after the walk is neither followed nor waited for.
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/**
 * The tar bytes of a tree, which is walked to its end meanwhile, in chunks of up to 1 MB, cut the same way wherever it is done.
 * A file that cannot be read or is shorter by now is refused with `code`. Chunks are lent: all lie in the same memory, and each
 * is good until the next is asked for. Each file is opened and read once, without promises: several of them for a small file
 * cost many times what the reading does. It is the turn of others while somebody takes a chunk.
 */
export async function* treeArchive(tree: Tree, options: ArchiveOptions): AsyncGenerator<Buffer> {
  try {
    let given = 0
    for (const chunk of chunks(tree, options)) {
      given += chunk.length
      yield chunk
      if (given > HEAD_START) tree.goOn()
    }
  } catch (cause) {
    throw cause instanceof Error && 'syscall' in cause ? cannotRead(cause, options.code) : cause
  }
}

function* chunks(tree: Tree, options: ArchiveOptions): Generator<Buffer> {
  const chunk = Buffer.allocUnsafeSlow(CHUNK)
  let used = 0
  const flush = (): Buffer => {
    const full = chunk.subarray(0, used)
    used = 0
    return full
  }
  for (let index = 0; ; index++) {
    const entry = entryAt(tree, index)
    if (entry === undefined) break
    if (used + MOST_HEADER + SMALL > CHUNK) yield flush()
    used += writeTarHeader(entry, chunk, used)
    if (entry.type !== 'file') {
      options.onEntry(entry)
      continue
    }
    if (entry.size <= SMALL) used += readSmall(entry, chunk, used, options)
    else {
      yield flush()
      yield* readLarge(entry, chunk, options)
    }
    const end = used + tarPadding(entry.size)
    chunk.fill(0, used, end)
    used = end
  }
  used += TAR_END.copy(chunk, used)
  yield flush()
}

/** Walks on where it is not found yet; undefined behind the last one. */
function entryAt(tree: Tree, index: number): TreeEntry | undefined {
  while (index >= tree.entries.length && !tree.whole()) tree.goOn()
  return tree.entries[index]
}

function readSmall(file: TreeFile, chunk: Buffer, at: number, options: ArchiveOptions): number {
  const content = chunk.subarray(at, at + file.size)
  const fd = openSync(`${options.dir}/${file.path}`, FLAGS)
  try {
    fill(fd, content, file, options)
  } finally {
    closeSync(fd)
  }
  options.onHead(file, content)
  options.onEntry(described(file, hash('sha256', content)))
  return file.size
}

function* readLarge(file: TreeFile, chunk: Buffer, options: ArchiveOptions): Generator<Buffer> {
  const sum = createHash('sha256')
  const fd = openSync(`${options.dir}/${file.path}`, FLAGS)
  try {
    for (let left = file.size; left > 0; ) {
      const content = chunk.subarray(0, Math.min(left, CHUNK))
      fill(fd, content, file, options)
      if (left === file.size) options.onHead(file, content)
      sum.update(content)
      left -= content.length
      yield content
    }
  } finally {
    closeSync(fd)
  }
  options.onEntry(described(file, sum.digest('hex')))
}

function described({ type, path, mode, size }: TreeFile, sha256: string): Entry {
  return { type, path, mode, size, sha256 }
}

function fill(fd: number, content: Buffer, file: TreeFile, { code, onBytes }: ArchiveOptions): void {
  for (let got = 0; got < content.length; ) {
    const more = readSync(fd, content, got, content.length - got, null)
    if (more === 0) throw changedWhilePacking(file.path, code)
    got += more
  }
  onBytes(content.length)
}

function cannotRead(cause: Error, code: ErrorCode): ReleaserError {
  return new ReleaserError(code, `cannot read what is packed: ${cause.message}`, {
    cause,
    hint: 'see who may read it, and whether something still writes there',
  })
}
