import type { LoadedConfig } from '../local/config.ts'
import { backupBefore, type LaidBackup } from '../model/backup.ts'
import { ReleaserError } from '../model/errors.ts'
import { wordFor } from '../model/host-state.ts'
import { viewOf } from '../model/host-view.ts'
import { ownOf, type PerApp } from '../model/per-app.ts'
import type { Plan } from '../model/plan.ts'
import type { Host } from '../model/target.ts'
import { lookInto } from '../remote/backups.ts'
import type { Asked } from '../rollout/host.ts'
import { refuseOthers } from '../tasks/restore.ts'
import type { Wanted } from '../tasks/wanted.ts'
import { backupsOn } from './backup-choice.ts'
import type { Call } from './command.ts'
import { type AllLaid, layAll, type Meant } from './lay-out.ts'

/** The data of a release's time, which comes back with it. */
export interface DataBack {
  readonly lay: (loaded: LoadedConfig, releases: PerApp<Wanted>, asked: readonly Asked[]) => Promise<AllLaid>
  /** Goes on only where somebody says so: a person, or `--yes`. */
  readonly ask: (plans: readonly Plan[]) => Promise<void>
}

export function dataBack(call: Call): DataBack {
  return {
    lay: async (loaded, releases, asked) => {
      const meant = await chosen(call, releases, asked)
      const laid = call.globals.dryRun ? await seen(call, meant) : await layAll(call, loaded, meant)
      try {
        for (const { asked } of meant) demandOf(laid.of(asked.host), ownOf(releases, asked), asked)
        return laid
      } catch (error) {
        await laid.release()
        throw error
      }
    },
    ask: async (plans) => {
      if (call.globals.yes) return
      const told = plans.flatMap(({ host, steps }) =>
        steps.flatMap((step) => (step.step === 'take' ? [`${step.backup} on ${host}`] : [])),
      )
      const question = `Put back ${told.join('; ')} too? What has been written since is lost`
      if (await call.ui.confirm(question, { initial: false, answer: '--yes' })) return
      throw new ReleaserError('INTERRUPTED', 'stopped: nothing was done')
    },
  }
}

/** On each host the newest backup that was made while the release served, before what serves now was activated. Fails with NOT_FOUND. */
async function chosen(call: Call, releases: PerApp<Wanted>, hosts: readonly Asked[]): Promise<readonly Meant[]> {
  const found = await Promise.all(
    hosts.map(async (asked) => {
      const { target, facts } = asked
      const release = ownOf(releases, asked)
      const own = viewOf(facts).releases.find(({ id }) => id === release.id)
      const version = own?.version ?? release.version
      const until = facts.state?.since ?? facts.time
      const all = await backupsOn(call, asked)
      return { asked, backup: backupBefore(all, { app: target.app, target: target.name, version, until }) }
    }),
  )
  const lacking = found.filter(({ backup }) => !backup).map(({ asked }) => asked.host.name)
  if (lacking.length === 0)
    return found.flatMap(({ asked, backup }) => (backup ? [{ asked, name: backup.name, file: null }] : []))
  const words = [...releases.values()].map(wordFor)
  throw new ReleaserError(
    'NOT_FOUND',
    `${lacking.join(', ')}: there is no backup that was made while ${words.join(' or ')} served, before what serves now came`,
    {
      hint: 'see what there is: releaser backups target=NAME; go back without the data (releaser rollback), or put one back by its name (releaser restore)',
    },
  )
}

/** Two releases can have one version; what is inside tells them apart. */
function demandOf(backup: LaidBackup, release: Wanted, { target, host }: Asked): void {
  refuseOthers(backup, { app: target.app, target: target.name, host: host.name })
  if (backup.about['release'] === release.id) return
  throw new ReleaserError(
    'NOT_FOUND',
    `${host.name}: ${backup.name} was made from ${backup.about['release']}, not from ${release.id}`,
    {
      hint: `go back without the data, then put one back by its name: releaser restore target=${target.name} backup=NAME`,
    },
  )
}

/** The same for a dry run, by what backups say of themselves. */
async function seen(call: Call, meant: readonly Meant[]): Promise<AllLaid> {
  const found = new Map<Host, LaidBackup>()
  for (const { asked, name } of meant)
    found.set(asked.host, { ...(await lookInto(asked.remote, asked.host.path, name, call.signal)), name, key: '-' })
  const of = (host: Host): LaidBackup => {
    const content = found.get(host)
    if (content) return content
    throw new ReleaserError('BUG', `nobody has looked at ${host.name}`)
  }
  return { of, release: async () => {} }
}
