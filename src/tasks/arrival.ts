import type { HostRelease } from '../model/host-state.ts'
import type { HostView } from '../model/host-view.ts'
import { type Manifest, treeBytes } from '../model/manifest.ts'
import type { Facts, Transfer } from '../model/plan.ts'
import type { Target } from '../model/target.ts'

/** What decides how a release comes to lie on a host. */
interface ArrivalInput {
  readonly target: Target
  readonly facts: Facts
  /** Releases whose manifests this machine has: one of them can be the base of the manifest that travels. */
  readonly knownManifests: ReadonlySet<string>
}

/** Of a release that is there already. */
export const NOTHING = { bytes: 0, inodes: 0 }

/** Room for the tree laid out, and a tenth more. */
export function spaceFor(manifest: Manifest): { bytes: number; inodes: number } {
  return { bytes: Math.ceil((treeBytes(manifest) + manifest.length * 4096) * 1.1), inodes: manifest.length + 100 }
}

/** Whether a release on the host carries just the links to `shared/` that the config asks for. */
export function sameLinks(dir: string, { target, facts }: ArrivalInput): boolean {
  const laid = facts.overlays.filter((overlay) => overlay.dir === dir).map(({ path }) => path)
  const asked = [...(target.shared?.dirs ?? []), ...(target.shared?.files ?? [])]
  return laid.length === asked.length && asked.every((path) => laid.includes(path))
}

/** `releases/ID`, or `ID~2` and so on where the release is laid out once more. */
export function freeDir(id: string, dirs: readonly string[]): string {
  if (!dirs.includes(id)) return id
  let copy = 2
  while (dirs.includes(`${id}~${copy}`)) copy++
  return `${id}~${copy}`
}

/** From which releases on the host unchanged files are taken, and which manifest the new one travels as a difference to. */
export function transferFrom(view: HostView, { knownManifests, target, facts }: ArrivalInput): Transfer {
  const sources = [view.current, ...view.releases].filter((release): release is HostRelease => release !== null)
  const unique = sources.filter((release, index) => sources.findIndex(({ id }) => id === release.id) === index)
  return {
    base: unique.find(({ id }) => knownManifests.has(id) && facts.manifests.includes(id))?.id ?? null,
    reuse: { from: unique.slice(0, 3).map(({ id, dir }) => ({ id, dir })), by: target.reuse ?? 'copy' },
  }
}
