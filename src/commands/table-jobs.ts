import type { Command } from './command.ts'
import { HOST, TARGET } from './table-arguments.ts'

const ASKING: Command['exits'] = ['USAGE', 'CONFIG', 'CONNECTION', 'AUTH', 'HOST_KEY', 'NOT_FOUND']

const BACKUP = {
  key: 'backup',
  value: 'NAME',
  summary: 'its name there, or ./FILE here; the latest',
}
const IDENTITY = { key: 'identity', value: 'FILE', summary: 'key of age for .age; RELEASER_AGE_IDENTITY' }

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
  'backup-fetch': {
    name: 'backup-fetch',
    summary: 'bring a backup of each host here, verified',
    arguments: [
      TARGET,
      { key: 'backup', value: 'NAME', summary: 'which one; the latest of each host' },
      { key: 'to', value: 'DIR', summary: 'to a folder for each host in here; backup.fetch.to' },
      HOST,
    ],
    examples: [
      { line: 'releaser backup-fetch target=prod', does: 'as cron may run it: the newest, and backup.fetch.keep of them stay' },
      { line: 'releaser backup-fetch target=prod to=backups host=web1', does: 'the newest of web1 to backups/web1/' },
    ],
    exits: [...ASKING, 'INTEGRITY'],
    load: () => import('./backup-fetch.ts'),
  },
  'backup-verify': {
    name: 'backup-verify',
    summary: 'prove on the hosts that a backup can be restored',
    arguments: [TARGET, BACKUP, IDENTITY, HOST],
    examples: [
      { line: 'releaser backup-verify target=prod', does: 'unpacks the newest, compares every file, runs backup.verify' },
      { line: 'releaser backup-verify target=prod backup=./shop.tar.gz.age identity=key', does: 'one that lies here, encrypted' },
    ],
    exits: [...ASKING, 'LOCKED', 'NOT_CHANGED', 'REMOTE_COMMAND', 'INTEGRITY'],
    load: () => import('./backup-verify.ts'),
  },
  restore: {
    name: 'restore',
    summary: 'put a backup back; on a failure all is as it was',
    arguments: [TARGET, BACKUP, IDENTITY, { key: 'force', summary: 'a backup of another app or target too' }, HOST],
    examples: [
      { line: 'releaser restore target=prod', does: 'the newest: stop, replace paths, backup.restore, start, health' },
      { line: 'releaser restore target=prod backup=./backups/web1/NAME.tar.gz', does: 'one that lies here, as on a new host' },
    ],
    exits: [...ASKING, 'LOCKED', 'NOT_CHANGED', 'ROLLED_BACK', 'PARTIAL', 'INTEGRITY'],
    load: () => import('./restore.ts'),
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
      { key: 'job', value: 'NAME', summary: 'backup, sanitize or verify, for run and log; backup' },
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
