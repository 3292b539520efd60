import { createHash, hash } from 'node:crypto'
import type { Pack } from 'tar-stream'
import { type ErrorCode, ReleaserError } from '../model/errors.ts'
import type { Entry } from '../model/manifest.ts'
import { type Read, readAhead, readChunks } from './read-ahead.ts'
import { addEntry, archive } from './tar-entries.ts'
import { shown, type Tree, type TreeFile } from './tree.ts'

export interface ArchiveOptions {
  readonly dir: string
  readonly code: ErrorCode
  /** Called with the bytes of files that went in since the last call. */
  readonly onBytes: (bytes: number) => void
  /** Called with each entry when it is in, its hash that of the bytes that went in. */
  readonly onEntry: (entry: Entry) => void
}

/** The tar bytes of a walked tree. A file that cannot be read or has another length by now is refused with `code`. */
export function treeArchive(tree: Tree, options: ArchiveOptions): AsyncGenerator<Buffer> {
  return archive(async (pack) => {
    try {
      for await (const read of readAhead(options.dir, tree.entries)) options.onEntry(await add(pack, read, options))
    } catch (cause) {
      throw cause instanceof Error && 'syscall' in cause ? cannotRead(cause, options.code) : cause
    }
  })
}

/** The refusal of a tree in which somebody still writes. */
export function changedWhilePacking(path: string, code: ErrorCode): ReleaserError {
  return new ReleaserError(code, `${shown(path)} changed while it was packed`, {
    hint: 'stop what still writes there, and try again',
  })
}

async function add(pack: Pack, { entry, data }: Read, { dir, code, onBytes }: ArchiveOptions): Promise<Entry> {
  if (entry.type !== 'file') {
    await addEntry(pack, entry)
    return entry
  }
  const { type, path, mode, size } = entry
  if (data === undefined) {
    const sum = createHash('sha256')
    await addEntry(
      pack,
      entry,
      whole(entry, readChunks(dir, entry), code, (chunk) => {
        sum.update(chunk)
        onBytes(chunk.length)
      }),
    )
    return { type, path, mode, size, sha256: sum.digest('hex') }
  }
  if (data.length !== size) throw changedWhilePacking(path, code)
  await addEntry(pack, entry, data)
  onBytes(size)
  return { type, path, mode, size, sha256: hash('sha256', data) }
}

async function* whole(
  file: TreeFile,
  chunks: AsyncIterable<Buffer>,
  code: ErrorCode,
  see: (chunk: Buffer) => void,
): AsyncGenerator<Buffer> {
  let left = file.size
  for await (const chunk of chunks) {
    see(chunk)
    left -= chunk.length
    yield chunk
  }
  if (left !== 0) throw changedWhilePacking(file.path, code)
}

function cannotRead(cause: Error, code: ErrorCode): ReleaserError {
  return new ReleaserError(code, `cannot read what is packed: ${cause.message}`, {
    cause,
    hint: 'see who may read it, and whether something still writes there',
  })
}
