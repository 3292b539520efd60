import Enquirer from 'enquirer'
import { ReleaserError } from '../model/errors.ts'
import { oneLine } from './sanitize.ts'

/** Questions to the person at the terminal. Ctrl-C, Esc, the end of the input and an abort all end in INTERRUPTED. */
export interface Prompter {
  confirm(question: string, initial: boolean): Promise<boolean>
  /** Gives back the index of the choice. */
  select(question: string, labels: readonly string[]): Promise<number>
  input(question: string, initial: string | undefined, check: (text: string) => string | undefined): Promise<string>
}

interface Terminal {
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  readonly colour: boolean
  readonly signal: AbortSignal
}

/** What we use of enquirer's prompts; its own types know only a part of them. */
interface Prompt {
  run(): Promise<unknown>
  cancel(): Promise<void>
}
type PromptClass = new (options: Readonly<Record<string, unknown>>) => Prompt
const { Confirm, Select, Input } = Enquirer as unknown as { readonly [name in 'Confirm' | 'Select' | 'Input']: PromptClass }

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control sequences
const COLOURS = /\u001b\[[0-9;]*m/g

/** Asks through enquirer. Its `autocomplete` is never used: it dies of a typed `(`. */
export function createPrompter(terminal: Terminal): Prompter {
  return {
    async confirm(question, initial) {
      const format = (value: unknown) => (value === true ? 'yes' : 'no')
      return (await ask(Confirm, terminal, { message: oneLine(question), initial, format })) === true
    },
    async select(question, labels) {
      const choices = labels.map((label, index) => ({ name: String(index), message: oneLine(label) }))
      const limit = Math.max(3, Math.min(15, (terminal.stdout.rows ?? 24) - 4))
      const format = (value: unknown) => oneLine(labels[Number(value)] ?? '')
      return Number(await ask(Select, terminal, { message: oneLine(question), choices, limit, format: submitted(format) }))
    },
    async input(question, initial, check) {
      const validate = (text: string) => check(text) ?? true
      return String(
        await ask(Input, terminal, { message: oneLine(question), ...(initial === undefined ? {} : { initial }), validate }),
      )
    },
  }
}

async function ask(Kind: PromptClass, terminal: Terminal, options: Readonly<Record<string, unknown>>): Promise<unknown> {
  terminal.signal.throwIfAborted()
  const { stdin, stdout, signal } = terminal
  const prompt = new Kind({
    ...options,
    name: 'answer',
    stdin,
    stdout: screen(stdout, terminal.colour),
    // Enquirer's own would install handlers that end the process at a SIGTERM; the cursor is hidden below.
    cursorHide() {},
  })
  const cancel = (): void => void prompt.cancel().catch(() => {})
  signal.addEventListener('abort', cancel, { once: true })
  stdin.once('end', cancel)
  stdout.write('\u001b[?25l')
  try {
    return await prompt.run()
  } catch (error) {
    if (error instanceof Error) throw error
    // Enquirer rejects a cancelled prompt with an empty string.
    throw new ReleaserError('INTERRUPTED', 'stopped at a question')
  } finally {
    signal.removeEventListener('abort', cancel)
    stdin.removeListener('end', cancel)
    stdin.pause()
    stdout.write('\u001b[?25h')
  }
}

/** What enquirer needs of a screen; without colours, they are taken out of what it draws. */
function screen(stdout: NodeJS.WriteStream, colour: boolean) {
  return {
    get columns() {
      return stdout.columns
    },
    get rows() {
      return stdout.rows
    },
    write: (text: string) => stdout.write(colour ? text : text.replace(COLOURS, '')),
  }
}

/** Shows the label of the chosen entry once it is chosen, and nothing before. */
function submitted(format: (value: unknown) => string) {
  return function (this: {
    readonly state: { readonly submitted: boolean; readonly cancelled: boolean }
    readonly selected: { readonly name: string }
  }) {
    return this.state.submitted && !this.state.cancelled ? format(this.selected.name) : ''
  }
}
