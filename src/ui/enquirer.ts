import { emitKeypressEvents, type Interface } from 'node:readline'
import Enquirer from 'enquirer'
import { ReleaserError } from '../model/errors.ts'

/** Where a question is asked. */
export interface Terminal {
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  readonly colour: boolean
  /** What ends an open question; asked anew for each. */
  signal(): AbortSignal
}

/** What we use of enquirer's prompts; its own types know only a part of them. */
export interface Prompt {
  readonly options: Readonly<Record<string, unknown>>
  run(): Promise<unknown>
  cancel(): Promise<void>
  start(): void
  stop?: () => void
  keypress(text: string | undefined, key: KeyEvent): Promise<void>
  /** Takes away what it has drawn. */
  clear(): void
  write(text: string): void
  emit(event: 'submit' | 'cancel' | 'close', value?: unknown): void
  once(event: 'close', listener: () => void): void
}
export type PromptClass = new (options: Readonly<Record<string, unknown>>) => Prompt

/** A key as node's readline tells it. */
export interface KeyEvent {
  readonly name?: string
  readonly ctrl?: boolean
  readonly meta?: boolean
  readonly sequence?: string
}

/** The kinds of questions; `Prompt` is what they are made from. */
export const { Confirm, Select, Input, Prompt } = Enquirer as unknown as {
  readonly [name in 'Confirm' | 'Select' | 'Input' | 'Prompt']: PromptClass
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control sequences
const COLOURS = /\u001b\[[0-9;]*m/g

/** Milliseconds after which an Esc is one, and not the begin of an arrow key that is still on its way. */
const ESCAPE = 100

/** Asks one question. Fails with INTERRUPTED at Ctrl-C, Esc, the end of the input and an abort. */
export async function ask(Kind: PromptClass, terminal: Terminal, options: Readonly<Record<string, unknown>>): Promise<unknown> {
  const { stdin, stdout } = terminal
  const signal = terminal.signal()
  signal.throwIfAborted()
  const prompt = new Kind({
    ...options,
    name: 'answer',
    stdin,
    stdout: screen(stdout, terminal.colour),
    // Enquirer's own would install handlers that end the process at a SIGTERM; the cursor is hidden below.
    cursorHide() {},
  })
  prompt.start = () => listen(prompt, stdin)
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

/** After what a prompt does without being waited for. */
function drawn(): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve))
}

/** Enquirer's own way to the keys waits half a second after an Esc, and from Node 24.2 on dies of a Ctrl-C. */
function listen(prompt: Prompt, stdin: NodeJS.ReadStream): void {
  // Keys that come in one go are handled one after the other, each once the one before is drawn: not all prompts wait for that.
  let handled = Promise.resolve()
  let over = false
  /** What breaks in a prompt ends it, and is whoever's who asked. */
  const broken = (error: unknown): void => {
    prompt.emit('close')
    prompt.emit('cancel', error)
  }
  const onKey = (text: string | undefined, key: KeyEvent): void => {
    handled = handled.then(() => (over ? undefined : prompt.keypress(text, key))).then(drawn, broken)
  }
  emitKeypressEvents(stdin, { escapeCodeTimeout: ESCAPE } as unknown as Interface)
  const wasRaw = stdin.isRaw
  stdin.setRawMode(true)
  stdin.on('keypress', onKey).resume()
  prompt.once('close', () => {
    over = true
    stdin.off('keypress', onKey)
    stdin.setRawMode(wasRaw)
  })
}
