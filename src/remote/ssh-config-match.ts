import { namesMatch } from './known-hosts.ts'

/** The line that begins a block. */
export interface Match {
  readonly kind: 'host' | 'match'
  readonly words: readonly string[]
}

/** Whom a block is compared with. */
export interface Meant {
  readonly original: string
  readonly hostname: string
  readonly user: string
  /** The user here. */
  readonly local: string
}

/** Whether a block holds. Fails for a condition that only ssh itself can decide, unless one before it is not met. */
export function matches({ kind, words }: Match, meant: Meant): boolean {
  if (kind === 'host') return oneOf(words.join(','), meant.original)
  const left = words.flatMap((word) => {
    const [, name = word, value] = /^(\w+)=(.*)$/.exec(word) ?? []
    return value === undefined ? [word] : [name, value]
  })
  while (left.length > 0) {
    const word = left.shift() ?? ''
    const no = word.startsWith('!')
    const name = (no ? word.slice(1) : word).toLowerCase()
    if (name === 'all') {
      if (no) return false
      continue
    }
    const subject = SUBJECTS[name]
    if (subject === undefined) throw new Error(`Match ${word} can be decided only by ssh, which is not there`)
    const value = left.shift()
    if (value === undefined) throw new Error(`Match ${word} has no value`)
    if (oneOf(value, subject(meant)) === no) return false
  }
  return true
}

const SUBJECTS: Readonly<Record<string, (meant: Meant) => string>> = {
  host: ({ hostname }) => hostname,
  originalhost: ({ original }) => original,
  user: ({ user }) => user,
  localuser: ({ local }) => local,
}

/** Patterns with `*`, `?` and `!`, as in known_hosts, where none of them is hashed. */
function oneOf(patterns: string, name: string): boolean {
  return !patterns.startsWith('|') && namesMatch(patterns, name)
}
