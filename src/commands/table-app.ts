import type { ErrorCode } from '../model/errors.ts'
import type { Argument, Command } from './command.ts'
import { HOST, TARGET } from './table-arguments.ts'

/** Of what only asks or runs something in the release that serves. */
const ASKING: readonly ErrorCode[] = ['USAGE', 'CONFIG', 'CONNECTION', 'AUTH', 'HOST_KEY', 'NOT_FOUND', 'REMOTE_COMMAND']

/** Of what changes the app, under the lock. */
const CHANGING: readonly ErrorCode[] = [...ASKING, 'LOCKED', 'NOT_CHANGED', 'PARTIAL']

const changing = (name: string, summary: string, examples: Command['examples']): Command => ({
  name,
  summary,
  arguments: [TARGET, HOST],
  examples,
  exits: CHANGING,
  load: () => import('./app-verb.ts'),
})

const asking = (name: string, summary: string, examples: Command['examples'], rest?: string): Command => ({
  name,
  summary,
  arguments: [TARGET, HOST],
  ...(rest === undefined ? {} : { rest }),
  examples,
  exits: ASKING,
  load: () => import('./app-ask.ts'),
})

/** The commands for the app of the release that serves. */
export const APP: Readonly<Record<string, Command>> = {
  start: changing('start', 'start the app, and see that it answers', [
    { line: 'releaser start target=prod', does: 'one host after the other; where it runs, nothing is done' },
    { line: 'releaser start target=prod host=web1', does: 'one host of it' },
  ]),
  stop: changing('stop', 'stop the app, and wait until it is gone', [
    { line: 'releaser stop target=prod', does: "its own stop, TERM after it, KILL only where the config's kill says so" },
    { line: 'releaser stop target=prod host=web1 --yes', does: 'one host, and no question where prod is protected' },
  ]),
  restart: changing('restart', 'stop the app, start it, and see that it answers', [
    { line: 'releaser restart target=prod', does: 'one host after the other, none after one that failed' },
    { line: 'releaser restart target=prod --wait', does: 'once whoever is at work there is done' },
  ]),
  ping: asking('ping', 'ask the app whether it is there', [
    { line: 'releaser ping target=prod', does: "by the runner's words; else its process and its health" },
    { line: 'releaser ping target=prod --json', does: 'for a script' },
  ]),
  pid: asking('pid', "the app's process id", [
    { line: 'releaser pid target=prod', does: 'on every host' },
    { line: 'releaser pid target=prod host=web1', does: 'the bare number' },
  ]),
  version: asking('version', 'the version that the app says it is', [
    { line: 'releaser version target=prod', does: "asks the app itself where its runner can; else the release's" },
    { line: 'releaser version target=prod --json', does: 'for a script' },
  ]),
  rpc: asking(
    'rpc',
    'evaluate an expression in the running app',
    [
      { line: "releaser rpc target=prod -- 'Shop.Orders.count()'", does: 'in the node that serves' },
      { line: "releaser rpc target=prod host=web1 -- 'IO.puts(node())'", does: 'on one host' },
    ],
    'EXPR...',
  ),
  eval: asking(
    'eval',
    'evaluate an expression in the release, beside the app',
    [
      { line: "releaser eval target=prod -- 'Shop.Release.seed()'", does: 'in a process of its own' },
      { line: "releaser eval target=prod host=web1 -- 'IO.puts(1)'", does: 'on one host' },
    ],
    'EXPR...',
  ),
  run: {
    name: 'run',
    summary: "run one of the config's commands in the current release",
    arguments: [TARGET, { key: 'command', value: 'NAME', required: true, summary: "its name in the target's commands" }, HOST],
    rest: '[ARG...]',
    examples: [
      { line: 'releaser run target=prod command=seed', does: "commands: { seed: 'npm run seed' }, on every host" },
      { line: 'releaser run target=prod command=seed host=web1 -- users', does: 'on one; words behind -- are its $1, $2 ...' },
    ],
    exits: ASKING,
    load: () => import('./run.ts'),
  },
  migrate: changing('migrate', "run the config's migrate once more, on the first host", [
    { line: 'releaser migrate target=prod', does: 'in the current release, with its environment' },
    { line: 'releaser migrate target=prod --dry-run', does: 'what would run, and where' },
  ]),
  logs: {
    name: 'logs',
    summary: 'what the app wrote, from all hosts',
    arguments: [
      TARGET,
      { key: 'lines', value: 'N', summary: 'how many of each file; 100' },
      { key: 'follow', summary: 'go on until Ctrl-C' },
      HOST,
    ],
    examples: [
      {
        line: 'releaser logs target=prod lines=20',
        does: "the end of shared/log/app.log, of its journal, or of the config's logs",
      },
      { line: 'releaser logs target=prod --follow', does: 'and what comes, with the name of its host' },
    ],
    exits: ASKING.filter((code) => code !== 'REMOTE_COMMAND'),
    load: () => import('./logs.ts'),
  },
}

const ONE_TARGET: Argument = { key: 'target', value: 'NAME', required: true, summary: 'a target' }

const ONE_HOST: Argument = { key: 'host', value: 'NAME', summary: 'which host; else asked for, where there are several' }

const ON_A_TERMINAL: Command['exits'] = ['USAGE', 'CONFIG', 'CONNECTION', 'AUTH', 'HOST_KEY', 'NOT_FOUND', 'REMOTE_COMMAND']

/** The commands that need a terminal. */
export const INTERACTIVE: Readonly<Record<string, Command>> = {
  manage: {
    name: 'manage',
    summary: 'look after the store and the hosts, at a prompt',
    arguments: [
      { ...ONE_TARGET, required: false, summary: 'begin with its hosts; else with the store' },
      { key: 'host', value: 'PATTERN', summary: 'with target=: only hosts whose name fits, such as web*' },
    ],
    examples: [
      { line: 'releaser manage', does: 'the store; connect goes on to a target' },
      { line: 'releaser manage target=prod', does: 'what lies on the hosts of prod' },
    ],
    exits: ['USAGE', 'CONFIG'],
    load: () => import('./manage.ts'),
  },
  console: {
    name: 'console',
    summary: "open the running app's console",
    arguments: [ONE_TARGET, ONE_HOST],
    examples: [
      { line: 'releaser console target=prod', does: 'such as iex in the running app' },
      { line: 'releaser console target=prod host=web2', does: 'of the app on that host' },
    ],
    exits: ON_A_TERMINAL,
    load: () => import('./console.ts'),
  },
  ssh: {
    name: 'ssh',
    summary: "open a shell in the current release, with the app's environment",
    arguments: [ONE_TARGET, ONE_HOST],
    examples: [
      { line: 'releaser ssh target=prod', does: 'on its only host, or the one you choose' },
      { line: 'releaser ssh target=prod host=web2', does: 'on that host' },
    ],
    exits: ON_A_TERMINAL,
    load: () => import('./ssh.ts'),
  },
}
