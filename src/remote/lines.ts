import { Readable } from 'node:stream'
import { ReleaserError } from '../model/errors.ts'
import { size } from '../model/size.ts'

/** Reads a byte stream line by line, and hands over the rest as it is. */
export interface LineReader {
  /** The next line without its newline; null at the end. A last line without newline counts. */
  next(): Promise<string | null>
  /** What comes after the lines read so far, as a stream. No `next` after that. */
  rest(): Readable
}

/**
 * Counts what a host has said, and fails with CONNECTION where it is more than `most` characters: what it says is held in memory, and
 * nothing of ours says that much.
 */
export function notEndless(most: number, what: string): (line: string) => void {
  let said = 0
  return (line) => {
    said += line.length + 1
    if (said > most)
      throw new ReleaserError('CONNECTION', `the host says more than ${size(most)} of ${what}`, {
        hint: 'see what it says instead of what it is asked: releaser check, or ssh to it by hand',
      })
  }
}

/** A longer line than any of ours: whoever sends it does not speak our language. */
const LONGEST = 256 * 1024

export function lineReader(stream: Readable): LineReader {
  let held: Buffer = Buffer.alloc(0)
  let ended = false
  const wake: { now: () => void } = { now: () => {} }
  const onReadable = () => wake.now()
  const onEnd = () => {
    ended = true
    wake.now()
  }
  stream.on('readable', onReadable).once('end', onEnd).once('close', onEnd).once('error', onEnd)

  function take(length: number): string {
    const line = held.subarray(0, length).toString('utf8')
    held = held.subarray(length + 1)
    return line
  }

  async function next(): Promise<string | null> {
    for (;;) {
      const newline = held.indexOf(10)
      if (newline >= 0) return take(newline)
      if (held.length > LONGEST) return null
      const chunk: Buffer | null = stream.read()
      if (chunk) held = held.length === 0 ? chunk : Buffer.concat([held, chunk])
      else if (ended) return held.length > 0 ? take(held.length) : null
      else
        await new Promise<void>((resolve) => {
          wake.now = resolve
        })
    }
  }

  function rest(): Readable {
    stream.off('readable', onReadable)
    // What came in one piece with its end has ended before anybody asks for the rest, and takes nothing back then.
    if (ended) return Readable.from(held.length > 0 ? [held] : [], { objectMode: false })
    if (held.length > 0) stream.unshift(held)
    return stream
  }

  return { next, rest }
}
