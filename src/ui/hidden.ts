import { StringDecoder } from 'node:string_decoder'
import { ReleaserError } from '../model/errors.ts'
import type { Terminal } from './enquirer.ts'
import { oneLine } from './sanitize.ts'

/**
 * Asks for a line of which nothing is shown, not even its length. Ctrl-U takes back what was typed. Fails with INTERRUPTED at Ctrl-C,
 * Ctrl-D, the end of the input and an abort.
 */
export async function askHidden({ stdin, stdout, signal }: Terminal, question: string): Promise<string> {
  const stopping = signal()
  stopping.throwIfAborted()
  const wasRaw = stdin.isRaw
  const stop: { now: () => void } = { now: () => {} }
  const typed = lineOfKeys()
  const onKeys = (bytes: Buffer): void => typed.hear(bytes)
  try {
    // Before the question: what is typed from then on must not be shown.
    stdin.setRawMode(true)
    stdout.write(`${oneLine(question)} `)
    return await new Promise<string>((resolve, reject) => {
      stop.now = () => reject(new ReleaserError('INTERRUPTED', 'stopped at a question'))
      typed.line.then((line) => (line === undefined ? stop.now() : resolve(line)))
      stopping.addEventListener('abort', stop.now, { once: true })
      stdin.once('end', stop.now)
      stdin.on('data', onKeys).resume()
    })
  } finally {
    stopping.removeEventListener('abort', stop.now)
    stdin.off('end', stop.now).off('data', onKeys).pause()
    stdin.setRawMode(wasRaw)
    stdout.write('\n')
  }
}

const [INTERRUPT, END, BACKSPACE, DELETE, KILL_LINE] = ['\u0003', '\u0004', '\b', '\u007f', '\u0015']

/** Makes a line of keys; undefined where somebody wants to stop. */
function lineOfKeys() {
  const decoder = new StringDecoder('utf8')
  const known: { tell: (line: string | undefined) => void } = { tell: () => {} }
  const line = new Promise<string | undefined>((tell) => {
    known.tell = tell
  })
  let letters: string[] = []
  const hear = (bytes: Buffer): void => {
    for (const letter of decoder.write(bytes)) {
      if (letter === '\r' || letter === '\n') return known.tell(letters.join(''))
      if (letter === INTERRUPT || letter === END) return known.tell(undefined)
      if (letter === BACKSPACE || letter === DELETE) letters.pop()
      else if (letter === KILL_LINE) letters = []
      else if (letter >= ' ') letters.push(letter)
    }
  }
  return { line, hear }
}
