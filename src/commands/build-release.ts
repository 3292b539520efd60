import { rm } from 'node:fs/promises'
import type { Built } from '../local/build/build.ts'
import { type LoadedConfig, pickBuilder } from '../local/config.ts'
import type { Packed } from '../local/pack.ts'
import { secretsAtHand } from '../local/secrets.ts'
import type { Store } from '../local/store.ts'
import { inTemporaryFolder } from '../local/temporary.ts'
import { ReleaserError } from '../model/errors.ts'
import { changedPaths } from '../model/manifest-change.ts'
import { fallbackVersion } from '../model/release.ts'
import { count } from '../model/size.ts'
import type { Target } from '../model/target.ts'
import { oneLine } from '../ui/sanitize.ts'
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
  /** The revision to build, from a clean checkout. */
  readonly ref?: string | undefined
  /** Build twice, and store nothing where the two differ. */
  readonly checkReproducible?: boolean
  readonly tags?: readonly string[]
}

/**
 * Builds an app, packs what was built and stores it; then drops what `keepLocal` lets go. Fails with BUILD, and then nothing
 * was stored.
 */
export async function buildRelease(
  call: Pick<Call, 'ui' | 'signal' | 'globals' | 'keys'>,
  wanted: BuildWanted,
): Promise<TakenIn> {
  const { ui, signal } = call
  const { loaded, store, app, tags = [] } = wanted
  const { name, builder } = pickBuilder(loaded, wanted)
  ui.conceal(await secretsAtHand([...loaded.targets.values()], loaded.dir, signal))
  const [{ runBuild }, { packTree }, { buildOnHost }] = await Promise.all([
    import('../local/build/build.ts'),
    import('../local/pack.ts'),
    import('./build-on-host.ts'),
  ])
  const onOutput = (line: string): void => ui.observe({ event: 'output', host: null, step: 'build', line })
  const make = (scratch: string) =>
    during(ui, 'build', () =>
      runBuild({
        name,
        builder,
        app,
        version: wanted.version,
        ref: wanted.ref,
        dir: loaded.dir,
        scratch,
        onOutput,
        signal,
        away: { build: (...build) => buildOnHost(call, loaded, ...build), storeDir: store.dir },
      }),
    )
  const pack = ({ dir }: Built) =>
    during(ui, 'pack', () =>
      packTree({
        dir,
        storeDir: store.dir,
        app,
        ...(builder.exclude && { exclude: builder.exclude }),
        ...(builder.absoluteLinks && { absoluteLinks: builder.absoluteLinks }),
        onProgress: (done, total) => ui.observe({ event: 'progress', host: null, step: 'pack', done, total }),
        signal,
      }),
    )
  const once = () =>
    inTemporaryFolder(store.dir, async (scratch) => {
      const built = await make(scratch)
      return { built, packed: await pack(built) }
    })
  const { built, packed } = await once()
  if (wanted.checkReproducible) await demandSame(packed, async () => (await once()).packed)
  const version = built.version ?? fallbackVersion(new Date())
  const { git, metadata } = built
  const taken = await takeIn(call, wanted, packed, { app, version, tags: [...tags, ...built.tags], builder: name, git, metadata })
  const { keepLocal } = loaded.config
  const gone = keepLocal === undefined ? [] : await store.pruneLocal(app, keepLocal)
  if (gone.length > 0) ui.say(`keepLocal: ${count(gone.length, 'old release')} removed from the store`)
  return taken
}

const SHOWN = 20

/** Fails with BUILD, naming the files, where a second build is another one; nothing of either is left then. */
async function demandSame(first: Packed, again: () => Promise<Packed>): Promise<void> {
  try {
    const second = await again()
    await rm(second.file, { force: true })
    const paths = changedPaths(first.manifest, second.manifest)
    if (paths.length === 0) return
    const more = paths.length > SHOWN ? `\n  and ${paths.length - SHOWN} more` : ''
    const list = paths.slice(0, SHOWN).map((path) => `\n  ${oneLine(path)}`)
    throw new ReleaserError(
      'BUILD',
      `two builds of the same sources differ in ${count(paths.length, 'entry', 'entries')}:${list.join('')}${more}`,
      {
        hint: 'nothing was stored; look for times, random names and paths in these files, or build without --check-reproducible',
      },
    )
  } catch (error) {
    await rm(first.file, { force: true })
    throw error
  }
}
