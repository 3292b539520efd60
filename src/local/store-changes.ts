import { type GitState, type Release, releaseId } from '../model/release.ts'
import { type Limits, retainInStore } from '../model/retention.ts'
import type { Signature } from '../model/signature.ts'
import type { Packed } from './pack.ts'
import { type Database, newest } from './store-data.ts'

/** What is known of a packed tree beside its content. */
export interface ReleaseMeta {
  readonly app: string
  readonly version: string
  readonly tags: readonly string[]
  readonly builder: string | null
  readonly git: GitState | null
  /** What a builder of type 'module' says beside. */
  readonly metadata?: Readonly<Record<string, unknown>> | null
  /** Of the digest of what is packed. */
  readonly signature?: Signature | undefined
  /** Now, where left out. */
  readonly createdAt?: Date
}

/** An app's releases, or all of them, the one that was packed last first. */
export function releasesOf(data: Database, app: string | undefined): Release[] {
  const wanted = data.releases.filter((release) => app === undefined || release.app === app)
  return wanted.sort((a, b) => (a.createdAt === b.createdAt ? compare(b.id, a.id) : compare(b.createdAt, a.createdAt)))
}

/** The release that `latest` means for an app; undefined where it has none. */
export function latestOf(data: Database, app: string): Release | undefined {
  const id = Object.hasOwn(data.latest, app) ? data.latest[app] : undefined
  const releases = releasesOf(data, app)
  return releases.find((release) => release.id === id) ?? newest(releases)
}

/** The record of content that the store does not hold yet. No two releases of a store share an id, whatever their apps. */
export function newRelease(data: Database, packed: Packed, meta: ReleaseMeta, now: Date): Release {
  const { app } = meta
  let last = releasesOf(data, app).reduce<string | undefined>(
    (max, { id }) => (max === undefined || id > max ? id : max),
    undefined,
  )
  let id = releaseId(now, packed.digest, last)
  const taken = new Set([...data.releases, ...(data.removing ?? [])].map((release) => release.id))
  while (taken.has(id)) {
    last = id
    id = releaseId(now, packed.digest, last)
  }
  return recordOf(id, packed, meta, now)
}

/** The record of a release that has its id. */
export function recordOf(id: string, packed: Packed, meta: ReleaseMeta, now: Date): Release {
  const { app, version, builder, git, metadata, signature } = meta
  const { files, unpackedBytes, digest, platforms } = packed
  return {
    id,
    app,
    version,
    tags: [...new Set(meta.tags)],
    createdAt: now.toISOString(),
    ...tarballOf(packed),
    digest,
    files,
    unpackedBytes,
    builder,
    git,
    ...(platforms.length > 0 && { platforms }),
    ...(metadata && { metadata }),
    ...(signature && { signature }),
  }
}

/** The record of content that is packed once more: it gains what is new, and keeps what it was not told anew. */
export function renewedRelease(release: Release, meta: ReleaseMeta, now: Date): Release {
  const { version, builder, git, metadata, signature } = meta
  const tags = [...new Set([...release.tags, ...meta.tags])]
  const known = {
    builder: builder ?? release.builder,
    git: git ?? release.git,
    ...(metadata && { metadata }),
    ...(signature && { signature }),
  }
  return { ...release, version, tags, createdAt: now.toISOString(), ...known }
}

/** What a record says of its tarball. */
export function tarballOf({
  bytes,
  sha256,
  md5,
  compression,
}: Packed): Pick<Release, 'bytes' | 'sha256' | 'md5' | 'compression'> {
  return { bytes, sha256, md5, compression }
}

/** Puts a record in, or in the place of the one with its id. */
export function withRelease(data: Database, release: Release): Database {
  const known = data.releases.some(({ id }) => id === release.id)
  const releases = known ? data.releases.map((other) => (other.id === release.id ? release : other)) : [...data.releases, release]
  return { ...data, releases }
}

/** Makes a release the `latest` of its app. */
export function withLatest(data: Database, { app, id }: Release): Database {
  return { ...data, latest: { ...data.latest, [app]: id } }
}

/** An app's releases beyond the newest `keep` and the limits; never its latest, never one with a tag. */
export function superfluous(data: Database, app: string, keep: number, limits: Limits = {}): Release[] {
  const verdicts = retainInStore(releasesOf(data, app), { ...limits, keep, latest: latestOf(data, app)?.id })
  return verdicts.filter((verdict) => !verdict.keep).map(({ release }) => release)
}

/** Takes releases out of the lists and notes that their files are to go. */
export function withoutReleases(data: Database, gone: readonly Release[]): Database {
  const ids = new Set(gone.map(({ id }) => id))
  return { ...data, releases: data.releases.filter(({ id }) => !ids.has(id)), removing: [...(data.removing ?? []), ...gone] }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
