import { describe, expect, it } from 'vitest'
import { parseArguments } from '../../src/commands/args.ts'
import type { Command } from '../../src/commands/command.ts'
import { ReleaserError } from '../../src/model/errors.ts'

const command = (name: string, more: Partial<Command>): Command => ({
  name,
  summary: '',
  arguments: [],
  examples: [{ line: `releaser ${name} …`, does: '' }],
  exits: [],
  load: async () => ({ run: async () => ({ result: {}, text: '' }) }),
  ...more,
})

const COMMANDS: Readonly<Record<string, Command>> = {
  deploy: command('deploy', {
    arguments: [
      { key: 'target', value: 'NAME', required: true, summary: '' },
      { key: 'release', value: 'REF', summary: '' },
      { key: 'force', summary: '' },
    ],
    examples: [{ line: 'releaser deploy target=prod', does: '' }],
  }),
  build: command('build', { arguments: [{ key: 'version', value: 'VERSION', summary: '' }] }),
  exec: command('exec', { arguments: [{ key: 'target', value: 'NAME', required: true, summary: '' }], rest: 'WORD...' }),
  run: command('run', { arguments: [{ key: 'command', value: 'NAME', summary: '' }], rest: '[WORD...]' }),
  timer: command('timer', { word: { name: 'action', choices: ['install', 'remove'] } }),
}

const GLOBALS = { config: undefined, yes: false, dryRun: false, verbose: false, wait: undefined, skipUnreachable: false }

function words(argv: readonly string[]) {
  const request = parseArguments(argv, COMMANDS)
  if (request.ask !== 'run') return request.ask === 'help' ? `help ${request.command?.name ?? ''}`.trim() : 'version'
  const { command, words } = request
  return { command: command.name, ...words }
}

function refusal(argv: readonly string[]): readonly [string, string | undefined] {
  try {
    words(argv)
  } catch (error) {
    if (error instanceof ReleaserError && error.code === 'USAGE') return [error.message, error.hint]
    throw error
  }
  throw new Error(`accepted: ${argv.join(' ')}`)
}

const prod = { command: 'deploy', values: { target: 'prod' }, word: undefined, rest: [], globals: GLOBALS }

describe('what is understood', () => {
  it.each([
    ['key=value', ['deploy', 'target=prod'], prod],
    ['--key=value', ['deploy', '--target=prod'], prod],
    ['--key value', ['deploy', '--target', 'prod'], prod],
    ['a key before the command', ['config=x.ts', 'deploy', 'target=prod'], { ...prod, globals: { ...GLOBALS, config: 'x.ts' } }],
    [
      '--config FILE before the command',
      ['--config', 'x.ts', 'deploy', 'target=prod'],
      { ...prod, globals: { ...GLOBALS, config: 'x.ts' } },
    ],
    [
      'a flag that does not eat the next word',
      ['deploy', '--force', 'target=prod'],
      { ...prod, values: { target: 'prod', force: 'true' } },
    ],
    ['a flag told to be off', ['deploy', '--force=false', 'target=prod'], prod],
    [
      'a global that does not eat the command',
      ['--json', '--yes', 'deploy', 'target=prod'],
      { ...prod, globals: { ...GLOBALS, yes: true } },
    ],
    ['a flag given twice', ['--yes', 'deploy', '--yes', 'target=prod'], { ...prod, globals: { ...GLOBALS, yes: true } }],
    ['--wait without its value', ['deploy', '--wait', 'target=prod'], { ...prod, globals: { ...GLOBALS, wait: 600 } }],
    ['--wait with it', ['deploy', '--wait=30s', 'target=prod'], { ...prod, globals: { ...GLOBALS, wait: 30 } }],
    [
      'every other global',
      ['deploy', 'target=prod', '--dry-run', '--verbose', '--skip-unreachable', '--quiet', '--no-color', '--no-input'],
      { ...prod, globals: { ...GLOBALS, dryRun: true, verbose: true, skipUnreachable: true } },
    ],
    [
      'a value that begins with -',
      ['deploy', 'target=-x', '--release=--y'],
      { ...prod, values: { target: '-x', release: '--y' } },
    ],
    ['a value that holds =', ['deploy', 'target=a=b=c'], { ...prod, values: { target: 'a=b=c' } }],
    ['a value of several lines', ['deploy', 'target=a\nb=c'], { ...prod, values: { target: 'a\nb=c' } }],
    [
      'words after --',
      ['exec', 'target=prod', '--', 'ls', '--help', 'a=b', '--'],
      { ...prod, command: 'exec', rest: ['ls', '--help', 'a=b', '--'] },
    ],
    ['no words where they are optional', ['run', 'command=x'], { ...prod, command: 'run', values: { command: 'x' } }],
    ['a word first', ['timer', 'install'], { ...prod, command: 'timer', values: {}, word: 'install' }],
    ["a command's own --version", ['build', '--version', '1.4.0'], { ...prod, command: 'build', values: { version: '1.4.0' } }],
  ])('%s', (_, argv, expected) => {
    expect(words(argv)).toEqual(expected)
  })

  it.each([
    ['help', []],
    ['help', ['--help']],
    ['help', ['-h']],
    ['help', ['help']],
    ['help', ['--json', 'help']],
    ['help deploy', ['help', 'deploy']],
    ['help deploy', ['deploy', '--help']],
    ['help deploy', ['--help', 'deploy', '--nonsense', 'x']],
    ['version', ['--version']],
    ['version', ['--version', '--json']],
    ['version', ['--version', 'build']],
    ['version', ['deploy', '--version']],
  ])('%s: %j', (expected, argv) => {
    expect(words(argv)).toBe(expected)
  })
})

