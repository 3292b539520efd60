import type { LaidBackup } from '../model/backup.ts'
import { ReleaserError } from '../model/errors.ts'
import type { Plan, Step } from '../model/plan.ts'
import { isSystemd } from '../model/service.ts'
import type { Target } from '../model/target.ts'
import { proof } from './activation.ts'
import { currentEnv, currentOf } from './current.ts'
import { hookStep } from './hook-step.ts'
import { placed } from './service.ts'
import type { AppPlanInput } from './service-plans.ts'
import { planUpkeep } from './upkeep.ts'
import { wayBack } from './way-back.ts'

/** Databases can be large: nobody waits for a day, and what hangs ends some time. */
const RESTORE_SECONDS = 86_400

/**
 * Puts a backup back that has been unpacked on the host: the app stops, paths are replaced, the target's `restore` runs, the app starts
 * and has to be well; else all is as it was. Fails with NOT_FOUND where nothing is deployed, CONFIG where nothing says how a dump is put back.
 */
export function planRestore(input: AppPlanInput & { readonly backup: LaidBackup }): Plan {
  const { target, facts, first, backup, host } = input
  const release = currentOf(input)
  const { dir, hooks: own } = release
  const way = placed(target, release)
  if (way && facts.unit === null && isSystemd(target.runner))
    throw new ReleaserError('NOT_CHANGED', `${host.name}: there is no unit of the app there, by which systemd would run it`, {
      hint: `have it written: releaser setup target=${target.name}; a deploy does that too`,
    })
  const service = way && { ...way, unit: facts.unit }
  const services = { old: service, new: service }
  const old = (name: 'pre-stop' | 'post-stop') => hookStep(target, name, { dir, release: 'old', first, own })
  const after = (name: 'pre-start' | 'post-start') => hookStep(target, name, { dir, release: 'new', first, own })
  const { before, between } = restoration(target, backup, { from: dir, dir })
  const steps: readonly Step[] = [
    ...before,
    { step: 'await', word: 'activate' },
    { step: 'depart' },
    ...(service ? ([...old('pre-stop'), { step: 'stop', dir }, ...old('post-stop')] as const) : []),
    ...between,
    ...(service
      ? ([...after('pre-start'), { step: 'start', dir }, ...proof({ target, services }), ...after('post-start')] as const)
      : []),
    { step: 'confirm', seconds: target.confirmSeconds },
  ]
  return {
    ...planUpkeep('restore', [], input),
    steps,
    services,
    env: { ...currentEnv(input), RELEASER_BACKUP: backup.name },
    ...wayBack({ target, old: release, come: release, services, first }),
  }
}

/** The steps of a plan that put a backup back: before the first app is stopped, and between stop and start. Fails with CONFIG. */
export function restoration(
  { name, backup: settings }: Target,
  { key, name: backup, paths, dump }: LaidBackup,
  { from, dir }: { readonly from: string; readonly dir: string },
): { readonly before: readonly Step[]; readonly between: readonly Step[] } {
  const run = settings?.restore
  if (dump && run === undefined)
    throw new ReleaserError('CONFIG', `${backup} holds a dump, and target ${name} does not say how it is put back`, {
      hint: `write backup: { restore: 'pg_restore … "$BACKUP_FILE_TO_RESTORE"' } in the target`,
    })
  return {
    before: [{ step: 'take', key, backup, dir: from }],
    between: [
      ...(paths.length > 0 ? [{ step: 'replace', paths } as const] : []),
      ...(run === undefined ? [] : [{ step: 'refill', run, dir, seconds: RESTORE_SECONDS } as const]),
    ],
  }
}

/** Refuses a backup of another app or target. Fails with USAGE. */
export function refuseOthers(
  { name, about }: Pick<LaidBackup, 'name' | 'about'>,
  wanted: { readonly app: string; readonly target: string; readonly host: string },
): void {
  if (about['app'] === wanted.app && about['target'] === wanted.target) return
  throw new ReleaserError(
    'USAGE',
    `${name} is a backup of ${about['app']} (target ${about['target']}), not of ${wanted.app} (target ${wanted.target})`,
    { hint: 'if it is to come there all the same: --force', result: { host: wanted.host } },
  )
}
