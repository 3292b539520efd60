import type { Packed } from '../local/pack.ts'
import type { Store } from '../local/store.ts'
import type { ReleaseMeta } from '../local/store-changes.ts'
import type { Release } from '../model/release.ts'
import type { Ui } from '../ui/ui.ts'
import type { Outcome } from './command.ts'
import { during } from './during.ts'
import { releaseJson, releaseLine } from './release-shown.ts'

/** A release that a store took in; `already`: its content was there, and nothing was stored twice. */
export interface TakenIn {
  readonly release: Release
  readonly already: boolean
}

/** Stores what was packed, and tells what is odd about it. */
export async function takeIn(ui: Ui, store: Store, packed: Packed, meta: ReleaseMeta): Promise<TakenIn> {
  for (const warning of packed.warnings) ui.warn(warning)
  return during(ui, 'store', () => store.add(packed, meta))
}

/** How `build`, `pack` and `import` end. */
export function takenIn({ release, already }: TakenIn, verb: string): Outcome {
  const line = releaseLine(release)
  return {
    result: { release: releaseJson(release, true), already },
    text: already ? `${line}\nits content was in the store already; it is latest again` : `${verb} ${line}`,
  }
}
