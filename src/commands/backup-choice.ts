import { byAge, isOf } from '../model/backup.ts'
import { ReleaserError } from '../model/errors.ts'
import type { Backup } from '../model/job.ts'
import { hasControl } from '../model/name.ts'
import { lookAtJobs } from '../remote/jobs.ts'
import type { Asked } from '../rollout/host.ts'
import { refuseForeign } from '../tasks/refusals.ts'
import type { Call } from './command.ts'

/** A backup on a host. */
export interface OnHost {
  readonly asked: Asked
  readonly backup: Backup
}

/** The backups of its app and target on a host, newest first; with `all` those of others too. Fails where the path is not this target's. */
export async function backupsOn(
  { signal }: Pick<Call, 'signal'>,
  { target, host, facts, remote }: Asked,
  all = false,
): Promise<readonly Backup[]> {
  refuseForeign(facts, { app: target.app, target: target.name, host: host.name })
  if (facts.format === null) return []
  const seen = await lookAtJobs(remote, host.path, signal)
  // What a host calls a name becomes one here.
  const backups = seen.backups.filter(({ name }) => !name.includes('/') && !hasControl(name))
  return byAge(all ? backups : backups.filter(({ name }) => isOf(name, { app: target.app, target: target.name })))
}

/** The backup that is meant on each host, by its name or `latest`, which is the newest one there. Fails with NOT_FOUND, naming who lacks it. */
export async function chosenOn(call: Call, hosts: readonly Asked[], wanted = 'latest'): Promise<readonly OnHost[]> {
  const found = await Promise.all(
    hosts.map(async (asked) => {
      const backups = await backupsOn(call, asked, wanted !== 'latest')
      return { asked, backup: wanted === 'latest' ? backups[0] : backups.find(({ name }) => name === wanted) }
    }),
  )
  const lacking = found.filter(({ backup }) => !backup).map(({ asked }) => asked.host.name)
  if (lacking.length === 0) return found.flatMap(({ asked, backup }) => (backup ? [{ asked, backup }] : []))
  const what = wanted === 'latest' ? 'there is no backup' : `there is no backup ${wanted}`
  throw new ReleaserError('NOT_FOUND', `${what} on ${lacking.join(', ')}`, {
    hint:
      lacking.length < found.length
        ? `name the hosts that have it: host=${found.flatMap(({ asked, backup }) => (backup ? [asked.host.name] : [])).join(',')}`
        : wanted === 'latest'
          ? 'make one: releaser backup target=NAME; or restore one that you have: backup=./FILE.tar.gz'
          : 'see what there is: releaser backups target=NAME; a file of yours is named with its folder: backup=./FILE.tar.gz',
  })
}
