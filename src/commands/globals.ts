import { seconds } from '../model/duration.ts'
import { ReleaserError } from '../model/errors.ts'
import type { Argument, Globals } from './command.ts'

/** An argument of every command. `bare`: its value may be left out, and is never taken from the next word. */
export interface GlobalArgument extends Argument {
  readonly bare?: string
}

export const GLOBALS: readonly GlobalArgument[] = [
  { key: 'config', value: 'FILE', summary: 'the config; else the nearest releaser.config.* upwards' },
  { key: 'json', summary: 'JSON lines on stdout; the last is the result or the error' },
  { key: 'yes', summary: 'answer yes to every question' },
  { key: 'no-input', summary: 'never ask; fail, naming the argument that answers' },
  { key: 'dry-run', summary: 'show what would be done on the hosts, and do nothing' },
  { key: 'wait', value: '10m', bare: '10m', summary: 'wait for a lock, at most so long' },
  { key: 'skip-unreachable', summary: 'go on without hosts that cannot be reached' },
  { key: 'verbose', summary: 'show the output of every step, and the causes of errors' },
  { key: 'quiet', summary: 'show results, warnings and errors only' },
  { key: 'no-color', summary: 'no colours (NO_COLOR does the same)' },
  { key: 'help', summary: 'what a command does, its arguments and exit codes' },
  { key: 'version', summary: 'the version of releaser' },
]

/** The flags that say how a command talks, needed before its words are known to be right. */
export interface Manner {
  readonly json: boolean
  readonly yes: boolean
  readonly noInput: boolean
  readonly verbose: boolean
  readonly quiet: boolean
  readonly noColor: boolean
}

/** Reads the manner off an argv that may be wrong in every other respect. */
export function mannerOf(argv: readonly string[]): Manner {
  const end = argv.indexOf('--')
  const words = new Set(end === -1 ? argv : argv.slice(0, end))
  const has = (key: string): boolean => words.has(`--${key}`) || words.has(`--${key}=true`)
  return {
    json: has('json'),
    yes: has('yes'),
    noInput: has('no-input'),
    verbose: has('verbose'),
    quiet: has('quiet'),
    noColor: has('no-color'),
  }
}

/** The globals that a command gets. Fails with USAGE for a `--wait` that is no duration. */
export function globalsOf(values: Readonly<Record<string, string>>): Globals {
  return {
    config: values['config'],
    yes: values['yes'] === 'true',
    dryRun: values['dry-run'] === 'true',
    verbose: values['verbose'] === 'true',
    wait: values['wait'] === undefined ? undefined : waitOf(values['wait']),
    skipUnreachable: values['skip-unreachable'] === 'true',
  }
}

function waitOf(text: string): number {
  const time = seconds(text)
  if (time === undefined)
    throw new ReleaserError('USAGE', `--wait=${text} is no duration`, { hint: 'write --wait=30s, --wait=10m or --wait=1h' })
  return time
}
