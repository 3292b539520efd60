import type { JobRows } from '../model/job.ts'
import { hookStep } from './hook-step.ts'
import type { UpkeepInput } from './upkeep.ts'

/** The hook that runs on a host once a backup has its name, as data of the job; what it is told of the release and the backup the host adds. */
export function afterBackup({ target, host, facts }: UpkeepInput): JobRows {
  const [hook] = hookStep(target, 'post-backup', { dir: '.', release: 'old', first: true })
  if (!hook) return []
  const { app, name } = target
  const told = { hook: 'post-backup', action: 'backup', app, target: name, host: host.name, group: null, path: facts.root }
  return [
    ['post-backup', hook.run],
    ['patience', String(hook.seconds)],
    ['on-failure', hook.ignoreFailure ? 'ignore' : 'stop'],
    ['hook-data', JSON.stringify({ ...told, dryRun: false })],
  ]
}
