import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { LoadedConfig } from '../local/config.ts'
import type { Store } from '../local/store.ts'
import { ReleaserError } from '../model/errors.ts'
import type { Release } from '../model/release.ts'
import { didYouMean } from '../model/suggest.ts'
import type { Call } from './command.ts'

/** What commands without a host work on: a store, and a configuration where there is one. */
export interface Place {
  readonly loaded: LoadedConfig | undefined
  readonly store: Store
}

/**
 * Opens the store of the configuration, or `.releaser` in the working directory where there is no configuration. Fails with
 * CONFIG where there is neither, unless the command is one that may make the store.
 */
export async function openPlace(call: Call, mayMake: boolean): Promise<Place> {
  const cwd = process.cwd()
  const loaded = await configIfAny(call, cwd)
  const dir = loaded?.storeDir ?? resolve(cwd, '.releaser')
  if (!loaded && !mayMake && !(await exists(join(dir, 'db.json')))) {
    throw new ReleaserError('CONFIG', `no releaser.config.ts in ${cwd} or above it, and no store`, {
      hint: 'write one: releaser init',
    })
  }
  return { loaded, store: await openStoreAt(dir, call) }
}

/** Opens a store and tells what had to be mended in it. */
export async function openStoreAt(dir: string, { ui }: Pick<Call, 'ui'>): Promise<Store> {
  const { openStore } = await import('../local/store.ts')
  const store = await openStore(dir)
  for (const warning of store.warnings) ui.warn(warning)
  return store
}

/** The app that is meant: the one named, else the only one there is. Fails with USAGE. */
export function appMeant(loaded: LoadedConfig | undefined, named: string | undefined): string {
  if (!loaded) {
    if (named !== undefined) return named
    throw new ReleaserError('USAGE', 'there is no releaser.config.ts that names the app', { hint: 'name it: app=NAME' })
  }
  if (named !== undefined && !loaded.apps.includes(named)) {
    throw new ReleaserError('USAGE', `there is no app "${named}" in ${loaded.file}`, { hint: didYouMean(named, loaded.apps) })
  }
  const [first, second] = loaded.apps
  const app = named ?? (second === undefined ? first : undefined)
  if (app !== undefined) return app
  const choices = loaded.apps.map((name) => `app=${name}`).join(' or ')
  throw new ReleaserError('USAGE', `there are ${loaded.apps.length} apps`, { hint: `say which: ${choices}` })
}

/** The release that `release=` and `app=` name; without `app=`, the configuration's only app goes before others. */
export function releaseMeant({ loaded, store }: Place, { values }: Pick<Call, 'values'>): Release {
  const [first, second] = loaded?.apps ?? []
  const only = second === undefined && first !== undefined && store.list(first).length > 0 ? first : undefined
  return store.find(values['release'] ?? 'latest', values['app'] ?? only)
}

async function configIfAny({ globals }: Call, cwd: string): Promise<LoadedConfig | undefined> {
  const { seekConfig } = await import('../local/config-file.ts')
  const file = globals.config ?? (await seekConfig(cwd))
  if (file === undefined) return undefined
  const { loadConfig } = await import('../local/config.ts')
  return loadConfig({ file, cwd })
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
