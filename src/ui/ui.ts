import type { ReleaserError } from '../model/errors.ts'
import type { Observe } from '../model/plan.ts'
import type { Choice, Listing } from './browse-state.ts'
import type { Picture } from './screen.ts'

/** Everything a person or a script sees of a command. Commands print through nothing else. */
export interface Ui {
  readonly mode: 'tty' | 'plain' | 'json'
  /** Whether a question can be answered: a TTY, no CI, no `--no-input`, no `--json`. */
  readonly interactive: boolean
  /** From here on these values are shown nowhere: whatever leaves by this terminal has `***` in their place. */
  conceal(values: readonly string[]): void
  /** What is written down or handed on instead of shown, likewise. */
  concealed<T>(value: T): T
  readonly observe: Observe
  /**
   * Opens the list of rows (one a host, or one for `here`) that follows progress; settles what is drawn when closed. A
   * `fleeting` list, for questions to hosts, is gone from the screen when it is closed and nothing failed.
   */
  rows(hosts: readonly string[], options?: { readonly fleeting: boolean }): { close(): Promise<void> }
  /** A line for people on stderr; nothing with `--quiet` or `--json`. */
  say(line: string): void
  warn(line: string): void
  /** An error after which a session goes on. */
  problem(error: ReleaserError): void
  /**
   * Text for stdout before the last word, for a command that fails and yet has something to show; nothing with `--json`. Where stdout
   * is a terminal, the picture takes its place.
   */
  data(text: string, picture?: Picture): void
  /** Asks, or fails with USAGE naming `answer`, the argument that answers the question (such as `release=REF` or `--yes`). */
  confirm(
    question: string,
    /** `inPerson`: `--yes` is no answer to it. */
    options: { readonly initial: boolean; readonly answer: string; readonly inPerson?: boolean },
  ): Promise<boolean>
  select<T>(
    question: string,
    choices: readonly { readonly label: string; readonly value: T }[],
    options: { readonly answer: string },
  ): Promise<T>
  input(
    question: string,
    options: { readonly initial?: string; readonly answer: string; readonly check?: (text: string) => string | undefined },
  ): Promise<string>
  /** A line that is not shown while it is typed. */
  secret(question: string, options: { readonly answer: string }): Promise<string>
  /** A list to search and choose from, or a line of words; Esc and Ctrl-C are choices as well. */
  browse<T>(listing: Listing<T>): Promise<Choice<T>>
  /** The last word of a command that went well: text on stdout (or its picture), or the `result` line. */
  result(command: string, exit: number, result: Readonly<Record<string, unknown>>, text: string, picture?: Picture): void
  /** The last word of one that failed: `releaser: error: …` and `releaser: hint: …` on stderr, or the `error` line. */
  failure(command: string, error: ReleaserError): void
}
