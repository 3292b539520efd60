const PLAIN = /^[\w@%+=:,./-]+$/

/** The only quoting there is: one word for any POSIX shell (and for fish and csh, where it holds no `!` or newline). */
export function quote(word: string): string {
  if (word.includes('\0')) throw new TypeError('a word for a shell cannot hold a NUL byte')
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

/** A command as one line for a shell. */
export function toShell(argv: readonly string[]): string {
  return argv.map(quote).join(' ')
}
