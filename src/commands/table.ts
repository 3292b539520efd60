import type { Command } from './command.ts'
import { APP, INTERACTIVE } from './table-app.ts'
import { HERE } from './table-here.ts'
import { HOSTS } from './table-hosts.ts'
import { TIMERS } from './table-jobs.ts'
import { KEEPING } from './table-keeping.ts'

/** Every command by its name. */
export const COMMANDS: Readonly<Record<string, Command>> = { ...HERE, ...HOSTS, ...KEEPING, ...TIMERS, ...APP, ...INTERACTIVE }

/** What help lists first, each command with what it does. */
export const GROUPS: readonly { readonly title: string; readonly commands: readonly Command[] }[] = [
  { title: 'Here', commands: pick('init', 'build', 'pack', 'import', 'releases', 'demo') },
  { title: 'On hosts', commands: pick('deploy', 'rollback', 'status', 'history', 'prune', 'setup') },
]

/** The others, by their names alone, so that all fit a screen. */
export const TOPICS: readonly { readonly topic: string; readonly commands: readonly Command[] }[] = [
  {
    topic: 'the app',
    commands: [
      ...Object.values({ ...APP, ...INTERACTIVE }),
      ...pick('backup', 'backups', 'backup-fetch', 'backup-verify', 'restore', 'timer'),
    ],
  },
  {
    topic: 'hosts',
    commands: pick('check', 'doctor', 'hosts', 'trust', 'report', 'resume', 'activate', 'exec', 'lock', 'unlock'),
  },
  {
    topic: 'keeping',
    commands: pick('sanitize', 'verify', 'download', 'diff', 'delete', 'show', 'tag', 'untag', 'pin', 'unpin'),
  },
]

function pick(...names: readonly string[]): readonly Command[] {
  return Object.values(COMMANDS).filter(({ name }) => names.includes(name))
}
