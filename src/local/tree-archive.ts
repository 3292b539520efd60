import { createHash, hash } from 'node:crypto'
import { closeSync, constants, openSync, readSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { type ErrorCode, ReleaserError } from '../model/errors.ts'
import type { Entry } from '../model/manifest.ts'
import { TAR_END, tarHeader, tarPadding } from './tar-header.ts'
import type { Tree, TreeFile } from './tree.ts'
import { changedWhilePacking } from './tree-changes.ts'

export interface ArchiveOptions {
  readonly dir: string
  readonly code: ErrorCode
  /** Called with the bytes of files that were read since the last call. */
  readonly onBytes: (bytes: number) => void
  /** Called with how a file's content begins, 4 KB of it where there is as much. The bytes are lent. */
  readonly onHead: (file: TreeFile, head: Buffer) => void
  /** Called with each entry when it is in, its hash that of the bytes that went in. */
  readonly onEntry: (entry: Entry) => void
}

const CHUNK = 1 << 20
// Files of up to so many bytes share chunks.
const SMALL = 256 * 1024
// What a header may take at most: two of the longest paths that there are.
const HEADER = 16 * 1024
const HEAD = 4096
// A link or a FIFO that takes a file's place after the walk is neither followed nor waited for.
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/**
 * The tar bytes of a walked tree, in chunks of up to 1 MB, cut the same way wherever it is done. A file that cannot be read
 * or is shorter by now is refused with `code`. Chunks are lent: all lie in the same memory, and each is good until the next
 * is asked for. Each file is opened and read once, without promises: several of them for a small file cost many times what
 * the reading does. Between two chunks it is the turn of others.
 */
export async function* treeArchive(tree: Tree, options: ArchiveOptions): AsyncGenerator<Buffer> {
  try {
    for (const chunk of chunks(tree, options)) {
      yield chunk
      await setImmediate()
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
  for (const entry of tree.entries) {
    if (used + HEADER + SMALL > CHUNK) yield flush()
    used += tarHeader(entry).copy(chunk, used)
    if (entry.type !== 'file') {
      options.onEntry(entry)
      continue
    }
    if (entry.size <= SMALL) used += readSmall(entry, chunk.subarray(used), options)
    else {
      yield flush()
      yield* readLarge(entry, chunk, options)
    }
    used += TAR_END.copy(chunk, used, 0, tarPadding(entry.size))
  }
  used += TAR_END.copy(chunk, used)
  yield flush()
}

function readSmall(file: TreeFile, chunk: Buffer, options: ArchiveOptions): number {
  const content = chunk.subarray(0, file.size)
  const fd = openSync(`${options.dir}/${file.path}`, FLAGS)
  try {
    fill(fd, content, file, options)
  } finally {
    closeSync(fd)
  }
  options.onHead(file, content.subarray(0, HEAD))
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
      if (left === file.size) options.onHead(file, content.subarray(0, HEAD))
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
