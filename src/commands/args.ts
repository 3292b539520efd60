import { ReleaserError } from '../model/errors.ts'
import { nearest } from '../model/suggest.ts'
import type { Call, Command } from './command.ts'
import { GLOBALS, type GlobalArgument, globalsOf } from './globals.ts'

/** What a person asked for. */
export type Request =
  | { readonly ask: 'help'; readonly command: Command | undefined }
  | { readonly ask: 'version' }
  | { readonly ask: 'run'; readonly command: Command; readonly words: Words }

export type Words = Pick<Call, 'values' | 'word' | 'rest' | 'globals'>

/** Reads an argv against the table. Fails with USAGE and a hint for every word that is not understood. */
export function parseArguments(argv: readonly string[], commands: Readonly<Record<string, Command>>): Request {
  const end = argv.indexOf('--')
  const words = end === -1 ? argv : argv.slice(0, end)
  const at = commandIndex(words, commands)
  const name = at === undefined ? undefined : words[at]
  const asksHelp = words.includes('--help') || words.includes('-h')
  if (name === undefined || at === undefined) {
    if (asksHelp || argv.length === 0) return { ask: 'help', command: undefined }
    if (words.includes('--version')) return { ask: 'version' }
    throw new ReleaserError('USAGE', 'no command', { hint: 'list them: releaser --help' })
  }
  if (name === 'help') {
    const topic = words.slice(at + 1).find((word) => !word.startsWith('-'))
    return { ask: 'help', command: topic === undefined ? undefined : commandNamed(topic, commands) }
  }
  const command = commandNamed(name, commands)
  if (asksHelp) return { ask: 'help', command }
  const before = read(words.slice(0, at), undefined)
  const after = read(words.slice(at + 1), command)
  if (before.values.has('version') || (after.values.has('version') && !hasKey(command, 'version'))) return { ask: 'version' }
  for (const key of before.values.keys())
    if (after.values.has(key) && argumentFor(key, undefined)?.value !== undefined) throw twice(key)
  const values = Object.fromEntries([...before.values, ...after.values])
  const rest = end === -1 ? [] : argv.slice(end + 1)
  checkRest(command, end !== -1, rest)
  checkRequired(command, values, after.word)
  const own = Object.fromEntries(command.arguments.flatMap(({ key }) => (values[key] === undefined ? [] : [[key, values[key]]])))
  return { ask: 'run', command, words: { values: own, word: after.word, rest, globals: globalsOf(values) } }
}

/** How an argument is written: `target=NAME`, `--force`, `--wait[=10m]`. */
export function written({ key, value, bare }: GlobalArgument): string {
  if (value === undefined) return `--${key}`
  return bare === undefined ? `${key}=${value}` : `--${key}[=${value}]`
}

/** Where the command stands: the first word that is neither an option, nor its value, nor `key=value`. */
function commandIndex(words: readonly string[], commands: Readonly<Record<string, Command>>): number | undefined {
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? ''
    if (word === '-h') continue
    if (word.startsWith('-') || word.includes('=')) {
      const key = /^(?:--)?([^=]*)/.exec(word)?.[1] ?? ''
      const option = GLOBALS.find((argument) => argument.key === key)
      if (!option) throw tooEarly(word, key, commands)
      if (!word.includes('=') && option.value !== undefined && option.bare === undefined) index++
    } else return index
  }
  return undefined
}

function commandNamed(name: string, commands: Readonly<Record<string, Command>>): Command {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (command) return command
  const guess = nearest(name, Object.keys(commands))
  throw new ReleaserError('USAGE', `unknown command "${name}"`, {
    hint: guess === undefined ? 'list them: releaser --help' : `did you mean "${guess}"?`,
  })
}

function read(
  words: readonly string[],
  command: Command | undefined,
): { readonly values: ReadonlyMap<string, string>; readonly word: string | undefined } {
  const values = new Map<string, string>()
  let first: string | undefined
  for (let index = 0; index < words.length; index++) {
    const text = words[index] ?? ''
    const [, dashes = '', key = '', value] = /^(--)?([^=]*)(?:=(.*))?$/s.exec(text) ?? []
    if (dashes === '' && (value === undefined || key === '')) {
      if (text.startsWith('-') || first !== undefined || !command?.word) throw stray(text, command, words[index - 1], values)
      first = wordOf(text, command.word)
      continue
    }
    const argument = argumentFor(key, command)
    if (!argument) throw unknownKey(`${dashes}${key}`, key, command)
    const next = words[index + 1]
    const eats = value === undefined && argument.value !== undefined && argument.bare === undefined
    if (eats && next !== undefined && !next.startsWith('-')) index++
    const found = eats ? (next?.startsWith('-') ? undefined : next) : value
    const meant = meaningOf(argument, found, dashes)
    if (values.has(key) && argument.value !== undefined) throw twice(key)
    if (meant !== undefined) values.set(key, meant)
  }
  return { values, word: first }
}

