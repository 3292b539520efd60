import { resolve } from 'node:path'
import { importTarball } from '../local/import.ts'
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
  const list = ui.rows([HERE])
  const packed = await during(ui, 'import', () =>
    importTarball({
      file: resolve(values['file'] ?? ''),
      storeDir: store.dir,
      app,
      ...(named !== undefined && { named }),
      onProgress: (done, total) => ui.observe({ event: 'progress', host: null, step: 'import', done, total }),
      signal,
    }),
  )
  const version = named ?? packed.version ?? fallbackVersion(new Date())
  const taken = await takeIn(call, { loaded, store }, packed, { app, version, tags, builder: null, git: null })
  await list.close()
  return takenIn(taken, 'imported')
}
