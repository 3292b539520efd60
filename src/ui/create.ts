import { ReleaserError } from '../model/errors.ts'
import type { Progress } from '../model/plan.ts'
import { HERE } from './board.ts'
import { discreet } from './discreet.ts'
import { createDiscretion, type Discretion } from './discretion.ts'
import { errorText, warningText } from './error.ts'
import { createJsonEvents, errorLine, resultLine } from './json.ts'
import type { List, ListOptions } from './progress.ts'
import type { Prompter } from './prompt.ts'
import { createReport } from './report.ts'
import { manyLines } from './sanitize.ts'
import { type Screen, speaksUtf8 } from './screen.ts'
import { loadStyle, PLAIN, wantsColour } from './style.ts'
import type { Ui } from './ui.ts'

export interface UiOptions {
  readonly json: boolean
  readonly quiet: boolean
  readonly verbose: boolean
  readonly yes: boolean
  readonly noInput: boolean
  readonly noColor: boolean
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  readonly env: NodeJS.ProcessEnv
  /** What is to be shown nowhere; where left out, only what this terminal is told to conceal. */
  readonly discretion?: Discretion
  /** What aborts an open question or list; asked anew for each. */
  signal(): AbortSignal
}

/** The terminal of one command. `settle` closes a list that is still open, before the last word is said. */
export async function createUi(options: UiOptions): Promise<Ui & { settle(): Promise<void> }> {
  const { json, quiet, verbose, stdout, stderr, env, discretion = createDiscretion() } = options
  const style = await loadStyle(wantsColour(stderr.isTTY === true, options.noColor, env))
  const paper = wantsColour(stdout.isTTY === true, options.noColor, env) ? await loadStyle(true) : PLAIN
  const ascii = !speaksUtf8(env)
  /** The paper of a picture, as large as the window is now. */
  const screen = (): Screen | null =>
    stdout.isTTY === true && !json ? { columns: stdout.columns || 80, rows: stdout.rows || 24, ascii, style: paper } : null
  const onTerminal = stderr.isTTY === true && !isCi(env)
  const dumb = env['TERM'] === 'dumb'
  const mode = json ? 'json' : onTerminal && !dumb && !verbose && !quiet ? 'tty' : 'plain'
  const interactive = onTerminal && options.stdin.isTTY === true && stdout.isTTY === true && !options.noInput && !json

  const report = createReport()
  const jsonEvents = createJsonEvents(verbose)
  let open: OpenList | undefined
  /** The last word is said: what still happens in the background is nobody's news. */
  let over = false

  const aloud = (line: string): void => {
    if (open) open.later.push(line)
    else stderr.write(`${line}\n`)
  }
  const settle = async (aside: boolean): Promise<void> => {
    const closing = open
    if (!closing) return
    await closing.close(aside)
    if (open === closing) open = undefined
    for (const line of closing.later.splice(0)) aloud(line)
  }
  const questions = { ...options, colour: style.colour, stdout: stderr }
  let prompter: Promise<Prompter> | undefined
  /** Puts a question. A list that is on the screen makes room for it, and comes back with what happens from then on. */
  const ask = async <T>(question: string, answer: string, put: (prompter: Prompter) => Promise<T>): Promise<T> => {
    if (!interactive) throw refusal(question, answer)
    prompter ??= dumb
      ? import('./plain-prompt.ts').then(({ createPlainPrompter }) => createPlainPrompter(questions))
      : import('./prompt.ts').then(({ createPrompter }) => createPrompter(questions))
    const aside = open
    await settle(true)
    const said = await put(await prompter)
    if (aside) open = openList(aside.hosts, aside.options)
    return said
  }

  const ui: Ui & { settle(): Promise<void> } = {
    mode,
    interactive,
    conceal: discretion.conceal,
    concealed: discretion.value,
    observe(progress) {
      if (over) return
      const now = Date.now()
      if (json) for (const line of jsonEvents(progress, now)) stdout.write(`${line}\n`)
      const drawn = open?.has(progress) ?? false
      if (drawn) open?.observe(progress)
      const steps = !json && !quiet && (!drawn || progress.event === 'note')
      for (const line of report(progress, { steps, output: verbose && !json && !quiet }, now)) aloud(line)
    },
    rows(hosts, { fleeting } = { fleeting: false }) {
      if (mode !== 'tty' || hosts.length === 0) return { close: async () => {} }
      if (open) throw new Error('a second list while one is on the screen')
      open = openList(hosts, { terminal: stderr, signal: options.signal(), fleeting })
      return { close: () => ui.settle() }
    },
    settle: () => settle(false),
    say(line) {
      if (!json && !quiet) aloud(manyLines(line))
    },
    warn: (line) => aloud(warningText(line, style)),
    async confirm(question, { initial, answer, inPerson = false }) {
      if (options.yes && !inPerson) return true
      return ask(question, answer, (prompter) => prompter.confirm(question, initial))
    },
    async select(question, choices, { answer }) {
      const labels = choices.map(({ label }) => label)
      const index = await ask(question, answer, (prompter) => prompter.select(question, labels))
      const chosen = choices[index]
      if (!chosen) throw new Error(`no choice ${index} of ${choices.length}`)
      return chosen.value
    },
    async input(question, { initial, answer, check }) {
      return ask(question, answer, (prompter) => prompter.input(question, initial, check ?? (() => undefined)))
    },
    async secret(question, { answer }) {
      return ask(question, answer, (prompter) => prompter.secret(question))
    },
    async browse(listing) {
      return ask(listing.prompt, 'a command of its own', (prompter) => prompter.browse(listing))
    },
    problem: (error) => aloud(errorText(error, style, verbose)),
    data(text, picture) {
      const paper = screen()
      const shown = paper && picture ? picture(paper) : paper ? manyLines(text) : text
      if (!json && shown !== '') stdout.write(`${shown}\n`)
    },
    result(command, exit, result, text, picture) {
      over = true
      if (json) stdout.write(`${resultLine(command, exit, result)}\n`)
      else ui.data(text, picture)
    },
    failure(command, error) {
      over = true
      stderr.write(`${errorText(error, style, verbose)}\n`)
      if (json) stdout.write(`${errorLine(command, error)}\n`)
    },
  }
  return discreet(ui, discretion)
}

interface OpenList {
  readonly hosts: readonly string[]
  readonly options: ListOptions
  has(progress: Progress): boolean
  observe(progress: Progress): void
  close(aside: boolean): Promise<void>
  /** Lines that wait for the list to close. */
  readonly later: string[]
}

/** Events that come before listr2 is loaded are kept for it. */
function openList(hosts: readonly string[], options: ListOptions): OpenList {
  const early: Progress[] = []
  let list: List | undefined
  const loading = import('./progress.ts').then(({ drawList }) => {
    list = drawList(hosts, options)
    for (const progress of early) list.observe(progress)
    return list
  })
  // Whoever closes the list hears of it; until then nobody does.
  loading.catch(() => {})
  return {
    hosts,
    options,
    has: ({ host }) => hosts.includes(host ?? HERE),
    observe: (progress) => (list ? list.observe(progress) : void early.push(progress)),
    close: async (aside) => (await loading).close(aside),
    later: [],
  }
}

function refusal(question: string, answer: string): ReleaserError {
  return new ReleaserError('USAGE', `cannot ask here: ${question}`, { hint: `answer with ${answer}` })
}

/** CI systems set CI; `CI=false` and `CI=0` are an explicit no. */
function isCi(env: NodeJS.ProcessEnv): boolean {
  return !['', '0', 'false'].includes(env['CI'] ?? '')
}
