import { ReleaserError } from '../../model/errors.ts'
import { didYouMean } from '../../model/suggest.ts'
import type { Command } from '../command.ts'
import { meant, type Word } from './words.ts'

/** Where a session is: with the store, or with hosts of a target (`host`: a pattern; undefined: all of them). */
export type Place = { readonly at: 'here' } | { readonly at: 'there'; readonly target: string; readonly host: string | undefined }

/** What a typed line means. */
export type Meaning =
  | { readonly do: 'leave' | 'local' | 'look' }
  | { readonly do: 'help'; readonly about: string | undefined }
  | { readonly do: 'connect'; readonly target: string | undefined }
  | { readonly do: 'host'; readonly host: string | undefined }
  | { readonly do: 'run'; readonly line: Line }

/** A call of a command: its name, the values of its keys, and the words after `--`. */
export interface Line {
  readonly command: string
  readonly values: Readonly<Record<string, string>>
  readonly rest: readonly string[]
}

/** What a line is read against. */
export interface Known {
  readonly place: Place
  readonly commands: Readonly<Record<string, Command>>
  readonly words: readonly Word[]
  readonly targets: readonly string[]
  readonly apps: readonly string[]
}

/** The keys that words without a key are given to, in their order; the last one takes all that are left, by commas. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  show: ['release'],
  delete: ['release'],
  diff: ['release', 'with'],
  tag: ['release', 'tag'],
  untag: ['release', 'tag'],
  activate: ['release'],
  rollback: ['release'],
  pin: ['release'],
  unpin: ['release'],
  download: ['release'],
  verify: ['release'],
  import: ['file'],
  pack: ['dir'],
  build: ['target'],
  status: ['target'],
  hosts: ['target'],
  history: ['limit'],
  logs: ['lines'],
  run: ['command'],
}

/** Reads a line. Fails with USAGE and a hint where it means nothing here. */
export function understand(text: string, known: Known): Meaning {
  const words = [...text.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, single, double, bare]) => single ?? double ?? bare ?? '')
  const [typed = '', ...more] = words[0] === 'releaser' ? words.slice(1) : words
  const word = meant(typed)
  const there = known.place.at === 'there'
  switch (word) {
    case '\\q':
      return { do: 'leave' }
    case 'h':
      return { do: 'help', about: more[0] }
    case 'local':
      return { do: 'local' }
    case 'connect':
    case 'manage':
      return { do: 'connect', target: targetOf(more[0], known) }
    case 'host':
      if (!there) throw away(typed)
      return { do: 'host', host: more[0] }
    case 'info':
      if (more.length > 0) return run('show', more, known)
      return there ? run('status', [], known) : { do: 'look' }
    case 'ln':
      if (!there) throw away(typed)
      return run('activate', more, known)
    case 'fix':
      return run('verify', ['--fix', ...more], known)
    case 'verify':
      return run(
        'verify',
        more.map((one) => (one === '-f' ? '--fix' : one)),
        known,
      )
    case 'prune':
      return run('prune', pruneWords(more, known), known)
    case 'deploy':
      return run('deploy', deployWords(more, known), known)
    case 'lock':
      return run('lock', more.length > 0 && !more.some(isKeyed) ? [`message=${more.join(' ')}`] : more, known)
  }
  if (Object.hasOwn(known.commands, word)) return run(word, more, known)
  const all = [...known.words.map((one) => one.word), ...Object.keys(known.commands)]
  throw new ReleaserError('USAGE', `"${typed}" is no word here`, {
    hint: `${didYouMean(typed, all).split(', ', 9).join(', ')}; h lists all`,
  })
}

function run(command: string, words: readonly string[], { place, commands }: Known): Meaning {
  const end = words.indexOf('--')
  const own = end === -1 ? words : words.slice(0, end)
  const bare = own.filter((word) => !isKeyed(word))
  const takes = (key: string) => commands[command]?.arguments.some((one) => one.key === key) ?? false
  const where: Readonly<Record<string, string>> =
    place.at === 'there' ? { target: place.target, ...(place.host !== undefined && { host: place.host }) } : {}
  const values = {
    ...Object.fromEntries(Object.entries(where).filter(([key]) => takes(key))),
    ...Object.fromEntries(own.filter(isKeyed).map(pairOf)),
    ...given(command, bare),
  }
  return { do: 'run', line: { command, values, rest: end === -1 ? [] : words.slice(end + 1) } }
}

/** Whether a word is `key=value` or `--flag`. */
function isKeyed(word: string): boolean {
  return word.startsWith('--') || /^[a-z-]+=/.test(word)
}

function pairOf(word: string): readonly [string, string] {
  const [, key = '', value = 'true'] = /^(?:--)?([^=]*)(?:=(.*))?$/s.exec(word) ?? []
  return [key, value]
}

function given(command: string, bare: readonly string[]): Readonly<Record<string, string>> {
  const keys = Object.hasOwn(KEYS, command) ? (KEYS[command] ?? []) : []
  const [stray] = keys.length === 0 ? bare : []
  if (stray !== undefined)
    throw new ReleaserError('USAGE', `what is "${stray}" to ${command}?`, {
      hint: `write key=value; h ${command} lists the keys`,
    })
  return Object.fromEntries(
    keys.flatMap((key, index) => {
      const words = index === keys.length - 1 ? bare.slice(index) : bare.slice(index, index + 1)
      return words.length === 0 ? [] : [[key, words.join(',')]]
    }),
  )
}

/** Deployer's `prune NAME` keeps the newest alone; a number says how many. */
function pruneWords(words: readonly string[], { apps, place }: Known): readonly string[] {
  return words.flatMap((word) => {
    if (/^\d+$/.test(word)) return [`keep=${word}`]
    if (isKeyed(word)) return [word]
    if (!apps.includes(word)) throw new ReleaserError('USAGE', `there is no app "${word}"`, { hint: didYouMean(word, apps) })
    return place.at === 'here' ? [`app=${word}`, 'keep=1'] : ['keep=1']
  })
}

/** Here the first word is the target; there it is known. */
function deployWords(words: readonly string[], known: Known): readonly string[] {
  const bare = words.filter((word) => !isKeyed(word))
  const others = words.filter(isKeyed)
  const [first, second] = known.place.at === 'here' ? [targetOf(bare[0], known), bare[1]] : [undefined, bare[0]]
  return [...(first === undefined ? [] : [`target=${first}`]), ...(second === undefined ? [] : [`release=${second}`]), ...others]
}

function targetOf(name: string | undefined, { targets }: Known): string | undefined {
  if (name === undefined || name.split(',').every((one) => targets.includes(one))) return name
  throw new ReleaserError('USAGE', `there is no target "${name}"`, { hint: didYouMean(name, targets) })
}

function away(word: string): ReleaserError {
  return new ReleaserError('USAGE', `${word} is for hosts`, { hint: 'connect to a target first: connect TARGET' })
}
