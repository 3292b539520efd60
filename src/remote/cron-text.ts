import { quote } from './shell.ts'

/**
 * A command for a line of a crontab; its words hold no backslash. There a bare `%` ends the command, and crons do not agree on how to
 * escape it (busybox' hands the backslash on): so none stands there, and sh makes it.
 */
export function cronCommand(argv: readonly string[]): string {
  return argv.map((word) => (word.includes('%') ? `"$(printf ${quote(cronComment(word))})"` : quote(word))).join(' ')
}

/** Words for the end of such a line. */
export function cronComment(text: string): string {
  return text.replaceAll('%', '\\045')
}
