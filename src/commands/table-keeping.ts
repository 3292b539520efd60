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
}
