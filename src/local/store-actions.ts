import { rm } from 'node:fs/promises'
import { ReleaserError } from '../model/errors.ts'
import { isName, isReserved, NAME_RULE } from '../model/name.ts'
import { isReleaseId, type Release, timeOf } from '../model/release.ts'
import type { Packed } from './pack.ts'
import { checkReleaseFiles, placeRelease, placeSignature, removeReleaseFiles } from './release-files.ts'
import * as changes from './store-changes.ts'
import type { Database } from './store-data.ts'
import { storePaths } from './store-paths.ts'
import { removeHalfStored } from './store-strays.ts'

/** Decides what the database becomes; `held` throws where the lock was lost. */
export type Decide<T> = (data: Database, held: () => void) => Promise<{ readonly data: Database; readonly result: T }>
/** Reads the database afresh and puts what was decided in its place, while no other process does. */
export type Change = <T>(decide: Decide<T>) => Promise<T>

/** See `Store.add`. `seen` is the database as it was last seen, before the lock. */
export async function addRelease(dir: string, seen: Database, change: Change, packed: Packed, meta: changes.ReleaseMeta) {
  checkName('app', meta.app)
  checkName('version', meta.version)
  meta.tags.forEach(checkTag)
  const now = meta.createdAt ?? new Date()
  const sameContent = ({ releases }: Database) => releases.find(({ app, digest }) => app === meta.app && digest === packed.digest)
  // Hashing takes its time: before the lock.
  const known = sameContent(seen)
  const whole = known !== undefined && (await isWhole(dir, known))
  return change(async (data, held) => {
    const same = sameContent(data)
    held()
    if (same && (whole || same.id !== known?.id)) {
      const release = changes.renewedRelease(same, meta, now)
      await placeSignature(dir, release)
      return { data: changes.withLatest(changes.withRelease(data, release), release), result: { release, already: true } }
    }
    const release = same
      ? { ...changes.renewedRelease(same, meta, now), ...changes.tarballOf(packed) }
      : changes.newRelease(data, packed, meta, now)
    await placeRelease(dir, packed, release)
    await removeHalfStored(dir, data, release)
    if (same && same.compression !== release.compression) await rm(storePaths(dir).tarball(same), { force: true })
    return {
      data: changes.withLatest(changes.withRelease(data, release), release),
      result: { release, already: same !== undefined },
    }
  })
}

/** See `Store.restore`. */
export async function restoreRelease(dir: string, change: Change, packed: Packed, id: string, meta: changes.ReleaseMeta) {
  checkName('version', meta.version)
  // It becomes the name of a file, and a host may have made it up.
  if (!isReleaseId(id) || !packed.digest.startsWith(`sha256:${id.slice(-8)}`))
    throw new ReleaserError('INTEGRITY', `${JSON.stringify(id)} is no id of this release`, { hint: 'take it from another host' })
  return change(async (data, held) => {
    const same = data.releases.find(({ app, digest }) => app === meta.app && digest === packed.digest)
    if (!same && [...data.releases, ...(data.removing ?? [])].some((release) => release.id === id))
      throw new ReleaserError('USAGE', `another release has the id ${id} here`, {
        hint: 'remove it from the store, then try again',
      })
    const release = same
      ? { ...same, ...changes.tarballOf(packed), ...(meta.signature && !same.signature && { signature: meta.signature }) }
      : changes.recordOf(id, packed, meta, meta.createdAt ?? timeOf(id))
    held()
    await placeRelease(dir, packed, release)
    if (same && same.compression !== release.compression) await rm(storePaths(dir).tarball(same), { force: true })
    return { data: changes.withRelease(data, release), result: release }
  })
}

/** Removes the releases that are chosen under the lock, their records before their files; tells which. */
export async function removeReleases(
  dir: string,
  change: Change,
  choose: (data: Database) => readonly Release[],
): Promise<readonly Release[]> {
  const { gone, removing } = await change(async (data) => {
    const gone = choose(data)
    const next = changes.withoutReleases(data, gone)
    return { data: next, result: { gone, removing: next.removing ?? [] } }
  })
  for (const release of removing) await removeReleaseFiles(dir, release)
  if (removing.length > 0)
    await change(async ({ removing: noted = [], ...data }) => {
      const left = noted.filter(({ id }) => !removing.some((removed) => removed.id === id))
      return { data: left.length > 0 ? { ...data, removing: left } : data, result: undefined }
    })
  return gone
}

/** Refuses what cannot be a tag (USAGE, 2). */
export function checkTag(tag: string): void {
  checkName('tag', tag)
  if (isReserved(tag))
    throw new ReleaserError('USAGE', `"${tag}" cannot be a tag: it has a meaning of its own`, { hint: 'choose another word' })
}

function checkName(what: string, name: string): void {
  if (!isName(name))
    throw new ReleaserError('USAGE', `"${name}" cannot be ${what === 'app' ? 'an' : 'a'} ${what}`, { hint: `use ${NAME_RULE}` })
}

async function isWhole(dir: string, release: Release): Promise<boolean> {
  return checkReleaseFiles(dir, release).then(
    () => true,
    () => false,
  )
}
