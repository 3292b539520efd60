import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { READ_CHUNK } from './compression.ts'
import type { TreeEntry, TreeFile } from './tree.ts'

/** An entry with its whole content where it is a small file, so that hashing and packing need not wait for the disk. */
export interface Read {
  readonly entry: TreeEntry
  readonly data: Buffer | undefined
}

const FILES_AHEAD = 16
const BYTES_AHEAD = 8 << 20
// Beyond this a file is streamed.
const SMALL = 1 << 20
// A link or a FIFO that takes a file's place after the walk is neither followed nor waited for.
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** The entries of a tree in their order, up to 16 small files (8 MB) read ahead of the one that is asked for. */
export async function* readAhead(dir: string, entries: readonly TreeEntry[]): AsyncGenerator<Read> {
  const reading: Promise<Read>[] = []
  let bytes = 0
  for (let next = 0; next < entries.length || reading.length > 0; ) {
    const entry = entries[next]
    if (entry && reading.length < FILES_AHEAD && bytes < BYTES_AHEAD) {
      const read = readSmall(dir, entry)
      read.catch(() => {})
      reading.push(read)
      bytes += smallBytes(entry)
      next++
      continue
    }
    const read = await reading.shift()
    if (!read) continue
    bytes -= smallBytes(read.entry)
    yield read
  }
}

/** The bytes of a file that was walked, in chunks of at most 1 MB. Ends early where the file does. */
export async function* readChunks(dir: string, file: TreeFile): AsyncGenerator<Buffer> {
  const handle = await open(join(dir, file.path), FLAGS)
  try {
    for (let left = file.size; left > 0; ) {
      const buffer = Buffer.allocUnsafe(Math.min(left, READ_CHUNK))
      const { bytesRead } = await handle.read(buffer)
      if (bytesRead === 0) return
      left -= bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await handle.close()
  }
}

function smallBytes(entry: TreeEntry): number {
  return entry.type === 'file' && entry.size <= SMALL ? entry.size : 0
}

async function readSmall(dir: string, entry: TreeEntry): Promise<Read> {
  if (entry.type !== 'file' || entry.size > SMALL) return { entry, data: undefined }
  const chunks: Buffer[] = []
  for await (const chunk of readChunks(dir, entry)) chunks.push(chunk)
  return { entry, data: chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks) }
}
