/** A path as messages show it, in quotes: control characters escaped. */
export function shown(path: string): string {
  return JSON.stringify(path).replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** Warns of paths that are one and the same to hosts that tell no case, or no spelling in Unicode, from another. */
export function sameButForCase(paths: readonly string[]): string[] {
  const seen = new Map<string, string>()
  const warnings: string[] = []
  for (const path of paths) {
    const folded = path.normalize('NFC').toLowerCase()
    const other = seen.get(folded)
    if (other === undefined) seen.set(folded, path)
    // Where two folders differ only in case, their contents need no warning of their own.
    else if (path.split('/').at(-1) !== other.split('/').at(-1))
      warnings.push(`${shown(other)} and ${shown(path)} differ only in case: some hosts cannot hold both`)
  }
  return warnings
}
