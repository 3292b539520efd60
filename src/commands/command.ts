import type { ErrorCode } from '../model/errors.ts'
import type { Keyring } from '../remote/keyring.ts'
import type { Picture } from '../ui/screen.ts'
import type { Ui } from '../ui/ui.ts'

/** One command of the table: what help says of it, and where its code is, imported only when it is called. */
export interface Command {
  readonly name: string
  readonly summary: string
  readonly arguments: readonly Argument[]
  /** What words after `--` are called in help; undefined where the command takes none. */
  readonly rest?: string
  /** What a bare first word is for, as in `timer install` or `completion bash`. */
  readonly word?: { readonly name: string; readonly choices: readonly string[] }
  readonly examples: readonly { readonly line: string; readonly does: string }[]
  /** The exit codes that this command can end with, beside 0, 1 and 130. */
  readonly exits: readonly ErrorCode[]
  readonly load: () => Promise<{ readonly run: Run }>
}

export interface Argument {
  readonly key: string
  /** How help writes its value; undefined for a flag that takes none. */
  readonly value?: string
  readonly required?: boolean
  /** Another key that makes this one needless, where it is required. */
  readonly unless?: string
  readonly summary: string
}

export type Run = (call: Call) => Promise<Outcome>

/** What a command gets: its words, already checked against its table entry, and a terminal. */
export interface Call {
  readonly command: string
  /** The value of each `key=value`; a flag without value is `'true'`. */
  readonly values: Readonly<Record<string, string>>
  readonly word: string | undefined
  readonly rest: readonly string[]
  readonly globals: Globals
  readonly ui: Ui
  /** Aborted on the first SIGINT, SIGTERM or SIGHUP. */
  readonly signal: AbortSignal
  readonly hall: Hall
  /** What the environment had to log in with; no child of ours gets it. */
  readonly keys: Keyring
}

/** What a session of commands needs of the place that it is called from. */
export interface Hall {
  /** Every command by its name. */
  readonly commands: Readonly<Record<string, Command>>
  /** What help says of one. */
  help(command: Command): Promise<string>
  /** Does something that a SIGINT ends alone, by this signal; the other signals end it and the session. */
  apart<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T>
}

export interface Globals {
  readonly config: string | undefined
  readonly yes: boolean
  readonly dryRun: boolean
  readonly verbose: boolean
  /** Seconds to wait for a lock; undefined: not at all. */
  readonly wait: number | undefined
  readonly skipUnreachable: boolean
}

/** What a command ends with. The hall prints it: `text` for people, `result` as the last JSON line. */
export interface Outcome {
  /** The fields of the `result` event beside `event`, `command`, `ok` and `exit`. */
  readonly result: Readonly<Record<string, unknown>>
  /** For stdout, without a final newline; may be empty. */
  readonly text: string
  /** What a terminal shows in place of the text. */
  readonly picture?: Picture
  /** 0 where it is left out. */
  readonly exit?: number
}
