import type { Question } from './question.ts'

/** Every way a command can end, by name, and the exit code a script sees. Documented in README.md. */
export const EXIT_CODES = {
  BUG: 1,
  USAGE: 2,
  CONFIG: 2,
  CONNECTION: 3,
  AUTH: 3,
  HOST_KEY: 3,
  LOCKED: 4,
  BUILD: 5,
  NOT_CHANGED: 6,
  ROLLED_BACK: 7,
  PARTIAL: 8,
  NOT_FOUND: 9,
  REMOTE_COMMAND: 10,
  INTEGRITY: 11,
  INTERRUPTED: 130,
} as const

export type ErrorCode = keyof typeof EXIT_CODES

export interface ErrorOptionsWithHint {
  /** What to type or look at next: lower case, no full stop. */
  readonly hint?: string | undefined
  readonly cause?: unknown
  /** What the `--json` error carries beside its message: the fields the result would have had. */
  readonly result?: Readonly<Record<string, unknown>> | undefined
  /** What a person could answer, so that it goes well at the next try. */
  readonly question?: Question | undefined
}

/** The only error of ours: what happened (lower case, no full stop), and what to do about it. */
export class ReleaserError extends Error {
  override readonly name = 'ReleaserError'
  readonly code: ErrorCode
  readonly hint: string | undefined
  readonly result: Readonly<Record<string, unknown>>
  readonly question: Question | undefined

  constructor(code: ErrorCode, message: string, options: ErrorOptionsWithHint = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.hint = options.hint
    this.result = options.result ?? {}
    this.question = options.question
  }

  get exitCode(): number {
    return EXIT_CODES[this.code]
  }
}
