import type { Store } from '../local/store.ts'
import { hasZstd, sendStream } from '../local/tarball.ts'
import type { Release } from '../model/release.ts'
import type { ShipmentOf } from '../rollout/host.ts'

/** Where the bytes of a release come from: the store's tarball, compressed as both ends can. Nowhere, where there is none. */
export async function shipments({
  store,
  source,
}: {
  readonly store: Store
  readonly source: Release | null
}): Promise<ShipmentOf> {
  if (!source) return async () => null
  const manifest = await store.manifest(source)
  const zstdHere = await hasZstd()
  return async ({ plan, facts }) => {
    if (!plan.transfer) return null
    const wire = zstdHere && facts.tools.includes('zstd') ? 'zstd' : 'gzip'
    return {
      digest: source.digest,
      manifest,
      transfer: plan.transfer,
      base: plan.transfer.base === null ? null : await baseOf(store, plan.transfer.base),
      wire,
      open: (wanted) => sendStream({ file: store.tarballPath(source), compression: source.compression, wanted, to: wire }),
    }
  }
}

async function baseOf(store: Store, id: string) {
  const release = store.list().find((known) => known.id === id)
  return release ? store.manifest(release) : null
}
