import type { Deployment } from '../model/deployment.ts'
import { ReleaserError } from '../model/errors.ts'
import { isReleaseId, type Release } from '../model/release.ts'
import type { Signature } from '../model/signature.ts'

/** What `db.json` holds. */
export interface Database {
  readonly version: 1
  readonly releases: readonly Release[]
  /** The newest word of each app: the id that was packed last, be its content new or not. */
  readonly latest: Readonly<Record<string, string>>
  readonly deployments: readonly Deployment[]
  /** Releases that are no more, whose files may still lie there: a prune that was cut off goes on with them. */
  readonly removing?: readonly Release[]
}

export const EMPTY: Database = { version: 1, releases: [], latest: {}, deployments: [] }

/** A database as its file holds it; undefined where the text is none. Refuses one that a newer releaser wrote (CONFIG, 2). */
export function parseDatabase(text: string): Database | undefined {
  const data = parseJson(text)
  if (!isRecord(data)) return undefined
  if (typeof data['version'] === 'number' && data['version'] > EMPTY.version)
    throw new ReleaserError(
      'CONFIG',
      `the store was written by a newer releaser (its format is ${data['version']}, this one knows ${EMPTY.version})`,
      {
        hint: 'update releaser: npm install releaser@latest',
      },
    )
  return isDatabase(data) ? data : undefined
}

/** A release's record as its file beside the tarball holds it; undefined where the text is none. */
export function parseRelease(text: string): Release | undefined {
  const data = parseJson(text)
  return isRelease(data) ? data : undefined
}

/** The newest of some releases by the time they were packed last; undefined for none. */
export function newest(releases: readonly Release[]): Release | undefined {
  return releases.reduce<Release | undefined>(
    (best, release) => (best && best.createdAt > release.createdAt ? best : release),
    undefined,
  )
}

function isDatabase(data: Record<string, unknown>): data is Record<string, unknown> & Database {
  const { version, releases, latest, deployments, removing = [] } = data
  return (
    version === EMPTY.version &&
    isListOf(releases, isRelease) &&
    new Set(releases.map(({ id }) => id)).size === releases.length &&
    isRecord(latest) &&
    Object.values(latest).every(isString) &&
    isListOf(deployments, isDeployment) &&
    isListOf(removing, isRelease)
  )
}

function isRelease(data: unknown): data is Release {
  return (
    isRecord(data) &&
    [data['app'], data['version'], data['createdAt'], data['sha256'], data['md5'], data['digest']].every(isString) &&
    [data['bytes'], data['files'], data['unpackedBytes']].every((value) => typeof value === 'number') &&
    isString(data['id']) &&
    isReleaseId(data['id']) &&
    isListOf(data['tags'], isString) &&
    (data['builder'] === null || isString(data['builder'])) &&
    (data['git'] === null || isRecord(data['git'])) &&
    (data['metadata'] === undefined || isRecord(data['metadata'])) &&
    (data['platforms'] === undefined || isListOf(data['platforms'], isString)) &&
    (data['signature'] === undefined || isSignature(data['signature'])) &&
    (data['compression'] === 'gzip' || data['compression'] === 'zstd')
  )
}

function isSignature(data: unknown): data is Signature {
  return isRecord(data) && isString(data['blob']) && isString(data['comment'])
}

function isDeployment(data: unknown): data is Deployment {
  return (
    isRecord(data) &&
    [data['at'], data['target'], data['app'], data['action'], data['by']].every(isString) &&
    Array.isArray(data['hosts'])
  )
}

function isListOf<T>(data: unknown, is: (item: unknown) => item is T): data is T[] {
  return Array.isArray(data) && data.every(is)
}

function isString(data: unknown): data is string {
  return typeof data === 'string'
}

function isRecord(data: unknown): data is Record<string, unknown> {
  return typeof data === 'object' && data !== null && !Array.isArray(data)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
