type Rule = (path: string, directory: boolean) => boolean

/** Whether a path of a tree (parts joined by `/`) is meant by the patterns; `directory`: whether it is one. */
export interface Excluder extends Rule {
  /** The patterns that have meant nothing so far. */
  idle(): readonly string[]
}

/**
 * Patterns as in a .gitignore, the simple ones: `*` and `?` within a name (dots too), `**` over any number of folders. A
 * pattern without a slash matches a name at any depth, one with a slash stands from the root, a trailing one means folders alone.
 */
export function excluder(patterns: readonly string[]): Excluder {
  const rules = patterns
    .filter((pattern) => pattern.replaceAll('/', '') !== '')
    .map((pattern) => ({ pattern, matches: rule(pattern), hits: 0 }))
  const excluded = (path: string, directory: boolean): boolean => {
    for (const rule of rules) {
      if (!rule.matches(path, directory)) continue
      rule.hits++
      return true
    }
    return false
  }
  return Object.assign(excluded, { idle: () => rules.filter(({ hits }) => hits === 0).map(({ pattern }) => pattern) })
}

function rule(pattern: string): Rule {
  const foldersOnly = pattern.endsWith('/')
  const body = pattern.replace(/\/+$/, '').replace(/^\.\//, '/')
  const anywhere = !body.includes('/')
  const source = body.replace(/^\/+/, '').split('/').map(part).join('')
  const regex = new RegExp(`^${anywhere ? '(?:.*/)?' : ''}${source}$`, 'su')
  return (path, directory) => (directory || !foldersOnly) && regex.test(path)
}

function part(text: string, index: number, parts: readonly string[]): string {
  const last = index === parts.length - 1
  if (text === '**') return last ? '.+' : '(?:.*/)?'
  const name = text
    .replace(/[\\^$.+()[\]{}|]/g, '\\$&')
    .replace(/\*+/g, '[^/]*')
    .replaceAll('?', '[^/]')
  return last ? name : `${name}/`
}