describe('what is refused', () => {
  it.each([
    [['deplyo', 'target=prod'], 'unknown command "deplyo"', 'did you mean "deploy"?'],
    [['xyzzy'], 'unknown command "xyzzy"', 'list them: releaser --help'],
    [['help', 'bild'], 'unknown command "bild"', 'did you mean "build"?'],
    [['constructor'], 'unknown command "constructor"', 'list them: releaser --help'],
    [['--json'], 'no command', 'list them: releaser --help'],
    [['--', 'deploy'], 'no command', 'list them: releaser --help'],
    [['--jsn', 'deploy', 'target=prod'], 'unknown argument "--jsn"', 'did you mean --json?'],
    [['-x', 'deploy'], 'unknown argument "-x"', 'see releaser help'],
    [['--target', 'prod', 'deploy'], '--target stands before the command', 'put the command first: releaser COMMAND --target'],
    [['target=prod', 'deploy'], 'target=prod stands before the command', 'put the command first: releaser COMMAND target=prod'],
    [['deploy', 'taget=prod'], 'unknown argument "taget" for deploy', 'did you mean target=?'],
    [['deploy', '--forse', 'target=prod'], 'unknown argument "--forse" for deploy', 'did you mean --force?'],
    [['deploy', '--wat=1m'], 'unknown argument "--wat" for deploy', 'did you mean --wait?'],
    [['deploy', 'nothing-like-it=1'], 'unknown argument "nothing-like-it" for deploy', 'see releaser help deploy'],
    [['deploy', 'prod'], 'unexpected word "prod"', 'did you mean target=prod?'],
    [['exec', 'target=prod', 'ls'], 'unexpected word "ls"', 'words for the hosts stand behind --, for example: releaser exec …'],
    [['deploy', 'target=prod', '-f'], 'unexpected word "-f"', 'see releaser help deploy'],
    [['deploy', '=prod'], 'unexpected word "=prod"', 'see releaser help deploy'],
    [['deploy'], 'deploy needs target=NAME', 'for example: releaser deploy target=prod'],
    [['deploy', 'target='], 'target has no value', 'write target=NAME'],
    [['deploy', '--target='], 'target has no value', 'write target=NAME'],
    [['deploy', '--target'], 'target has no value', 'write target=NAME'],
    [['deploy', '--target', '--force'], 'target has no value', 'write target=NAME'],
    [['build', '--version'], 'version has no value', 'write version=VERSION'],
    [
      ['deploy', 'target=a', '--target', 'b'],
      'target is given twice',
      'separate several values by commas, where several are allowed',
    ],
    [
      ['--config=a', 'deploy', 'target=x', 'config=b'],
      'config is given twice',
      'separate several values by commas, where several are allowed',
    ],
    [['deploy', 'target=a', 'force=true'], 'force is a flag', 'write --force'],
    [['deploy', 'target=a', '--force=maybe'], '--force takes no value', 'write --force'],
    [['deploy', 'target=a', '--wait', '10m'], 'unexpected word "10m"', 'did you mean --wait=10m?'],
    [['deploy', 'target=a', '--wait=soon'], '--wait=soon is no duration', 'write --wait=30s, --wait=10m or --wait=1h'],
    [['deploy', 'target=a', '--', 'ls'], 'deploy takes no words after --', 'for example: releaser deploy target=prod'],
    [['exec', 'target=a'], 'exec needs -- WORD...', 'for example: releaser exec …'],
    [['exec', 'target=a', '--'], 'exec needs -- WORD...', 'for example: releaser exec …'],
    [['timer'], 'timer needs install, remove', 'for example: releaser timer …'],
    [['timer', 'instal'], 'unknown action "instal"', 'did you mean "install"?'],
    [['timer', 'install', 'remove'], 'unexpected word "remove"', 'see releaser help timer'],
  ])('%j', (argv, message, hint) => {
    expect(refusal(argv)).toEqual([message, hint])
  })
})
