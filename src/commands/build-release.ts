import { mkdir, rm } from 'node:fs/promises'
import { type LoadedConfig, pickBuilder } from '../local/config.ts'
import type { Store } from '../local/store.ts'
import { fallbackVersion } from '../model/release.ts'
import { count } from '../model/size.ts'
import type { Target } from '../model/target.ts'
import type { Call } from './command.ts'
import { during } from './during.ts'
import { type TakenIn, takeIn } from './take-in.ts'

export interface BuildWanted {
  readonly loaded: LoadedConfig
  readonly store: Store
  readonly app: string
  readonly target?: Target | undefined
  readonly builder?: string | undefined
  readonly version?: string | undefined
  readonly tags?: readonly string[]
}

/**
 * Builds an app, packs what was built and stores it; then drops what `keepLocal` lets go. Fails with BUILD, and then nothing
 * was stored.
 */
export async function buildRelease(call: Pick<Call, 'ui' | 'signal'>, wanted: BuildWanted): Promise<TakenIn> {
  const { sweepTemporary, temporaryPath } = await import('../local/temporary.ts')
  await sweepTemporary(wanted.store.dir)
  const scratch = await temporaryPath(wanted.store.dir, '')
  try {
    await mkdir(scratch, { mode: 0o700 })
    return await buildInto(scratch, call, wanted)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

async function buildInto(scratch: string, { ui, signal }: Pick<Call, 'ui' | 'signal'>, wanted: BuildWanted): Promise<TakenIn> {
  const { loaded, store, app, tags = [] } = wanted
  const { name, builder } = pickBuilder(loaded, wanted)
  const [{ runBuild }, { packTree }] = await Promise.all([import('../local/build/build.ts'), import('../local/pack.ts')])
  const onOutput = (line: string): void => ui.observe({ event: 'output', host: null, step: 'build', line })
  const built = await during(ui, 'build', () =>
    runBuild({ name, builder, app, version: wanted.version, dir: loaded.dir, scratch, onOutput, signal }),
  )
  const packed = await during(ui, 'pack', () =>
    packTree({
      dir: built.dir,
      storeDir: store.dir,
      app,
      ...(builder.exclude && { exclude: builder.exclude }),
      ...(builder.absoluteLinks && { absoluteLinks: builder.absoluteLinks }),
      onProgress: (done, total) => ui.observe({ event: 'progress', host: null, step: 'pack', done, total }),
      signal,
    }),
  )
  const version = built.version ?? fallbackVersion(new Date())
  const taken = await takeIn(ui, store, packed, { app, version, tags, builder: name, git: built.git })
  const { keepLocal } = loaded.config
  const gone = keepLocal === undefined ? [] : await store.pruneLocal(app, keepLocal)
  if (gone.length > 0) ui.say(`keepLocal: ${count(gone.length, 'old release')} removed from the store`)
  return taken
}
