import { ReleaserError } from '../model/errors.ts'
import { nearest } from '../model/suggest.ts'
import type { Command } from './command.ts'
import { GLOBALS } from './globals.ts'

export function hasKey({ arguments: known }: Command, key: string): boolean {
  return known.some((argument) => argument.key === key)
}

export function example(command: Command): string {
  return `for example: ${command.examples[0]?.line ?? `releaser ${command.name}`}`
}

export function tooEarly(word: string, key: string, commands: Readonly<Record<string, Command>>): ReleaserError {
  if (!Object.values(commands).some((command) => hasKey(command, key)))
    return unknownKey(word.replace(/=.*/s, ''), key, undefined)
  return new ReleaserError('USAGE', `${word} stands before the command`, {
    hint: `put the command first: releaser COMMAND ${word}`,
  })
}

export function unknownKey(text: string, key: string, command: Command | undefined): ReleaserError {
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

export function stray(
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

export function twice(key: string): ReleaserError {
  return new ReleaserError('USAGE', `${key} is given twice`, {
    hint: 'separate several values by commas, where several are allowed',
  })
}
