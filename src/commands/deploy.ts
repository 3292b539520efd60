import { type LoadedConfig, loadConfig, pickTargets } from '../local/config.ts'
import type { Store } from '../local/store.ts'
import { ReleaserError } from '../model/errors.ts'
import type { Release } from '../model/release.ts'
import type { Target } from '../model/target.ts'
import { ago } from '../ui/time.ts'
import { buildRelease } from './build-release.ts'
import type { Call, Outcome } from './command.ts'
import { destinations, onlyApp } from './destinations.ts'
import { lastHook } from './last-hook.ts'
import { recallOf } from './memory.ts'
import { openStoreAt } from './place.ts'
import { readPlan, savePlan } from './plan-file.ts'
import { askProtected } from './protected.ts'
import { record } from './record.ts'
import { roll } from './roll.ts'
import { rolledOutcome } from './rolled.ts'

const DIRTY = 'this release was built from changes that are not committed'

/** `releaser deploy`: a release of the store becomes what every host of the targets serves. */
export async function run(said: Call): Promise<Outcome> {
  const { 'plan-out': saveTo, plan: file } = said.values
  if (saveTo !== undefined && !said.globals.dryRun)
    throw new ReleaserError('USAGE', '--plan-out saves what a dry run shows', { hint: 'add --dry-run' })
  const plan = file === undefined ? null : await readPlan(file, said)
  const call = plan === null ? said : { ...said, values: plan.values }
  const { values, globals } = call
  const loaded = await loadConfig({ file: globals.config, cwd: process.cwd() })
  const targets = await pickTargets(loaded, values['target'], call.signal)
  const app = onlyApp(targets, loaded)
  const store = await openStoreAt(loaded.storeDir, call)
  const all = destinations(targets, values['host'], recallOf(store))
  const release = await choose(call, loaded, store, app, targets)
  await store.check(release)
  const manifest = await store.manifest(release)
  const { id, version, digest, platforms } = release
  const wanted = { id, version, digest, ...(platforms && { platforms }) }
  const rolled = await record(call, { store, targets, app, action: 'deploy' }, release.id, () =>
    roll({
      call,
      loaded,
      store,
      targets,
      destinations: all,
      action: 'deploy',
      force: values['force'] === 'true',
      source: release,
      choose: async (asked) => {
        plan?.demandHosts(asked)
        return { ...wanted, manifest }
      },
      ...(plan && { demand: plan.demand }),
      ask: () => askProtected(call, targets, `deploy ${release.version} to`, release.git?.dirty ? DIRTY : undefined),
    }),
  )
  if (saveTo !== undefined) await savePlan(saveTo, call, id, rolled.plans)
  const outcome = rolledOutcome(call, 'deploy', release, rolled, targets)
  await lastHook(call, { action: 'deploy', targets, dir: loaded.dir, rolled, outcome })
  return outcome
}

async function choose(call: Call, loaded: LoadedConfig, store: Store, app: string, targets: readonly Target[]): Promise<Release> {
  const { values, globals, ui } = call
  if (values['build'] === 'true') return (await buildRelease(call, { loaded, store, target: targets[0], app })).release
  const ref = values['release']
  if (ref !== undefined) return named(store, ref, app)
  const latest = store.latest(app)
  if (!ui.interactive || globals.yes || globals.dryRun) return latest
  const built = `built ${ago(new Date(latest.createdAt), new Date())}${latest.git ? ` from ${latest.git.rev.slice(0, 7)}` : ''}`
  if (await ui.confirm(`Deploy ${app} ${latest.version}, ${built}?`, { initial: true, answer: '--yes' })) return latest
  const choices = store.list(app).map((value) => ({
    label: `${value.version}  ${value.id}  ${ago(new Date(value.createdAt), new Date())}`,
    value,
  }))
  return ui.select('Which release?', choices, { answer: 'release=REF' })
}

/** The release that REF names for this app; one of another app is refused by name. */
function named(store: Store, ref: string, app: string): Release {
  try {
    return store.find(ref, app)
  } catch (error) {
    const other = store.list().find(({ id, version, tags }) => [id, version, ...tags].includes(ref))
    if (!other || other.app === app || !(error instanceof ReleaserError) || error.code !== 'NOT_FOUND') throw error
    throw new ReleaserError('USAGE', `release ${other.id} is of ${other.app}, and this target deploys ${app}`, {
      hint: `list what fits: releaser releases app=${app}`,
    })
  }
}
