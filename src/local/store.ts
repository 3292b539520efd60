import { rm } from 'node:fs/promises'
import type { Deployment } from '../model/deployment.ts'
import { ReleaserError } from '../model/errors.ts'
import type { Manifest } from '../model/manifest.ts'
import { lookUp } from '../model/ref.ts'
import type { Release } from '../model/release.ts'
import { type Limits, namesOf } from '../model/retention.ts'
import type { Packed } from './pack.ts'
import { checkReleaseFiles, readManifest } from './release-files.ts'
import { addRelease, type Change, checkTag, removeReleases, restoreRelease } from './store-actions.ts'
import * as changes from './store-changes.ts'
import { type Database, EMPTY } from './store-data.ts'
import { storeFile } from './store-file.ts'
import { withStoreLock } from './store-lock.ts'
import { storePaths } from './store-paths.ts'
import { strays } from './store-strays.ts'
import type { VerifyOptions } from './store-verify.ts'
import { sweepTemporary } from './temporary.ts'
import type { LocalFinding } from './verify-release.ts'

/** Where this machine keeps releases. What is read without waiting is as of the opening, or of the last change through this store. */
export interface Store {
  readonly dir: string
  /** What was wrong with the store and how it was mended; for the person. */
  readonly warnings: readonly string[]
  /** An app's releases, or all, the one that was packed last first. */
  list(app?: string): readonly Release[]
  /** The release a REF names, or NOT_FOUND (9), or USAGE (2) where it names several. */
  find(ref: string, app?: string): Release
  /** The app's newest word, or NOT_FOUND (9). */
  latest(app: string): Release
  /** The ids of an app that have a name, and which: `latest`, or `tagged golden`. */
  names(app: string): ReadonlyMap<string, string>
  /** Takes a packed tree in. `already`: its content was there, is now `latest` again, and nothing was stored twice. */
  add(packed: Packed, meta: changes.ReleaseMeta): Promise<{ readonly release: Release; readonly already: boolean }>
  /** Takes in a release that was packed elsewhere, under the id that it has there; `latest` stays what it is. */
  restore(packed: Packed, id: string, meta: changes.ReleaseMeta): Promise<Release>
  tag(id: string, tag: string): Promise<Release>
  /** Fails with NOT_FOUND (9) where the release has no such tag. */
  untag(id: string, tag: string): Promise<Release>
  record(deployment: Deployment): Promise<void>
  /** Oldest first. */
  deployments(): readonly Deployment[]
  /** Fails with INTEGRITY (11) where it is gone or damaged. */
  manifest(release: Release): Promise<Manifest>
  tarballPath(release: Release): string
  /** Reads the tarball and the manifest; fails with INTEGRITY (11) where one is gone or not what it was. */
  check(release: Release): Promise<void>
  /** All that is wrong in the store, or with these releases of it; every byte is read, nothing is changed. */
  verify(only: readonly Release[] | null, options: VerifyOptions): Promise<readonly LocalFinding[]>
  /** Puts right what whole tarballs prove: lists of files, records beside them, and what the database says of them. */
  mend(releases: readonly Release[], signal: AbortSignal): Promise<void>
  /** Removes releases, and files below `releases/` that no record knows (relative to the store), for good. */
  discard(releases: readonly Release[], files: readonly string[]): Promise<void>
  /** Removes an app's releases beyond the newest `keep`, never the latest or a tagged one; tells which. A dry run only tells. */
  pruneLocal(app: string, keep: number, options?: Limits & { readonly dryRun?: boolean }): Promise<readonly Release[]>
  /** Removes releases, whatever they are; those that are gone already are left out of what it tells. */
  remove(ids: readonly string[]): Promise<readonly Release[]>
}

