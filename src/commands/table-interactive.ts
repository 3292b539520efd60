import type { Argument, Command } from './command.ts'

const TARGET: Argument = { key: 'target', value: 'NAME', required: true, summary: 'a target' }

const HOST: Argument = { key: 'host', value: 'NAME', summary: 'which host; else asked for, where there are several' }

const EXITS: Command['exits'] = ['USAGE', 'CONFIG', 'CONNECTION', 'AUTH', 'HOST_KEY', 'NOT_FOUND', 'REMOTE_COMMAND']

/** The commands that need a terminal. */
export const INTERACTIVE: Readonly<Record<string, Command>> = {
  manage: {
    name: 'manage',
    summary: 'look after the store and the hosts, at a prompt',
    arguments: [
      { ...TARGET, required: false, summary: 'begin with its hosts; else with the store' },
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
    arguments: [TARGET, HOST],
    examples: [
      { line: 'releaser console target=prod', does: 'such as iex in the running app' },
      { line: 'releaser console target=prod host=web2', does: 'of the app on that host' },
    ],
    exits: EXITS,
    load: () => import('./console.ts'),
  },
  ssh: {
    name: 'ssh',
    summary: "open a shell in the current release, with the app's environment",
    arguments: [TARGET, HOST],
    examples: [
      { line: 'releaser ssh target=prod', does: 'on its only host, or the one you choose' },
      { line: 'releaser ssh target=prod host=web2', does: 'on that host' },
    ],
    exits: EXITS,
    load: () => import('./ssh.ts'),
  },
}
