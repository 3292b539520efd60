import { createInterface } from 'node:readline/promises'
import { ReleaserError } from '../model/errors.ts'
import type { Choice, Listing } from './browse-state.ts'
import type { Terminal } from './enquirer.ts'
import { askHidden } from './hidden.ts'
import type { Prompter } from './prompt.ts'
import { oneLine } from './sanitize.ts'
import { table } from './table.ts'

/** Entries that a dumb terminal shows at once. */
const SHOWN = 40

/** Asks in whole lines, for a terminal that knows neither cursor nor colours. */
export function createPlainPrompter(terminal: Terminal): Prompter {
  const say = (text: string): void => void terminal.stdout.write(`${text}\n`)
  const asked = async (question: string): Promise<string> => {
    const answer = await readLine(terminal, question)
    if (answer === undefined) throw new ReleaserError('INTERRUPTED', 'stopped at a question')
    return answer
  }
  /** A list that has not changed is not shown again. */
  let shown = ''
  return {
    async confirm(question, initial) {
      for (;;) {
        const answer = (await asked(`${oneLine(question)} ${initial ? '[Y/n]' : '[y/N]'} `)).toLowerCase()
        if (answer === '') return initial
        if (['y', 'yes', 'n', 'no'].includes(answer)) return answer.startsWith('y')
        say('y or n')
      }
    },
    async select(question, labels) {
      labels.forEach((label, index) => void say(`${String(index + 1).padStart(4)}  ${oneLine(label)}`))
      for (;;) {
        const index = Number(await asked(`${oneLine(question)} [1-${labels.length}] `)) - 1
        if (index in labels) return index
        say(`a number from 1 to ${labels.length}`)
      }
    },
    async input(question, initial, check) {
      for (;;) {
        const typed = await asked(`${oneLine(question)}${initial === undefined ? '' : ` [${oneLine(initial)}]`} `)
        const answer = typed === '' ? (initial ?? '') : typed
        const wrong = check(answer)
        if (wrong === undefined) return answer
        say(wrong)
      }
    },
    secret: (question) => askHidden(terminal, question),
    async browse(listing) {
      const list = listed(listing)
      if (list !== shown) say(list)
      shown = list
      for (;;) {
        const line = await readLine(terminal, `${listing.prompt} `)
        if (line === undefined) return 'leave'
        const choice = chosen(listing, line)
        if (choice !== undefined) return choice
      }
    },
  }
}

/** The list with a number before each entry, which is typed to choose it. */
function listed<T>({ title, headings, items, empty }: Listing<T>): string {
  const rows = items.slice(0, SHOWN).map(({ cells }, index) => [String(index + 1), ...cells])
  const more = items.length > SHOWN ? [`… and ${items.length - SHOWN} more`] : []
  const list = rows.length === 0 ? empty : table(['', ...headings], rows)
  return [...title.map(oneLine), list, ...more, 'a number, several by blanks, a word (h lists them), or .. to go back'].join('\n')
}

function chosen<T>({ items }: Listing<T>, line: string): Choice<T> | undefined {
  if (line === '') return undefined
  if (line === '..') return 'back'
  if (!/^[\d ]+$/.test(line)) return { line, marked: [] }
  const values = line.split(/ +/).map((number) => items[Number(number) - 1])
  return values.every((item) => item !== undefined) ? { chosen: values.map((item) => item.value) } : { line, marked: [] }
}

/** A line without blanks around it; undefined at the end of the input. Fails with INTERRUPTED when it is aborted. */
async function readLine({ stdin, stdout, signal }: Terminal, question: string): Promise<string | undefined> {
  const asking = signal()
  asking.throwIfAborted()
  const lines = createInterface({ input: stdin, output: stdout, terminal: false })
  try {
    const ended = new Promise<undefined>((resolve) => lines.once('close', () => resolve(undefined)))
    const answer = await Promise.race([lines.question(question, { signal: asking }), ended])
    return answer?.trim()
  } catch (error) {
    if (asking.aborted) throw new ReleaserError('INTERRUPTED', 'stopped at a question', { cause: error })
    throw error
  } finally {
    lines.close()
    stdin.pause()
  }
}