/** Opens a store; a folder that is not there is an empty one, made by the first change. */
export async function openStore(dir: string): Promise<Store> {
  const { Low } = await import('lowdb')
  const warnings: string[] = []
  const file = storeFile(dir, (message) => {
    if (!warnings.includes(message)) warnings.push(message)
  })
  const db = new Low<Database>(file, EMPTY)
  await sweepTemporary(dir)
  const trouble: unknown = await db.read().then(
    () => file.recovered(),
    (error: unknown) => error,
  )

  const change: Change = (decide) =>
    withStoreLock(dir, async (held) => {
      await db.read()
      const { data, result } = await decide(db.data, held)
      held()
      db.data = data
      await db.write()
      return result
    })
  const edit = (id: string, rewrite: (release: Release) => Release): Promise<Release> =>
    change(async (data) => {
      const release = rewrite(lookUp(id, data.releases, {}))
      return { data: changes.withRelease(data, release), result: release }
    })
  // What looks lost may be somebody's first release on its way: whoever has the lock knows, and mends.
  if (trouble !== false) {
    const seen = warnings.splice(0)
    await change(async (data) => ({ data, result: undefined })).catch((error: Error) => {
      if (trouble !== true) throw trouble
      warnings.push(...seen, `it could not be mended: ${error.message}`)
    })
  }

  for (const stray of await strays(dir, db.data, async () => db.read().then(() => db.data))) warnings.push(stray)

  return {
    dir,
    warnings,
    list: (app) => changes.releasesOf(db.data, app),
    find: (ref, app) => find(db.data, ref, app),
    latest: (app) => changes.latestOf(db.data, app) ?? nothing(app),
    names: (app) => namesOf(changes.releasesOf(db.data, app), changes.latestOf(db.data, app)?.id),
    add: (packed, meta) => addRelease(dir, db.data, change, packed, meta).finally(() => rm(packed.file, { force: true })),
    restore: (packed, id, meta) => restoreRelease(dir, change, packed, id, meta).finally(() => rm(packed.file, { force: true })),
    tag: async (id, tag) => {
      checkTag(tag)
      return edit(id, (release) => ({ ...release, tags: [...new Set([...release.tags, tag])] }))
    },
    untag: (id, tag) => edit(id, (release) => ({ ...release, tags: tagsWithout(release, tag) })),
    record: (deployment) =>
      change(async (data) => ({ data: { ...data, deployments: [...data.deployments, deployment] }, result: undefined })),
    deployments: () => db.data.deployments,
    manifest: (release) => readManifest(dir, release),
    tarballPath: (release) => storePaths(dir).tarball(release),
    check: (release) => checkReleaseFiles(dir, release),
    // Who only lists releases need not wait for what reads tarballs.
    verify: async (only, options) => {
      const { verifyStore } = await import('./store-verify.ts')
      return verifyStore(dir, db.data, only, async () => db.read().then(() => db.data), options)
    },
    mend: async (releases, signal) => {
      const { mendRecords } = await import('./store-mend.ts')
      for (const release of releases) await mendRecords(dir, change, release, signal)
    },
    discard: async (releases, files) => {
      const ids = releases.map(({ id }) => id)
      if (ids.length > 0) await removeReleases(dir, change, (data) => data.releases.filter(({ id }) => ids.includes(id)))
      if (files.length > 0) await (await import('./store-mend.ts')).removeStrangers(dir, change, files)
    },
    pruneLocal: async (app, keep, { dryRun = false, ...limits } = {}) =>
      dryRun
        ? changes.superfluous(db.data, app, keep, limits)
        : removeReleases(dir, change, (data) => changes.superfluous(data, app, keep, limits)),
    remove: (ids) => removeReleases(dir, change, ({ releases }) => releases.filter(({ id }) => ids.includes(id))),
  }
}

function find(data: Database, ref: string, app: string | undefined): Release {
  const releases = changes.releasesOf(data, app)
  if (releases.length === 0) return nothing(app)
  const apps = [...new Set(releases.map((release) => release.app))]
  const [first = ''] = apps
  if (ref === 'latest' && apps.length > 1)
    throw new ReleaserError('USAGE', `"latest" of which app? the store holds ${apps.join(', ')}`, {
      hint: `name it: app=${first}`,
    })
  return lookUp(ref, releases, { latest: apps.length === 1 ? changes.latestOf(data, first)?.id : undefined })
}

function tagsWithout({ id, tags }: Release, tag: string): string[] {
  if (tags.includes(tag)) return tags.filter((other) => other !== tag)
  throw new ReleaserError('NOT_FOUND', `release ${id} has no tag "${tag}"`, {
    hint: tags.length > 0 ? `its tags are: ${tags.join(', ')}` : 'it has no tags at all',
  })
}

function nothing(app: string | undefined): never {
  throw new ReleaserError('NOT_FOUND', `the store holds no releases${app === undefined ? '' : ` of ${app}`}`, {
    hint: 'build first: releaser build',
  })
}
