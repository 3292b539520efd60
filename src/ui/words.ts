import type { StepKind } from '../model/plan.ts'

/** Steps that happen here, or between here and a host, and so have no place in a host's plan. */
export type LocalStep =
  | 'build'
  | 'pack'
  | 'import'
  | 'store'
  | 'sign'
  | 'connect'
  | 'facts'
  | 'plan'
  | 'lock'
  | 'send'
  | 'fetch'
  | 'record'
  | 'unlock'
  | 'undo'
  | 'settle'
  | 'verify'
  | 'download'
  | 'sanitize'
  | 'unpack'

interface Words {
  /** While it happens. */
  readonly doing: string
  /** Once it has happened. */
  readonly done: string
}

const WORDS: { readonly [K in StepKind | LocalStep]: Words } = {
  build: { doing: 'building', done: 'built' },
  pack: { doing: 'packing', done: 'packed' },
  import: { doing: 'checking and packing', done: 'checked and packed' },
  sign: { doing: 'signing', done: 'signed' },
  store: { doing: 'storing', done: 'stored' },
  connect: { doing: 'connecting', done: 'connected' },
  facts: { doing: 'reading facts', done: 'facts read' },
  plan: { doing: 'planning', done: 'planned' },
  lock: { doing: 'taking the lock', done: 'lock taken' },
  send: { doing: 'sending files', done: 'files sent' },
  fetch: { doing: 'fetching what was built', done: 'fetched what was built' },
  receive: { doing: 'receiving files', done: 'files received and verified' },
  link: { doing: 'linking shared', done: 'shared linked' },
  signed: { doing: 'verifying who signed', done: 'signature verified' },
  publish: { doing: 'naming the release', done: 'release in place' },
  command: { doing: 'running a command', done: 'command run' },
  again: { doing: 'laying the release out again', done: 'release laid out again' },
  render: { doing: 'rendering templates', done: 'templates rendered' },
  configure: { doing: 'writing the environment', done: 'environment written' },
  take: { doing: 'taking what was unpacked', done: 'backup at hand' },
  replace: { doing: 'putting paths back', done: 'paths put back' },
  refill: { doing: 'running the restore command', done: 'restore command run' },
  depart: { doing: 'leaving the old release', done: 'on the way' },
  stop: { doing: 'stopping the app', done: 'app stopped' },
  start: { doing: 'starting the app', done: 'app started' },
  health: { doing: 'asking the app', done: 'app healthy' },
  prove: { doing: 'seeing that the app stays up', done: 'app stays up' },
  await: { doing: 'waiting for the other hosts', done: 'all hosts ready' },
  activate: { doing: 'switching current', done: 'current switched' },
  confirm: { doing: 'confirming over a new connection', done: 'confirmed' },
  prune: { doing: 'pruning old releases', done: 'old releases pruned' },
  freeze: { doing: 'freezing', done: 'frozen' },
  boot: { doing: 'setting up coming back at boot', done: 'coming back at boot set up' },
  unit: { doing: 'having systemd run the app', done: 'unit of the app in place' },
  unfreeze: { doing: 'lifting the freeze', done: 'freeze lifted' },
  record: { doing: 'recording', done: 'recorded' },
  unlock: { doing: 'giving the lock back', done: 'lock given back' },
  undo: { doing: 'taking back', done: 'taken back' },
  verify: { doing: 'verifying every file', done: 'every file verified' },
  download: { doing: 'downloading', done: 'downloaded' },
  backup: { doing: 'backing up', done: 'backed up' },
  sanitize: { doing: 'sanitizing', done: 'sanitized' },
  unpack: { doing: 'unpacking the backup and proving it', done: 'backup unpacked and proven' },
  settle: { doing: 'settling what was cut off', done: 'settled what was cut off' },
}

/** What people read while a step runs. A step that is none of ours is a hook, called by its name. */
export function doing(step: string): string {
  return has(step) ? WORDS[step].doing : `running ${step}`
}

/** What people read when a step is over. */
export function done(step: string): string {
  return has(step) ? WORDS[step].done : `${step} run`
}

function has(step: string): step is keyof typeof WORDS {
  return Object.hasOwn(WORDS, step)
}
