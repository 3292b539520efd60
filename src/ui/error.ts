import type { ReleaserError } from '../model/errors.ts'
import { manyLines } from './sanitize.ts'
import type { Style } from './style.ts'

/** `releaser: error: …` and `releaser: hint: …`; with `verbose`, what caused it too. Without a final newline. */
export function errorText(error: ReleaserError, style: Style, verbose: boolean): string {
  const causes = verbose || error.code === 'BUG' ? causesOf(error) : []
  return [
    labelled(style.red('error:'), error.message),
    ...causes.map((cause) => labelled(style.dim('cause:'), cause)),
    ...(error.hint === undefined ? [] : [labelled(style.cyan('hint:'), error.hint)]),
  ].join('\n')
}

/** `releaser: warning: …`. */
export function warningText(message: string, style: Style): string {
  return labelled(style.yellow('warning:'), message)
}

function labelled(label: string, text: string): string {
  return `releaser: ${label} ${manyLines(text).trimEnd().replaceAll('\n', '\n  ')}`
}

/** The chain below an error: our own errors in a sentence, foreign ones with their stack. */
function causesOf(error: Error): string[] {
  const { cause } = error
  if (cause === undefined) return []
  if (!(cause instanceof Error)) return [String(cause)]
  const text = cause.name === 'ReleaserError' ? cause.message : (cause.stack ?? String(cause))
  return [text, ...causesOf(cause)]
}
