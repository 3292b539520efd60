/** What to look at where a host could not write, from its words; undefined where they are about something else. */
export function writeHint(text: string): string | undefined {
  if (/no space|quota/i.test(text)) return 'make room there, or lower keep'
  if (!/^cannot (write|make|name) /.test(text)) return undefined
  return 'see whether its disk is full, and who may write there: df -h and ls -ld tell'
}
