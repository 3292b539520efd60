import type { Store } from '../local/store.ts'
import type { Release } from '../model/release.ts'
import type { Bringing } from './roll.ts'

/** A release of the store to be sent, whole as it is there. Fails with INTEGRITY where it is not. */
export async function fromStore(store: Store, source: Release): Promise<Bringing> {
  await store.check(source)
  const { id, version, digest, platforms } = source
  const manifest = await store.manifest(source)
  return { source, release: { id, version, digest, ...(platforms && { platforms }), manifest } }
}