function argumentFor(key: string, command: Command | undefined): GlobalArgument | undefined {
  return command?.arguments.find((argument) => argument.key === key) ?? GLOBALS.find((argument) => argument.key === key)
}

/** The value an argument was given; undefined for a flag that was told to be off. */
function meaningOf(argument: GlobalArgument, value: string | undefined, dashes: string): string | undefined {
  if (argument.value === undefined) {
    if (dashes === '') throw new ReleaserError('USAGE', `${argument.key} is a flag`, { hint: `write --${argument.key}` })
    if (value === undefined || value === 'true') return 'true'
    if (value === 'false') return undefined
    throw new ReleaserError('USAGE', `--${argument.key} takes no value`, { hint: `write --${argument.key}` })
  }
  const given = value ?? argument.bare
  if (given === undefined || given === '')
    throw new ReleaserError('USAGE', `${argument.key} has no value`, { hint: `write ${written(argument)}` })
  return given
}

function wordOf(text: string, word: NonNullable<Command['word']>): string {
  if (word.choices.includes(text)) return text
  const guess = nearest(text, word.choices)
  const hint = guess === undefined ? `there is: ${word.choices.join(', ')}` : `did you mean "${guess}"?`
  throw new ReleaserError('USAGE', `unknown ${word.name} "${text}"`, { hint })
}

function checkRest(command: Command, given: boolean, rest: readonly string[]): void {
  if (command.rest === undefined && given)
    throw new ReleaserError('USAGE', `${command.name} takes no words after --`, { hint: example(command) })
  const wanted = command.rest !== undefined && !command.rest.startsWith('[')
  if (wanted && rest.length === 0)
    throw new ReleaserError('USAGE', `${command.name} needs -- ${command.rest}`, { hint: example(command) })
}

function checkRequired(command: Command, values: Readonly<Record<string, string>>, word: string | undefined): void {
  const missing = command.arguments.find(
    (one) => one.required === true && (values[one.key] ?? values[one.unless ?? '']) === undefined,
  )
  if (missing) throw new ReleaserError('USAGE', `${command.name} needs ${written(missing)}`, { hint: example(command) })
  if (command.word && word === undefined)
    throw new ReleaserError('USAGE', `${command.name} needs ${command.word.choices.join(', ')}`, { hint: example(command) })
}

function hasKey({ arguments: known }: Command, key: string): boolean {
  return known.some((argument) => argument.key === key)
}

function example(command: Command): string {
  return `for example: ${command.examples[0]?.line ?? `releaser ${command.name}`}`
}

function tooEarly(word: string, key: string, commands: Readonly<Record<string, Command>>): ReleaserError {
  if (!Object.values(commands).some((command) => hasKey(command, key)))
    return unknownKey(word.replace(/=.*/s, ''), key, undefined)
  return new ReleaserError('USAGE', `${word} stands before the command`, {
    hint: `put the command first: releaser COMMAND ${word}`,
  })
}

function unknownKey(text: string, key: string, command: Command | undefined): ReleaserError {
  const known = [...(command?.arguments ?? []), ...GLOBALS]
  const guess = known.find(
    (argument) =>
      argument.key ===
      nearest(
        key,
        known.map((one) => one.key),
      ),
  )
  const help = `releaser help${command ? ` ${command.name}` : ''}`
  const hint = guess
    ? `did you mean ${guess.value === undefined || GLOBALS.includes(guess) ? `--${guess.key}` : `${guess.key}=`}?`
    : `see ${help}`
  return new ReleaserError('USAGE', `unknown argument "${text}"${command ? ` for ${command.name}` : ''}`, { hint })
}

function stray(
  text: string,
  command: Command | undefined,
  before: string | undefined,
  values: ReadonlyMap<string, string>,
): ReleaserError {
  const flag = GLOBALS.find(({ key, bare }) => bare !== undefined && before === `--${key}`)
  const key = command?.arguments.find(({ required, value }) => required === true && value !== undefined) ?? command?.arguments[0]
  const hint = flag
    ? `did you mean ${before}=${text}?`
    : command?.rest !== undefined && key !== undefined && values.has(key.key)
      ? `words for the hosts stand behind --, ${example(command)}`
      : key?.value !== undefined && /^[^-=]/.test(text)
        ? `did you mean ${key.key}=${text}?`
        : `see releaser help${command ? ` ${command.name}` : ''}`
  return new ReleaserError('USAGE', `unexpected word "${text}"`, { hint })
}

function twice(key: string): ReleaserError {
  return new ReleaserError('USAGE', `${key} is given twice`, {
    hint: 'separate several values by commas, where several are allowed',
  })
}
