import type { Signature } from './signature.ts'

/** Where a build came from; `dirty` when files were changed or untracked that the revision does not hold. */
export interface GitState {
  readonly rev: string
  readonly branch: string | null
  readonly dirty: boolean
}

/** One packed build, for ever: what the store records of it. */
export interface Release {
  /** `YYYYMMDDHHMMSS-xxxxxxxx`: UTC time of packing and the first 8 hex digits of the digest; sorts by age. */
  readonly id: string
  readonly app: string
  readonly version: string
  readonly tags: readonly string[]
  /** ISO 8601, UTC. */
  readonly createdAt: string
  /** Size of the tarball. */
  readonly bytes: number
  /** Of the tarball, lower-case hex; `md5` too, for people who come from Deployer. */
  readonly sha256: string
  readonly md5: string
  /** `sha256:` and the hash of the manifest's canonical bytes: same tree, same digest. */
  readonly digest: string
  readonly files: number
  /** Bytes of all files, unpacked. */
  readonly unpackedBytes: number
  readonly builder: string | null
  readonly git: GitState | null
  /** What a builder of type 'module' said beside, as it said it. */
  readonly metadata?: Readonly<Record<string, unknown>>
  /** What its programs were built for, `x86_64/musl`; left out where it has none, and by releasers that did not look. */
  readonly platforms?: readonly string[]
  /** Of the digest; left out where nobody has signed it. */
  readonly signature?: Signature
  /** How the tarball is compressed; its file is `ID.tar.gz` or `ID.tar.zst`. */
  readonly compression: 'gzip' | 'zstd'
}

const ID = /^\d{14}-[0-9a-f]{8}$/

export function isReleaseId(text: string): boolean {
  return ID.test(text)
}

/** The id of a release packed at `now`, moved past `newest` (of the same app) where the clock ties or runs behind. */
export function releaseId(now: Date, digest: string, newest: string | undefined): string {
  const hex = digest.replace(/^sha256:/, '').slice(0, 8)
  let time = stamp(now)
  const last = newest?.slice(0, 14)
  if (last !== undefined && time <= last) time = stamp(new Date(timeOf(last).getTime() + 1000))
  return `${time}-${hex}`
}

/** The version a release gets when nobody named one. */
export function fallbackVersion(now: Date): string {
  return `0.0.0-${stamp(now)}`
}

/** When a release of this id was packed, in seconds since 1970. */
export function packedAt(id: string): number {
  return timeOf(id).getTime() / 1000
}

/** When a release of this id was packed. */
export function timeOf(id: string): Date {
  const [, y, mo, d, h, mi, s] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)/.exec(id) ?? []
  return new Date(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`)
}

function stamp(date: Date): string {
  return date.toISOString().replace(/[-:T]|\..*$/g, '')
}
