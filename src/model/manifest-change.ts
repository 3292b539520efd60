import { encodeManifest, type Manifest } from './manifest.ts'

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
