/** Whether one part of a pattern matches one name. */
export function matchesPart(pattern: string, name: string): boolean {
  if (name.startsWith('.') && !pattern.startsWith('.')) return false
  // Every other character means itself; `[` too: classes are not supported.
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*+/g, '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${source}$`, 'su').test(name)
}

/** Whether removing what a pattern matches would remove a file, or a folder that holds it. */
export function removes(pattern: readonly string[], path: readonly string[]): boolean {
  return path.some((_, index) => matches(pattern, path.slice(0, index + 1)))
}

/** Whether a pattern can match something in a folder. */
export function reachesInto(pattern: readonly string[], folder: readonly string[]): boolean {
  return pattern.some((_, index) => matches(pattern.slice(0, index + 1), folder))
}

/**
 * Whether a pattern matches a whole path, both as their parts: `*` and `?` stay within a part, `**` spans any number of them.
 * As in a shell, neither matches a leading dot that is not written.
 */
function matches(pattern: readonly string[], path: readonly string[]): boolean {
  const [first, ...rest] = pattern
  const [part, ...parts] = path
  if (first === undefined) return part === undefined
  if (first === '**') return matches(rest, path) || (part !== undefined && !part.startsWith('.') && matches(pattern, parts))
  return part !== undefined && matchesPart(first, part) && matches(rest, parts)
}
