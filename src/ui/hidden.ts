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
  // Before the question: what is typed from then on must not be shown.
  stdin.setRawMode(true)
  stdout.write(`${oneLine(question)} `)
  const end: { now: () => void; keys: (bytes: Buffer) => void } = { now: () => {}, keys: () => {} }
  try {
    return await new Promise<string>((resolve, reject) => {
      end.now = () => reject(new ReleaserError('INTERRUPTED', 'stopped at a question'))
      end.keys = lineOfKeys(resolve, end.now)
      stopping.addEventListener('abort', end.now, { once: true })
      stdin.once('end', end.now).on('data', end.keys).resume()
    })
  } finally {
    stopping.removeEventListener('abort', end.now)
    stdin.off('end', end.now).off('data', end.keys).pause()
    stdin.setRawMode(wasRaw)
    stdout.write('\n')
  }
}

const [INTERRUPT, END, BACKSPACE, DELETE, KILL_LINE] = ['\u0003', '\u0004', '\b', '\u007f', '\u0015']

/** Hears keys until they make a line, or somebody wants to stop. */
function lineOfKeys(done: (line: string) => void, stop: () => void): (bytes: Buffer) => void {
  const decoder = new StringDecoder('utf8')
  let letters: string[] = []
  const hear = (letter: string): void => {
    if (letter === '\r' || letter === '\n') done(letters.join(''))
    else if (letter === INTERRUPT || letter === END) stop()
    else if (letter === BACKSPACE || letter === DELETE) letters.pop()
    else if (letter === KILL_LINE) letters = []
    else if (letter >= ' ') letters.push(letter)
  }
  return (bytes) => {
    for (const letter of decoder.write(bytes)) hear(letter)
  }
}
