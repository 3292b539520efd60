import { resolve } from 'node:path'
import { builtVersion, checkStarted, startedVersion } from '../local/built-version.ts'
import { gitState } from '../local/git.ts'
import { packTree } from '../local/pack.ts'
import { fallbackVersion } from '../model/release.ts'
import { HERE } from '../ui/board.ts'
import type { Run } from './command.ts'
import { during } from './during.ts'
import { appMeant, openPlace } from './place.ts'
import { tagsOf, versionOf } from './release-words.ts'
import { takeIn, takenIn } from './take-in.ts'

export const run: Run = async (call) => {
  const { values, ui, signal } = call
  const tags = tagsOf(values['tag'])
  const named = versionOf(values['version'])
  const { loaded, store } = await openPlace(call, true)
  const app = appMeant(loaded, values['app'])
  const dir = resolve(values['dir'] ?? '.')
  if (named !== undefined) checkStarted(await startedVersion(dir), named)
  const list = ui.rows([HERE])
  const packed = await during(ui, 'pack', () =>
    packTree({
      dir,
      storeDir: store.dir,
      app,
      onProgress: (done, total) => ui.observe({ event: 'progress', host: null, step: 'pack', done, total }),
      signal,
    }),
  )
  const version = named ?? (await builtVersion([dir])) ?? fallbackVersion(new Date())
  const taken = await takeIn(call, { loaded, store }, packed, { app, version, tags, builder: null, git: await gitState(dir) })
  await list.close()
  return takenIn(taken, 'packed')
}
