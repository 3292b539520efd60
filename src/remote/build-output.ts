import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { splitLines } from '../model/split-lines.ts'

/** What a build prints, line by line, of which the last ones are kept. */
export interface Output {
  readonly push: (chunk: Buffer) => void
  /** Settles when all has come; soon, where something that was left behind keeps the stream open. */
  ended(stream: Readable): Promise<void>
  readonly last: readonly string[]
}

const KEPT_LINES = 20
const LINGER_MS = 1000

export function keepOutput(onLine: ((line: string) => void) | undefined): Output {
  const decoder = new StringDecoder('utf8')
  const lines: string[] = []
  const splitter = splitLines((line) => {
    if (lines.push(line) > KEPT_LINES) lines.shift()
    onLine?.(line)
  })
  return {
    push: (chunk) => splitter.push(decoder.write(chunk)),
    ended: async (stream) => {
      if (!stream.readableEnded && !stream.destroyed)
        await new Promise<void>((resolve) => {
          setTimeout(resolve, LINGER_MS).unref()
          stream.once('end', resolve).once('close', resolve)
        })
      splitter.end()
    },
    last: lines,
  }
}
