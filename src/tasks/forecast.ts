import type { Manifest } from '../model/manifest.ts'
import type { Facts, Forecast, Plan } from '../model/plan.ts'
import { spaceFor } from './arrival.ts'

/**
 * What a plan will send to a host, and the room it takes there. `manifestOf` gives the manifest of a release that is known here,
 * or nothing: then what it could spare is not counted, and the forecast is not exact.
 */
export function forecast(
  plan: Plan,
  manifest: Manifest,
  { freeBytes, freeInodes }: Pick<Facts, 'freeBytes' | 'freeInodes'>,
  manifestOf: (id: string) => Manifest | undefined,
): Forecast {
  const room = { ...spaceFor(manifest), freeBytes, freeInodes }
  const files = manifest.filter((entry) => entry.type === 'file')
  if (plan.transfer === null) return { files: 0, bytes: 0, of: files.length, exact: true, room: { ...room, bytes: 0, inodes: 0 } }
  const sources = plan.transfer.reuse.from.map(({ id }) => manifestOf(id))
  // As receive.sh takes over what is there: the same content with the same mode, whatever it is called.
  const there = new Set(
    sources.flatMap((source) => (source ?? []).flatMap((entry) => (entry.type === 'file' ? [keyOf(entry)] : []))),
  )
  const lacking = files.filter((entry) => !there.has(keyOf(entry)))
  const bytes = lacking.reduce((sum, { size }) => sum + size, 0)
  return { files: lacking.length, bytes, of: files.length, exact: !sources.includes(undefined), room }
}

function keyOf({ sha256, mode }: { readonly sha256: string; readonly mode: number }): string {
  return `${sha256} ${mode}`
}
