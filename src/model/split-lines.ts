const LONGEST_LINE = 65_536

/** Cuts a stream of text into lines; of a line that was drawn over (`\r`), what stood there last. One that does not end is cut at 64 K. */
export function splitLines(take: (line: string) => unknown): { push(text: string): void; end(): void } {
  let rest = ''
  const flush = (line: string): unknown => take(line.replace(/\r+$/, '').replace(/^.*\r/s, ''))
  return {
    push(text) {
      const parts = (rest + text).split('\n')
      rest = parts.pop() ?? ''
      for (const part of parts) flush(part)
      if (rest.length < LONGEST_LINE) return
      flush(rest)
      rest = ''
    },
    end() {
      if (rest !== '') flush(rest)
      rest = ''
    },
  }
}
