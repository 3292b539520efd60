import { browse } from './browse.ts'
import type { Choice, Listing } from './browse-state.ts'
import { ask, Confirm, Input, Select, type Terminal } from './enquirer.ts'
import { askHidden } from './hidden.ts'
import { oneLine } from './sanitize.ts'

/** Questions to the person at the terminal. Ctrl-C, Esc, the end of the input and an abort all end in INTERRUPTED. */
export interface Prompter {
  confirm(question: string, initial: boolean): Promise<boolean>
  /** Gives back the index of the choice. */
  select(question: string, labels: readonly string[]): Promise<number>
  input(question: string, initial: string | undefined, check: (text: string) => string | undefined): Promise<string>
  /** A line that is not shown. */
  secret(question: string): Promise<string>
  /** The only one that does not fail at Esc, Ctrl-C and Ctrl-D: they are choices too. */
  browse<T>(listing: Listing<T>): Promise<Choice<T>>
}

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
    secret: (question) => askHidden(terminal, question),
    browse: (listing) => browse(listing, terminal),
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
