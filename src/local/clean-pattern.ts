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

/**
 * The same pattern as an extended regular expression for whole paths, where `awk` has to know it. It goes by bytes: there `?` is one.
 */
export function extendedPattern(pattern: readonly string[]): string {
  const [first, ...rest] = pattern
  if (first === undefined) return ''
  if (first === '**' && rest.length > 0) return `(${ANY}/)*${extendedPattern(rest)}`
  return rest.length === 0 ? partPattern(first) : `${partPattern(first)}/${extendedPattern(rest)}`
}

/** A name without a dot in front. */
const ANY = '[^./][^/]*'

/** What begins with a wildcard matches no name that begins with a dot. */
function partPattern(part: string): string {
  const [first = '', ...rest] = [...part.replace(/\*+/g, '*')]
  const further = rest.map(charPattern).join('')
  if (first === '?') return `[^./]${further}`
  if (first !== '*') return charPattern(first) + further
  if (rest.length === 0) return ANY
  const bare = rest[0] === '.' ? '' : `|${partPattern(rest.join(''))}`
  return `(${ANY}${further}${bare})`
}

function charPattern(char: string): string {
  if (char === '*') return '[^/]*'
  if (char === '?') return '[^/]'
  return /[\\^]/.test(char) ? `\\${char}` : /[.+${}()|[\]]/.test(char) ? `[${char}]` : char
}
