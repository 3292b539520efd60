import { rm } from 'node:fs/promises'
import { localFile } from '../local/local-file.ts'
import type { Packed } from '../local/pack.ts'
import type { ReleaseMeta } from '../local/store-changes.ts'
import type { Release } from '../model/release.ts'
import type { Signature } from '../model/signature.ts'
import type { Ui } from '../ui/ui.ts'
import type { Call, Outcome } from './command.ts'
import { during } from './during.ts'
import type { Place } from './place.ts'
import { releaseJson, releaseLine } from './release-shown.ts'

/** A release that a store took in; `already`: its content was there, and nothing was stored twice. */
export interface TakenIn {
  readonly release: Release
  readonly already: boolean
}

/** Signs what was packed where the configuration says so, stores it, and tells what is odd about it. What cannot be signed is not stored. */
export async function takeIn(
  { ui, signal, keys }: Pick<Call, 'ui' | 'signal' | 'keys'>,
  { loaded, store }: Place,
  packed: Packed,
  meta: ReleaseMeta,
): Promise<TakenIn> {
  for (const warning of packed.warnings) ui.warn(warning)
  const signature = await signed(packed, loaded, ui, signal, keys.passphrase).catch(async (error: unknown) => {
    await rm(packed.file, { force: true })
    throw error
  })
  return during(ui, 'store', () => store.add(packed, { ...meta, signature }))
}

async function signed(
  { digest }: Packed,
  loaded: Place['loaded'],
  ui: Ui,
  signal: AbortSignal,
  passphrase: string | undefined,
): Promise<Signature | undefined> {
  if (!loaded?.config.sign) return undefined
  const key = localFile(loaded.dir, loaded.config.sign.key)
  const { signDigest } = await import('../local/sign.ts')
  return during(ui, 'sign', () => signDigest({ key, digest, passphrase, signal }))
}

/** How `build`, `pack` and `import` end. */
export function takenIn({ release, already }: TakenIn, verb: string): Outcome {
  const line = releaseLine(release)
  return {
    result: { release: releaseJson(release, true), already },
    text: already ? `${line}\nits content was in the store already; it is latest again` : `${verb} ${line}`,
  }
}
