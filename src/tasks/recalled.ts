import type { Recalled } from '../model/host-state.ts'
import type { Manifest } from '../model/manifest.ts'
import type { Release } from '../model/release.ts'
import { hooksIn, layoutWord } from './service.ts'

/** What a store knows of a release, as a host would remember it; without its list of files its kind and its hooks stay unknown. */
export function recalled({ id, version, digest }: Release, manifest: Manifest | undefined): Recalled {
  if (!manifest) return { id, version, digest }
  const layout = layoutWord(manifest)
  const hooks = hooksIn(manifest, layout)
  return { id, version, digest, ...(layout !== undefined && { layout }), ...(hooks.length > 0 && { hooks }) }
}
