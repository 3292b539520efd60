import type { Store } from '../local/store.ts'
import { hasZstd, sendStream } from '../local/tarball.ts'
import type { Manifest } from '../model/manifest.ts'
import type { Release } from '../model/release.ts'
import { packedDelta } from '../remote/receive.ts'
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
  // Most hosts of a rollout have the same release before: it is read, and compared, once for all of them.
  const bases = madeOnce((id: string) => baseOf(store, id))
  const delta = madeOnce((base: Manifest | null) => packedDelta(base, manifest))
  return async ({ plan, facts }) => {
    if (!plan.transfer) return null
    const wire = zstdHere && facts.tools.includes('zstd') ? 'zstd' : 'gzip'
    return {
      digest: source.digest,
      manifest,
      transfer: plan.transfer,
      base: plan.transfer.base === null ? null : await bases(plan.transfer.base),
      delta,
      wire,
      open: (wanted) => sendStream({ file: store.tarballPath(source), compression: source.compression, wanted, to: wire }),
    }
  }
}

function madeOnce<K, V>(make: (key: K) => Promise<V>): (key: K) => Promise<V> {
  const made = new Map<K, Promise<V>>()
  return (key) => {
    const known = made.get(key) ?? make(key)
    made.set(key, known)
    return known
  }
}

async function baseOf(store: Store, id: string): Promise<Manifest | null> {
  const release = store.list().find((known) => known.id === id)
  return release ? store.manifest(release) : null
}
