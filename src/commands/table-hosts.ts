import type { Command } from './command.ts'
import { APP, HOST, SWITCHING, TARGET } from './table-arguments.ts'

/** The commands that work on hosts. */
const CHECK: Command = {
  name: 'check',
  summary: 'what keeps a deploy from working, or will, and what helps',
  arguments: [{ ...TARGET, required: false }, HOST],
  examples: [
    { line: 'releaser check', does: 'all targets; changes nothing' },
    { line: 'releaser check target=prod --json', does: 'each finding with its level and remedy' },
  ],
  exits: ['USAGE', 'CONFIG', 'CONNECTION', 'AUTH', 'HOST_KEY', 'NOT_CHANGED'],
  load: () => import('./check.ts'),
}

export const HOSTS: Readonly<Record<string, Command>> = {
  deploy: {
    name: 'deploy',
    summary: 'bring a release to every host of a target',
    arguments: [
      { ...TARGET, unless: 'plan' },
      APP,
      { key: 'release', value: 'REF', summary: "which one; else the app's latest; api:REF,web:REF" },
      HOST,
      { key: 'build', summary: 'build first' },
      { key: 'force', summary: 'deploy again what is there already' },
      { key: 'plan-out', value: 'FILE', summary: 'with --dry-run: save what would be done' },
      { key: 'plan', value: 'FILE', summary: 'do exactly that, or nothing where a host has moved' },
    ],
    examples: [
      { line: 'releaser deploy target=prod', does: 'the newest release, to all hosts of prod' },
      { line: 'releaser deploy target=staging --build --yes', does: 'build, then deploy, and ask nothing' },
    ],
    exits: [...SWITCHING, 'BUILD', 'INTEGRITY'],
    load: () => import('./deploy.ts'),
  },
  rollback: {
    name: 'rollback',
    summary: 'go back to the previous good release',
    arguments: [
      TARGET,
      APP,
      { key: 'release', value: 'REF', summary: 'another release that is on the hosts' },
      { key: 'with-backup', summary: 'and its data, from the newest backup of its time' },
      HOST,
    ],
    examples: [
      { line: 'releaser rollback target=prod', does: 'every host goes back one release' },
      { line: 'releaser rollback target=prod --with-backup', does: 'and to the data of its time; what has come since is lost' },
    ],
    exits: SWITCHING,
    load: () => import('./rollback.ts'),
  },
  activate: {
    name: 'activate',
    summary: 'switch to a release that lies on the hosts',
    arguments: [TARGET, APP, { key: 'release', value: 'REF', required: true, summary: 'one that all of the hosts have' }, HOST],
    examples: [
      { line: 'releaser activate target=prod release=1.4.0', does: 'to that version, by the same path as a deploy' },
      { line: 'releaser activate target=prod release=1.4.0 --dry-run', does: 'what would be done, host by host' },
    ],
    exits: SWITCHING,
    load: () => import('./activate.ts'),
  },
  status: {
    name: 'status',
    summary: 'what is live on every host, since when, and how its app is',
    arguments: [{ ...TARGET, required: false, summary: 'a target or a group; else all' }, HOST],
    examples: [
      { line: 'releaser status', does: 'all targets' },
      { line: 'releaser status target=prod --json', does: 'one target, for a script' },
    ],
    exits: ['CONFIG', 'CONNECTION', 'AUTH', 'HOST_KEY'],
    load: () => import('./status.ts'),
  },
  history: {
    name: 'history',
    summary: 'who deployed what, when, with what result',
    arguments: [TARGET, { key: 'limit', value: 'N', summary: 'how many entries; 20' }, HOST],
    examples: [
      { line: 'releaser history target=prod', does: 'the last 20, merged over the hosts' },
      { line: 'releaser history target=prod limit=100', does: 'more of them' },
    ],
    exits: ['USAGE', 'CONFIG', 'CONNECTION', 'AUTH', 'HOST_KEY'],
    load: () => import('./history.ts'),
  },
  report: {
    name: 'report',
    summary: 'write one page about what is live where, and what happened',
    arguments: [
      { key: 'html', value: 'FILE', required: true, summary: 'the page; only an older one of report is written over' },
      { ...TARGET, required: false, summary: 'a target or a group; else all' },
      HOST,
    ],
    examples: [
      { line: 'releaser report html=deploys.html', does: 'all targets' },
      {
        line: 'releaser report html=prod.html target=prod --skip-unreachable',
        does: 'one target; a host that is down is no failure',
      },
    ],
    exits: ['USAGE', 'CONFIG', 'CONNECTION', 'AUTH', 'HOST_KEY'],
    load: () => import('./report.ts'),
  },
  prune: {
    name: 'prune',
    summary: 'drop old releases, here or on hosts',
    arguments: [
      { ...TARGET, required: false, summary: 'prune on these hosts; else in the store' },
      { key: 'app', value: 'NAME', summary: 'the app whose releases in the store are pruned' },
      { key: 'keep', value: 'N', summary: "how many stay; else the config's keep" },
      { key: 'within', value: '30d', summary: 'what was packed within this time stays as well' },
      { key: 'size', value: '2GB', summary: 'in the store: only what fits stays' },
      HOST,
    ],
    examples: [
      { line: 'releaser prune target=prod --dry-run', does: 'what would go, and why' },
      { line: 'releaser prune keep=10', does: 'keep ten releases in the store' },
    ],
    exits: ['USAGE', 'CONFIG', 'CONNECTION', 'AUTH', 'HOST_KEY', 'LOCKED', 'PARTIAL'],
    load: () => import('./prune.ts'),
  },
  lock: {
    name: 'lock',
    summary: 'freeze a target by hand',
    arguments: [TARGET, { key: 'message', value: 'TEXT', summary: 'why, for whoever meets it' }, HOST],
    examples: [
      { line: 'releaser lock target=prod message="until Monday"', does: 'no deploy, rollback or prune until it is lifted' },
      { line: 'releaser lock target=prod --wait', does: 'once whoever is at work there is done' },
    ],
    exits: ['USAGE', 'CONFIG', 'CONNECTION', 'AUTH', 'HOST_KEY', 'LOCKED', 'NOT_CHANGED', 'PARTIAL'],
    load: () => import('./lock.ts'),
  },
  unlock: {
    name: 'unlock',
    summary: 'lift a freeze',
    arguments: [TARGET, HOST],
    examples: [
      { line: 'releaser unlock target=prod', does: 'all may deploy again, whoever froze it' },
      { line: 'releaser unlock target=prod host=web1', does: 'one host of it' },
    ],
    exits: ['USAGE', 'CONFIG', 'CONNECTION', 'AUTH', 'HOST_KEY', 'LOCKED', 'NOT_CHANGED', 'PARTIAL'],
    load: () => import('./unlock.ts'),
  },
  setup: {
    name: 'setup',
    summary: 'prepare hosts, and have them come back at boot',
    arguments: [TARGET, HOST],
    examples: [
      { line: 'releaser setup target=prod', does: 'folders, and a unit or a crontab line that settles a cut deploy' },
      { line: 'releaser setup target=prod --dry-run', does: 'what would be written, and where' },
    ],
    exits: ['USAGE', 'CONFIG', 'CONNECTION', 'AUTH', 'HOST_KEY', 'LOCKED', 'NOT_CHANGED', 'PARTIAL'],
    load: () => import('./setup.ts'),
  },
  check: CHECK,
  doctor: {
    ...CHECK,
    name: 'doctor',
    summary: 'the same as check',
    examples: CHECK.examples.map((example) => ({ ...example, line: example.line.replace('check', 'doctor') })),
  },
  trust: {
    name: 'trust',
    summary: "show the hosts' keys, and record those that are unknown",
    arguments: [TARGET, HOST],
    examples: [
      { line: 'releaser trust target=prod', does: 'shows fingerprints and asks; compare them on the hosts before you say yes' },
      { line: 'releaser trust target=prod --dry-run', does: 'shows them, and records nothing' },
    ],
    exits: ['USAGE', 'CONFIG', 'CONNECTION', 'HOST_KEY'],
    load: () => import('./trust.ts'),
  },
  exec: {
    name: 'exec',
    summary: 'run a command in the current release of every host',
    arguments: [TARGET, HOST],
    rest: 'WORD...',
    examples: [
      { line: 'releaser exec target=prod -- ls -l', does: 'one command, on every host' },
      { line: "releaser exec target=prod -- 'du -sh . | cut -f1'", does: 'a single word runs through sh' },
    ],
    exits: ['USAGE', 'CONFIG', 'CONNECTION', 'AUTH', 'HOST_KEY', 'NOT_FOUND', 'REMOTE_COMMAND'],
    load: () => import('./exec.ts'),
  },
  demo: {
    name: 'demo',
    summary: 'see it all work: an embedded host, a temporary folder',
    arguments: [
      { key: 'hosts', value: 'N', summary: 'so many hosts, to play with from another terminal' },
      { key: 'keep', summary: 'leave the temporary folder' },
    ],
    examples: [
      { line: 'releaser demo', does: 'build, deploy, a failure that takes itself back, rollback' },
      { line: 'releaser demo hosts=6', does: 'two data centres of three hosts, until Ctrl-C' },
    ],
    exits: ['USAGE', 'CONNECTION', 'BUILD', 'NOT_CHANGED', 'ROLLED_BACK', 'PARTIAL'],
    load: () => import('./demo.ts'),
  },
}
