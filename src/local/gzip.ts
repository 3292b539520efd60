import { promisify } from 'node:util'
import { constants, crc32, deflateRaw } from 'node:zlib'

// So many blocks are compressed at a time: as many as Node has threads for it.
const AT_ONCE = 4
// How far back a block may refer into the one before.
const WINDOW = 32 * 1024
// No name, no time, made on Unix.
const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3])
// An empty block that says to be the last.
const LAST = Buffer.from([3, 0])

/**
 * Compresses to one gzip stream on several processors, as pigz does: each chunk becomes a block of its own that begins with
 * the end of the one before as its dictionary. The same chunks give the same bytes; small ones are better joined before.
 */
export async function* gzip(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield HEADER
  const blocks: Promise<Buffer>[] = []
  let sum = 0
  let bytes = 0
  let before: Buffer | undefined
  for await (const chunk of source) {
    sum = crc32(chunk, sum)
    bytes += chunk.length
    // It may be lent.
    const own = Buffer.from(chunk)
    const block = deflated(own, before)
    // Whoever stops reading leaves some behind.
    block.catch(() => {})
    blocks.push(block)
    before = own.subarray(-WINDOW)
    const first = blocks.length >= AT_ONCE ? blocks.shift() : undefined
    if (first) yield await first
  }
  for (const block of blocks) yield await block
  yield LAST
  yield trailer(sum, bytes)
}

const deflate = promisify<Buffer, Parameters<typeof deflateRaw>[1], Buffer>(deflateRaw)

function deflated(chunk: Buffer, dictionary: Buffer | undefined): Promise<Buffer> {
  // A sync flush ends a block at a whole byte, so that the next can follow.
  const ends = { level: 6, chunkSize: chunk.length + 64, finishFlush: constants.Z_SYNC_FLUSH }
  return deflate(chunk, dictionary ? { ...ends, dictionary } : ends)
}

function trailer(sum: number, bytes: number): Buffer {
  const end = Buffer.alloc(8)
  end.writeUInt32LE(sum, 0)
  end.writeUInt32LE(bytes % 2 ** 32, 4)
  return end
}
