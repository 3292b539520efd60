import { pairs } from '../ui/table.ts'
import { written } from './args.ts'
import type { Command } from './command.ts'
import { exitMeanings } from './exits.ts'
import { GLOBALS } from './globals.ts'
import { GROUPS, TOPICS } from './table.ts'

/** What `releaser --help` says; fits a screen of 80 columns and 40 lines. */
export function overview(): string {
  const groups = GROUPS.map(
    ({ title, commands }) =>
      `${title}\n${pairs(
        commands.map(({ name, summary }) => [name, summary]),
        '  ',
      )}`,
  )
  return [
    'releaser: build once, deploy over SSH, go back when it fails\n  releaser COMMAND [key=value ...] [--flag ...]',
    ...groups,
    `More, each with its own help\n${topics()}`,
    `Flags of every command\n${pairs(
      GLOBALS.map((flag) => [flagWritten(flag), flag.summary]),
      '  ',
    )}`,
    'More: releaser help COMMAND',
  ].join('\n\n')
}

function topics(): string {
  const width = Math.max(...TOPICS.map(({ topic }) => topic.length))
  const named = TOPICS.map(({ topic, commands }) =>
    wrapped(
      `  ${topic.padEnd(width)} `,
      commands.map(({ name }) => name),
    ),
  )
  return named.join('\n')
}

/** What `releaser help COMMAND` says. */
export function commandHelp(command: Command): string {
  const { name, summary, examples, exits } = command
  const sections = [
    `releaser ${name}: ${summary}`,
    usage(command),
    ...(command.arguments.length === 0
      ? []
      : [
          `Arguments\n${pairs(
            command.arguments.map((one) => [written(one), one.summary]),
            '  ',
          )}`,
        ]),
    `Examples\n${examples.map(({ line, does }) => `  ${line}\n      ${does}`).join('\n')}`,
    `Exit codes\n${pairs(exitMeanings(exits), '  ')}`,
    'Flags of every command: releaser --help',
  ]
  return sections.join('\n\n')
}

/** The words of a call, in lines of at most 80 columns. */
function usage({ name, word, arguments: list, rest }: Command): string {
  const parts = list.map((argument) => (argument.required === true ? written(argument) : `[${written(argument)}]`))
  const words = [...(word ? [word.choices.join('|')] : []), ...parts, ...(rest === undefined ? [] : [`-- ${rest}`])]
  return wrapped(`  releaser ${name}`, words)
}

/** Words behind a head, in lines of at most 80 columns; those that follow are indented to where the words begin. */
function wrapped(head: string, words: readonly string[]): string {
  const lines = [head]
  const indent = ' '.repeat(head.length)
  for (const text of words) {
    const last = lines.pop() ?? ''
    const longer = `${last} ${text}`
    lines.push(...(longer.length <= 80 ? [longer] : [last, `${indent} ${text}`]))
  }
  return lines.join('\n')
}

function flagWritten(flag: (typeof GLOBALS)[number]): string {
  return flag.value !== undefined && flag.bare === undefined ? `--${flag.key} ${flag.value}` : written(flag)
}
