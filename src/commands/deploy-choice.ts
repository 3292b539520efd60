import { ReleaserError } from '../model/errors.ts'
import type { PerApp } from '../model/per-app.ts'
import { refsOfApps } from '../model/refs-of-apps.ts'
import type { Release } from '../model/release.ts'
import { ago } from '../ui/time.ts'
import { buildRelease } from './build-release.ts'
import type { Call } from './command.ts'
import { eachApp } from './each-app.ts'
import type { RolloutMeant } from './rollout-meant.ts'

/** The release of the store that each app is to serve: built now, named by `release=`, or its latest. On a terminal somebody is asked. */
export async function chosenReleases(call: Call, meant: RolloutMeant): Promise<PerApp<Release>> {
  const { loaded, store, destinations, apps } = meant
  const { values, globals, ui } = call
  const refs = refsOfApps(values['release'], apps)
  const chosen = await eachApp(destinations, async (app, [first]) => {
    if (values['build'] === 'true') return (await buildRelease(call, { loaded, store, target: first?.target, app })).release
    const ref = refs?.get(app)
    return ref === undefined ? store.latest(app) : named(meant, ref, app)
  })
  if (values['build'] === 'true' || refs || !ui.interactive || globals.yes || globals.dryRun) return chosen
  const offer = [...chosen].map(([app, release]) => `${app} ${release.version}, ${builtWhen(release)}`).join('; and ')
  const where = destinations.length > 1 ? `, to ${destinations.length} hosts` : ''
  if (await ui.confirm(`Deploy ${offer}${where}?`, { initial: true, answer: '--yes' })) return chosen
  return eachApp(destinations, (app) => {
    const choices = store.list(app).map((value) => ({
      label: `${value.version}  ${value.id}  ${ago(new Date(value.createdAt), new Date())}`,
      value,
    }))
    return ui.select(apps.length > 1 ? `Which release of ${app}?` : 'Which release?', choices, { answer: 'release=REF' })
  })
}

/** `built 3 min ago from 3f2a9c1`. */
function builtWhen({ createdAt, git }: Release): string {
  return `built ${ago(new Date(createdAt), new Date())}${git ? ` from ${git.rev.slice(0, 7)}` : ''}`
}

/** The release that REF names for this app; one of an app that is not meant is refused by name. */
function named({ store, apps }: RolloutMeant, ref: string, app: string): Release {
  try {
    return store.find(ref, app)
  } catch (error) {
    if (!(error instanceof ReleaserError) || error.code !== 'NOT_FOUND') throw error
    const hint = `list what fits: releaser releases app=${app}`
    const other = store.list().find(({ id, version, tags }) => [id, version, ...tags].includes(ref))
    if (other && !apps.includes(other.app))
      throw new ReleaserError('USAGE', `release ${other.id} is of ${other.app}, and this target deploys ${app}`, { hint })
    if (apps.length === 1) throw error
    const each = `name one for each: release=${apps.map((one) => `${one}:REF`).join(',')}`
    throw new ReleaserError('NOT_FOUND', error.message, { hint: `${hint}; or ${each}` })
  }
}
