import type { Offer } from '../../ui/browse-state.ts'
import { pairs } from '../../ui/table.ts'

/** A word that is understood at a session's line. The keys of its words, in their order, are those of the command. */
export interface Word {
  readonly word: string
  /** What stands behind it, as help writes it. */
  readonly takes?: string
  readonly does: string
}

const PRUNE: Word = { word: 'prune', takes: '[APP | N]', does: 'drop old releases; see what goes and why, then say yes' }
const DIFF: Word = { word: 'diff', takes: 'REF [REF]', does: 'files and commits between two releases' }

/** With the store. */
export const HERE: readonly Word[] = [
  { word: 'info', takes: '[REF]', does: 'list all releases, or show one' },
  { word: 'deploy', takes: 'TARGET [REF]', does: 'bring a release to the hosts of a target' },
  DIFF,
  { word: 'tag', takes: 'REF TAG', does: 'tag a release' },
  { word: 'untag', takes: 'REF TAG', does: 'take a tag away' },
  PRUNE,
  { word: 'delete', takes: 'REF…', does: 'delete releases for good' },
  { word: 'verify', takes: '[REF]', does: 'hash every tarball again; integrity is the same' },
  { word: 'fix', does: 'verify, and mend what can be mended' },
  { word: 'import', takes: 'FILE', does: 'take a tarball into the store' },
  { word: 'status', does: 'how all targets are' },
  { word: 'connect', takes: '[TARGET]', does: 'go on with the hosts of a target' },
]

/** With the hosts of a target. */
export const THERE: readonly Word[] = [
  { word: 'info', takes: '[REF]', does: 'how every host and its app is, or one release of the store' },
  { word: 'ln', takes: 'REF', does: 'switch current to a release; activate is the same' },
  { word: 'rollback', takes: '[REF]', does: 'go back to the release before' },
  { word: 'deploy', takes: '[REF]', does: 'bring a release of the store here' },
  PRUNE,
  { word: 'delete', takes: 'REF…', does: 'delete releases; never the current one' },
  { word: 'pin', takes: '[REF]', does: 'hold the target to a release' },
  { word: 'unpin', takes: '[REF]', does: 'lift the pin' },
  { word: 'verify', takes: '[REF]', does: 'hold every file against what was sent; integrity is the same' },
  { word: 'fix', does: 'verify, and mend what can be mended; integrity -f is the same' },
  { word: 'download', takes: 'REF', does: 'take a release into the store' },
  DIFF,
  { word: 'history', takes: '[N]', does: 'who did what here' },
  { word: 'logs', takes: '[N]', does: "the app's last lines" },
  { word: 'lock', takes: '[MESSAGE]', does: 'freeze the target' },
  { word: 'unlock', does: 'lift a freeze' },
  { word: 'restart', does: 'restart the app; start, stop, ping and more work as well' },
  { word: 'host', takes: '[NAME | all]', does: 'only with this host, or with all of them' },
  { word: 'connect', takes: '[TARGET]', does: 'go on with another target' },
  { word: 'local', does: 'back to the store' },
]

/** Everywhere. */
export const ALWAYS: readonly Word[] = [
  { word: 'h', does: 'these words; h COMMAND tells all about one' },
  { word: '\\q', does: 'leave; quit and exit are the same' },
]

/** Other names for the same: what people know from elsewhere. */
const SAME: Readonly<Record<string, string>> = {
  activate: 'ln',
  use: 'ln',
  integrity: 'verify',
  help: 'h',
  '?': 'h',
  q: '\\q',
  quit: '\\q',
  exit: '\\q',
  remote: 'connect',
}

/** All words, for a person. */
export function listed(words: readonly Word[]): string {
  const rows = words.map(({ word, takes, does }) => [takes === undefined ? word : `${word} ${takes}`, does] as const)
  return `${pairs(rows, '  ')}\n  every other command works too, without releaser before it`
}

/** The words that what is typed may become; those that take nothing more can be chosen right away. */
export function offersFor(words: readonly Word[]): (typed: string) => readonly Offer[] {
  return (typed) => {
    const [first = '', ...more] = typed.trim().split(/\s+/)
    const known = words.filter(({ word }) =>
      more.length > 0 || / $/.test(typed) ? word === meant(first) : word.startsWith(first),
    )
    const line = (word: string) => (more.length > 0 || word === meant(first) ? typed.trim() : word)
    return known.map(({ word, takes, does }) => ({ line: line(word), does: takes === undefined ? does : `${takes}: ${does}` }))
  }
}

/** A word by the name that it has here. */
export function meant(word: string): string {
  return (Object.hasOwn(SAME, word) ? SAME[word] : undefined) ?? word
}
