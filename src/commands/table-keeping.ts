import type { Command } from './command.ts'
import { HOST, TARGET } from './table-arguments.ts'

/** The commands that see to what is kept, here and on hosts. */
export const KEEPING: Readonly<Record<string, Command>> = {
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
    exits: [
      'USAGE',
      'CONFIG',
      'CONNECTION',
      'AUTH',
      'HOST_KEY',
      'LOCKED',
      'NOT_CHANGED',
      'ROLLED_BACK',
      'PARTIAL',
      'NOT_FOUND',
      'INTEGRITY',
    ],
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
