import { ReleaserError } from '../model/errors.ts'
import { redactor } from '../model/redact.ts'
import { manyLines, oneLine } from './sanitize.ts'

/** Keeps secrets out of all that leaves: one of a process, which everything that is shown, told or written down passes. */
export interface Discretion {
  /** From here on, these are shown nowhere. */
  conceal(values: readonly string[]): void
  text(text: string): string
  /** The same value with every text in it; names that people gave and words of ours stay, so that a script finds them. */
  value<T>(value: T): T
  error(error: ReleaserError): ReleaserError
}

/** Fields whose texts the configuration or we have made. */
const OURS: ReadonlySet<string> = new Set([
  ...['event', 'command', 'step', 'state', 'code', 'action', 'app', 'target', 'host'],
  ...['id', 'release', 'previous', 'current', 'digest', 'sha256', 'md5', 'createdAt', 'at'],
])

export function createDiscretion(): Discretion {
  const secrets = new Set<string>()
  let hide: ((text: string) => string) | undefined
  const discretion: Discretion = {
    conceal(values) {
      const before = secrets.size
      // As they are, and as they look once they are made harmless for a terminal.
      for (const value of values) for (const one of [value, oneLine(value), manyLines(value)]) secrets.add(one)
      if (secrets.size > before) hide = undefined
    },
    text(text) {
      if (secrets.size === 0) return text
      hide ??= redactor([...secrets])
      return hide(text)
    },
    value: (value) => (secrets.size === 0 ? value : (deeply(value, discretion.text) as typeof value)),
    error(error) {
      if (secrets.size === 0) return error
      const { code, message, hint, cause, result } = error
      const told = new ReleaserError(code, discretion.text(message), {
        hint: hint && discretion.text(hint),
        cause: cause instanceof Error ? quietCause(cause, discretion) : discretion.value(cause),
        result: discretion.value(result),
      })
      return told
    },
  }
  return discretion
}

/** What caused an error, as it is told with `--verbose`. */
function quietCause(cause: Error, discretion: Discretion): Error {
  if (cause instanceof ReleaserError) return discretion.error(cause)
  const { name, message, stack, cause: deeper } = cause
  const told = new Error(discretion.text(message), deeper instanceof Error ? { cause: quietCause(deeper, discretion) } : {})
  told.name = name
  told.stack = discretion.text(stack ?? `${name}: ${message}`)
  return told
}

function deeply(value: unknown, text: (text: string) => string): unknown {
  if (typeof value === 'string') return text(value)
  if (Array.isArray(value)) return value.map((item) => deeply(item, text))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, OURS.has(key) && typeof item === 'string' ? item : deeply(item, text)]),
  )
}
