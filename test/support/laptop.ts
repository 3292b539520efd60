import type { ChildProcess } from 'node:child_process'
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { HostEntry, Target } from '../../src/model/config.ts'
import { type CliResult, runCli } from './cli.ts'
import type { TestHosts } from './hosts.ts'

/** A line of `--json`, or the last one. */
export type Json = Readonly<Record<string, unknown>>

export interface Answer extends CliResult {
  /** Every line of stdout, where `--json` was asked for. */
  readonly events: readonly Json[]
  readonly last: Json
}

/** The command line while it runs, for tests that meet it halfway. */
export interface Started<Ended = Answer> {
  kill(signal: NodeJS.Signals): void
  /** All that it has printed so far. */
  said(): string
  readonly ended: Promise<Ended>
}

/** A person's machine: a folder with an app and its configuration, where the built command line is called. */
export interface Laptop {
  readonly dir: string
  /** What the command line gets: a home of its own, no configuration of ssh but the tests' own. */
  readonly env: Readonly<Record<string, string | undefined>>
  write(files: Readonly<Record<string, string>>): Promise<void>
  /** Writes the configuration: `build` copies `app/` of this folder. */
  configure(targets: Readonly<Record<string, Target>>, more?: Json): Promise<void>
  /** Calls the command line with `--json`. */
  call(...words: readonly string[]): Promise<Answer>
  start(...words: readonly string[]): Started
  /** The same without `--json`, as a person would. */
  say(...words: readonly string[]): Promise<CliResult>
  begin(...words: readonly string[]): Started<CliResult>
}

/** A laptop with these files, by path. Gone after the test; outside one, with `keep`, after its owner removes it. */
export async function laptop(
  files: Readonly<Record<string, string>> = {},
  options: { readonly keep?: boolean } = {},
): Promise<Laptop> {
  const base = await realpath(await mkdtemp(join(tmpdir(), 'releaser-laptop-')))
  const dir = join(base, 'work')
  if (options.keep !== true) onTestFinished(() => rm(base, { recursive: true, force: true }))
  await mkdir(join(base, 'home'))
  await mkdir(dir)
  const env = { HOME: join(base, 'home'), RELEASER_SSH_CONFIG: '/dev/null', SSH_AUTH_SOCK: undefined }
  const here: Laptop = {
    dir,
    env,
    write: async (more) => {
      for (const [path, content] of Object.entries(more)) {
        await mkdir(dirname(join(dir, path)), { recursive: true })
        await writeFile(join(dir, path), content)
      }
    },
    configure: (targets, more) => {
      const builders = { copy: { type: 'command', clean: ['out'], run: 'cp -R app out', output: 'out' } }
      return here.write({ 'releaser.config.json': JSON.stringify({ app: 'shop', builders, targets, ...more }, undefined, 2) })
    },
    call: (...words) => here.start(...words).ended,
    start: (...words) => {
      const rest = words.indexOf('--')
      const at = rest === -1 ? words.length : rest
      const started = here.begin(...words.slice(0, at), '--json', ...words.slice(at))
      return { ...started, ended: started.ended.then(toAnswer) }
    },
    say: (...words) => here.begin(...words).ended,
    begin: (...words) => {
      let said = ''
      let process: ChildProcess | undefined
      const onStart = (child: ChildProcess): void => {
        process = child
        for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (said += chunk))
      }
      const ended = runCli(words, { cwd: dir, env, onStart })
      return { kill: (signal) => void process?.kill(signal), said: () => said, ended }
    },
  }
  await here.write(files)
  return here
}

/** A target with a list of its hosts. */
export type Listed = Target & { readonly hosts: readonly (string | HostEntry)[] }

/** A target that goes to all of these hosts (or those named), at `path`: below each one's home, or absolute. */
export function targetOn(
  hosts: TestHosts,
  path: string,
  more: Partial<Omit<Target, 'hosts'>> = {},
  only?: readonly string[],
): Listed {
  const chosen = hosts.hosts.filter(({ name }) => only === undefined || only.includes(name))
  return { hosts: chosen.map((host) => host.configEntry), path, ...trusting(hosts), ...more }
}

/** The settings that let a target in. */
export function trusting({ identity, knownHosts }: TestHosts): Pick<Target, 'identity' | 'knownHosts'> {
  return { identity, knownHosts }
}

function toAnswer(result: CliResult): Answer {
  const events = result.stdout
    .split('\n')
    .filter(Boolean)
    .map((line): Json => JSON.parse(line))
  return { ...result, events, last: events.at(-1) ?? {} }
}
