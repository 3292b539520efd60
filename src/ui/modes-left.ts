/** What a program has told a terminal that outlives it: full screen, a hidden cursor, a mouse that sends keys. */
export interface ModesLeft {
  /** Reads what goes to the terminal. */
  read(chunk: Buffer): void
  /** The sequences that take back what was not taken back by the program itself. */
  undo(): string
}

/** Those that a terminal has on from the start: wrapping, and the cursor. */
const ON = new Set(['7', '25'])

/** Longer than any sequence that matters: one that is cut in two waits for its other half. */
const HELD = 32

export function modesLeft(): ModesLeft {
  const changed = new Set<string>()
  let held = ''
  return {
    read(chunk) {
      const text = held + chunk.toString('latin1')
      let end = 0
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are control sequences
      for (const match of text.matchAll(/\u001b\[\?([\d;]+)([hl])/g)) {
        end = match.index + match[0].length
        for (const mode of (match[1] ?? '').split(';')) {
          if ((match[2] === 'h') === ON.has(mode)) changed.delete(mode)
          else changed.add(mode)
        }
      }
      held = text.slice(Math.max(end, text.length - HELD))
    },
    undo: () =>
      [...changed].map((mode) => `\u001b[?${mode}${ON.has(mode) ? 'h' : 'l'}`).join('') + (changed.size > 0 ? '\u001b[0m' : ''),
  }
}
