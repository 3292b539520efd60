import type { Command } from './command.ts'
import { HOST, TARGET } from './table-arguments.ts'

const ASKING: Command['exits'] = ['USAGE', 'CONFIG', 'CONNECTION', 'AUTH', 'HOST_KEY', 'NOT_FOUND']

/** What hosts do beside the app: backups, and clearing up. */
export const TIMERS: Readonly<Record<string, Command>> = {
  backup: {
    name: 'backup',
    summary: 'back up now, on the hosts',
    arguments: [TARGET, HOST],
    examples: [
      { line: 'releaser backup target=prod', does: 'paths and dumps into PATH/backups, proven before they count' },
      { line: 'releaser backup target=prod --dry-run', does: 'what would be backed up' },
    ],
    exits: [...ASKING, 'LOCKED', 'REMOTE_COMMAND'],
    load: () => import('./backup.ts'),
  },
  backups: {
    name: 'backups',
    summary: 'the backups on the hosts',
    arguments: [TARGET, HOST],
    examples: [
      { line: 'releaser backups target=prod', does: 'the newest first' },
      { line: 'releaser backups target=prod --json', does: 'with their sha256' },
    ],
    exits: ASKING,
    load: () => import('./backups.ts'),
  },
  sanitize: {
    name: 'sanitize',
    summary: "run the app's clean-up now, and clear what is ours",
    arguments: [TARGET, HOST],
    examples: [
      { line: 'releaser sanitize target=prod', does: 'its sanitize.command, in the current release' },
      { line: 'releaser sanitize target=prod host=web1', does: 'on one host' },
    ],
    exits: [...ASKING, 'LOCKED', 'REMOTE_COMMAND'],
    load: () => import('./backup.ts'),
  },
}
