import { type Entry, encodeEntry, encodeManifest, type Manifest } from './manifest.ts'

/** The paths that only one of two trees has, or that are not the same in both, sorted. */
export function changedPaths(one: Manifest, other: Manifest): readonly string[] {
  const [a, b] = [one, other].map((manifest) => new Map(manifest.map((entry) => [entry.path, encodeManifest([entry])])))
  const paths = new Set([...one, ...other].map(({ path }) => path))
  return [...paths].filter((path) => a?.get(path) !== b?.get(path)).sort()
}

/** A file and by how many bytes it grew; a new one by all of them. */
export interface Grown {
  readonly path: string
  readonly grown: number
}

/** The files that grew from one tree to the other, those that grew most first. */
export function grownFiles(from: Manifest, to: Manifest): readonly Grown[] {
  const before = new Map(from.flatMap((entry) => (entry.type === 'file' ? [[entry.path, entry.size]] : [])))
  return to
    .flatMap((entry) => (entry.type === 'file' ? [{ path: entry.path, grown: entry.size - (before.get(entry.path) ?? 0) }] : []))
    .filter(({ grown }) => grown > 0)
    .sort((a, b) => b.grown - a.grown)
}

/** A file or a link that is not the same in two trees; sizes in bytes, null where the tree does not have it. */
export interface FileChange {
  readonly path: string
  readonly kind: 'added' | 'removed' | 'changed'
  readonly from: number | null
  readonly to: number | null
  /** What is other about it, where its size does not tell: its mode, its type, where it leads, or its content. */
  readonly what: 'content' | 'mode' | 'type' | 'target'
}

/** What became of files and links from one tree to the other, by path. A folder is no change by itself. */
export function fileChanges(from: Manifest, to: Manifest): readonly FileChange[] {
  const [before, after] = [from, to].map((tree) => new Map(tree.filter(isLeaf).map((entry) => [entry.path, entry])))
  const paths = [...new Set([...(before?.keys() ?? []), ...(after?.keys() ?? [])])].sort()
  return paths.flatMap((path): FileChange[] => {
    const [old, now] = [before?.get(path), after?.get(path)]
    const sizes = { path, from: old ? bytesOf(old) : null, to: now ? bytesOf(now) : null }
    if (!old) return [{ ...sizes, kind: 'added', what: 'content' }]
    if (!now) return [{ ...sizes, kind: 'removed', what: 'content' }]
    return encodeEntry(old) === encodeEntry(now) ? [] : [{ ...sizes, kind: 'changed', what: difference(old, now) }]
  })
}

function isLeaf({ type }: Entry): boolean {
  return type !== 'directory'
}

function bytesOf(entry: Entry): number {
  return entry.type === 'file' ? entry.size : 0
}

function difference(old: Entry, now: Entry): FileChange['what'] {
  if (old.type !== now.type) return 'type'
  if (old.type === 'symlink') return 'target'
  return old.type === 'file' && now.type === 'file' && old.sha256 === now.sha256 ? 'mode' : 'content'
}
