/** One thing that is not as it was packed, stored or laid out. */
export interface Finding {
  /** Null: in the store of this machine. */
  readonly host: string | null
  /** The release's id; null where it belongs to none. */
  readonly release: string | null
  /** In a release's tree; or what is beside releases, relative to PATH or to the store. */
  readonly path: string
  readonly kind: FindingKind
  /** In words, for people; empty where the kind says it all. */
  readonly why: string
  readonly target?: string
  /** The directory below `releases/` of a host. */
  readonly dir?: string
  /** Whether `--fix` has put it right; left out where nobody asked for that. */
  readonly mended?: boolean
}

export type FindingKind = 'changed' | 'missing' | 'extra' | 'corrupt'

/** By release, then by path. */
export function sorted<T extends Pick<Finding, 'release' | 'path'>>(findings: readonly T[]): T[] {
  const key = ({ release, path }: T) => `${release ?? ''}\t${path}`
  return [...findings].sort((a, b) => (key(a) < key(b) ? -1 : 1))
}
