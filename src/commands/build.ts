import { type LoadedConfig, loadConfig, namedTargets } from '../local/config.ts'
import { ReleaserError } from '../model/errors.ts'
import type { Target } from '../model/target.ts'
import { HERE } from '../ui/board.ts'
import { buildRelease } from './build-release.ts'
import type { Call, Run } from './command.ts'
import { appMeant, openStoreAt } from './place.ts'
import { tagsOf, versionOf } from './release-words.ts'
import { takenIn } from './take-in.ts'

export const run: Run = async (call) => {
  const { values, ui, globals } = call
  const tags = tagsOf(values['tag'])
  const version = versionOf(values['version'])
  const loaded = await loadConfig({ file: globals.config, cwd: process.cwd() })
  const target = targetMeant(loaded, values['target'])
  const app = appToBuild(loaded, target, values)
  const store = await openStoreAt(loaded.storeDir, call)
  const list = ui.rows([HERE])
  const { builder, ref } = values
  const checkReproducible = values['check-reproducible'] === 'true'
  const taken = await buildRelease(call, { loaded, store, app, target, builder, version, ref, tags, checkReproducible })
  await list.close()
  return takenIn(taken, 'built')
}

function targetMeant(loaded: LoadedConfig, name: string | undefined): Target | undefined {
  if (name === undefined) return undefined
  const [first, ...others] = namedTargets(loaded, name)
  if (others.length === 0) return first
  const targets = [first, ...others].map((target) => `target=${target?.name}`).join(' or ')
  throw new ReleaserError('USAGE', `${name} is several targets, and a build is for one`, { hint: `say which: ${targets}` })
}

/** The app named, else the target's, else the only one whose builder was named, else the only one. */
function appToBuild(loaded: LoadedConfig, target: Target | undefined, values: Call['values']): string {
  const { app, builder } = values
  if (target && app !== undefined && app !== target.app) {
    throw new ReleaserError('USAGE', `target ${target.name} is for the app ${target.app}, not ${app}`, { hint: 'leave app= out' })
  }
  if (target) return target.app
  const ofBuilder = Object.entries(loaded.config.apps ?? {}).filter(
    ([, settings]) => builder !== undefined && settings.builder === builder,
  )
  return appMeant(loaded, app ?? (ofBuilder.length === 1 ? ofBuilder[0]?.[0] : undefined))
}
