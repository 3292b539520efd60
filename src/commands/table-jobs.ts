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
  timer: {
    name: 'timer',
    summary: 'have hosts back up and sanitize by themselves',
    word: { name: 'WHAT', choices: ['install', 'status', 'run', 'remove', 'log'] },
    arguments: [
      TARGET,
      { key: 'job', value: 'NAME', summary: 'backup or sanitize, for run and log; backup' },
      { key: 'lines', value: 'N', summary: 'how much of a log; 100' },
      HOST,
    ],
    examples: [
      { line: 'releaser timer install target=prod', does: 'by systemd or cron, what has a schedule; again, it changes nothing' },
      { line: 'releaser timer status target=prod', does: 'last run, next run, what failed or is overdue' },
    ],
    exits: [...ASKING, 'LOCKED', 'NOT_CHANGED', 'PARTIAL', 'REMOTE_COMMAND'],
    load: () => import('./timer.ts'),
  },
}
