import { ReleaserError } from '../model/errors.ts'
import type { JobKind, JobRows } from '../model/job.ts'
import type { Target } from '../model/target.ts'
import { afterBackup } from './after-backup.ts'
import { currentOf } from './current.ts'
import { encryptTo } from './encrypt-to.ts'
import type { UpkeepInput } from './upkeep.ts'

/** How many backups stay where the configuration does not say. */
const KEEP = 7

/**
 * What a host has to know to do a job: the same whether it is done now or by its timer. What changes with the release that serves, the
 * host finds out itself, at that moment. Fails with CONFIG, NOT_FOUND where nothing is deployed, USAGE where the path is not this target's, NOT_CHANGED where a
 * tool is not there.
 */
export function jobRows(job: JobKind, input: UpkeepInput): JobRows {
  const { target, host } = input
  if (job !== 'verify') currentOf(input)
  const env = { APP: target.app, TARGET: target.name, HOST: host.name, GROUP: '', PREVIOUS: '', DRY_RUN: '' }
  return [
    ['app', target.app],
    ['target', target.name],
    ['host', host.name],
    ...OWN[job](target),
    ...(job === 'backup' ? [...encryptTo(input), ...afterBackup(input)] : []),
    ...Object.entries(env).map(([name, value]) => ['env', `RELEASER_${name}`, value] as const),
  ]
}

const OWN: { readonly [K in JobKind]: (target: Target) => JobRows } = {
  backup: (target) => {
    const { paths = [], command, keep = KEEP, onFailure, heartbeat } = demanded('backup', target.backup, target)
    const rule: Exclude<typeof keep, number> = typeof keep === 'number' ? { last: keep } : keep
    const { last = 0, daily = 0, weekly = 0, monthly = 0 } = rule
    return [
      ...paths.map((path) => ['path', path] as const),
      ...(command === undefined ? [] : [['command', command] as const]),
      ['keep', [last, daily, weekly, monthly].join(' ')],
      ...(onFailure === undefined ? [] : [['onFailure', onFailure] as const]),
      ...(heartbeat === undefined ? [] : [['heartbeat', heartbeat] as const]),
    ]
  },
  // Without a name it is the newest one.
  verify: ({ backup }) => (backup?.verify === undefined ? [] : [['command', backup.verify]]),
  sanitize: (target) => [['command', demanded('sanitize', target.sanitize, target).command]],
}

/** What the configuration says of a job, which has to be something. */
function demanded<T>(job: JobKind, settings: T | undefined, { name }: Target): T {
  if (settings !== undefined) return settings
  const example = job === 'backup' ? "backup: { paths: ['shared/uploads'] }" : "sanitize: { command: '…' }"
  throw new ReleaserError('CONFIG', `target ${name} has no ${job}`, { hint: `write ${example} in the target` })
}

/** The same, before anybody has been connected to. */
export function demandJob(job: 'backup' | 'sanitize', target: Target): void {
  demanded(job, target[job], target)
}
