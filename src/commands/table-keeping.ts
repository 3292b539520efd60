import type { Command } from './command.ts'
import { CHANGING, HOST, SWITCHING, TARGET } from './table-arguments.ts'

/** The commands that look after what there is, in the store and on hosts. */
export const KEEPING: Readonly<Record<string, Command>> = {
  hosts: {
    name: 'hosts',
    summary: 'the hosts that a command would touch',
    arguments: [{ ...TARGET, required: false, summary: 'a target or a group; else all' }, HOST],
    examples: [
      { line: 'releaser hosts target=prod', does: 'names, addresses and paths, from the config alone' },
      { line: "releaser hosts target=prod host='web*'", does: 'those that host=web* would mean' },
    ],
    exits: ['USAGE', 'CONFIG'],
    load: () => import('./hosts.ts'),
  },
  resume: {
    name: 'resume',
    summary: 'finish or take back a rollout that stays on some hosts alone',
    arguments: [
      { ...TARGET, required: false, summary: 'its targets; else of what was cut off here' },
      { key: 'back', summary: 'take it back where it stays, instead of finishing it' },
      HOST,
    ],
    examples: [
      { line: 'releaser resume target=prod', does: 'bring the release to the hosts that stayed behind' },
      { line: 'releaser resume target=prod --back', does: 'have the others go back to what they served before' },
    ],
    exits: [...SWITCHING, 'INTEGRITY'],
    load: () => import('./resume.ts'),
  },
  diff: {
    name: 'diff',
    summary: 'files and commits between two releases',
    arguments: [
      { key: 'release', value: 'REF', required: true, summary: 'what it became' },
      { key: 'with', value: 'REF', summary: 'what it was; else the one before, or with target= current' },
      { ...TARGET, required: false, summary: 'look on its hosts as well: current and previous are theirs' },
      HOST,
      { key: 'app', value: 'NAME', summary: 'the app, where the store holds several' },
    ],
    examples: [
      { line: 'releaser diff release=latest', does: 'against the release before' },
      { line: 'releaser diff release=latest target=prod', does: 'against what prod serves' },
    ],
    exits: ['USAGE', 'CONFIG', 'CONNECTION', 'AUTH', 'HOST_KEY', 'NOT_FOUND', 'INTEGRITY'],
    load: () => import('./diff.ts'),
  },
  delete: {
    name: 'delete',
    summary: 'delete a release, here or on hosts',
    arguments: [
      { key: 'release', value: 'REF', required: true, summary: 'which one; several by commas' },
      { ...TARGET, required: false, summary: 'delete on these hosts; else from the store' },
      HOST,
      { key: 'app', value: 'NAME', summary: 'the app, where the store holds several' },
    ],
    examples: [
      { line: 'releaser delete release=1.3.9', does: 'from the store, once you have said yes' },
      { line: 'releaser delete release=1.3.9 target=prod', does: 'on every host that has it; never the current one' },
    ],
    exits: CHANGING,
    load: () => import('./delete.ts'),
  },
  pin: {
    name: 'pin',
    summary: 'hold a target to a release',
    arguments: [TARGET, { key: 'release', value: 'REF', summary: 'which one; else what is current' }, HOST],
    examples: [
      { line: 'releaser pin target=prod', does: 'to what it serves, until a deploy by hand' },
      { line: 'releaser pin target=prod release=1.3.9', does: 'that release is kept by prune' },
    ],
    exits: CHANGING,
    load: () => import('./pin.ts'),
  },
  unpin: {
    name: 'unpin',
    summary: 'lift a pin',
    arguments: [TARGET, { key: 'release', value: 'REF', summary: 'the pin of this one alone; else of all' }, HOST],
    examples: [
      { line: 'releaser unpin target=prod', does: 'nothing holds it any more' },
      { line: 'releaser unpin target=prod release=1.3.9', does: 'prune may take that one again' },
    ],
    exits: CHANGING,
    load: () => import('./unpin.ts'),
  },
  verify: {
    name: 'verify',
    summary: 'find what was edited, lost or damaged, here or on hosts',
    arguments: [
      { ...TARGET, required: false, summary: 'the trees on these hosts; else the store' },
      { key: 'release', value: 'REF', summary: 'only this release; else all' },
      { key: 'app', value: 'NAME', summary: 'in the store: only releases of this app' },
      HOST,
      { key: 'fix', summary: 'mend what can be mended' },
    ],
    examples: [
      { line: 'releaser verify target=prod', does: 'every file on every host, hashed and compared' },
      { line: 'releaser verify release=1.4.0', does: 'one release in the store' },
    ],
    exits: [...CHANGING, 'ROLLED_BACK', 'INTEGRITY'],
    load: () => import('./verify.ts'),
  },
  download: {
    name: 'download',
    summary: "take a host's release into the store, verified",
    arguments: [
      TARGET,
      { key: 'release', value: 'REF', required: true, summary: 'current, previous, an id, a version, or the start of an id' },
      HOST,
    ],
    examples: [
      { line: 'releaser download target=prod release=current', does: 'what serves there, whoever deployed it' },
      { line: 'releaser download target=prod release=1.3.9', does: 'by its version, from the first host that has it whole' },
    ],
    exits: ['USAGE', 'CONFIG', 'CONNECTION', 'AUTH', 'HOST_KEY', 'LOCKED', 'BUILD', 'NOT_FOUND', 'INTEGRITY'],
    load: () => import('./download.ts'),
  },
}
