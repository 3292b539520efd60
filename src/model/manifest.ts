/** One entry of a release's tree. `path` is relative, parts joined by `/`, without a leading `./`. */
export type Entry =
  | { readonly type: 'file'; readonly path: string; readonly mode: number; readonly size: number; readonly sha256: string }
  | { readonly type: 'directory'; readonly path: string; readonly mode: number }
  | { readonly type: 'symlink'; readonly path: string; readonly target: string }

/** Every entry of a release but its root, sorted by the bytes of their paths. */
export type Manifest = readonly Entry[]

const HEADER = 'releaser-manifest\t1'

/**
 * The canonical bytes of a manifest, whose sha256 is the release's digest: a version line, then a line an entry,
 * `path<TAB>type<TAB>mode<TAB>size<TAB>sha256 or target`, `-` for what an entry lacks. Paths hold no control
 * characters and TAB sorts before all else, so the order is that of `LC_ALL=C sort` over the lines.
 */
export function encodeManifest(manifest: Manifest): string {
  return `${[HEADER, ...manifest.map(encodeEntry)].join('\n')}\n`
}

/** The line of one entry, without its newline. */
export function encodeEntry(entry: Entry): string {
  switch (entry.type) {
    case 'file':
      return `${entry.path}\tf\t${octal(entry.mode)}\t${entry.size}\t${entry.sha256}`
    case 'directory':
      return `${entry.path}\td\t${octal(entry.mode)}\t-\t-`
    case 'symlink':
      return `${entry.path}\tl\t-\t-\t${entry.target}`
  }
}

/** Reads canonical bytes back; undefined where they are not a manifest of this version. */
export function decodeManifest(text: string): Manifest | undefined {
  if (!text.endsWith('\n')) return undefined
  const [header, ...lines] = text.slice(0, -1).split('\n')
  if (header !== HEADER) return undefined
  const entries: Entry[] = []
  for (const line of lines) {
    const entry = decodeEntry(line)
    if (!entry) return undefined
    entries.push(entry)
  }
  return entries
}

/** A file keeps who may read, write (its owner alone) and run it; a directory stays usable by its owner. */
export function normaliseMode(type: 'file' | 'directory', mode: number): number {
  return type === 'directory' ? (mode & 0o755) | 0o700 : mode & 0o755
}

/** What must change in `base` to make it `manifest`: numbers of lines to drop (the first entry is 1), entries to add. */
export interface ManifestDelta {
  readonly drop: readonly number[]
  readonly add: readonly Entry[]
}

export function manifestDelta(base: Manifest, manifest: Manifest): ManifestDelta {
  const wanted = new Set(manifest.map(encodeEntry))
  const had = new Set(base.map(encodeEntry))
  return {
    drop: base.flatMap((entry, index) => (wanted.has(encodeEntry(entry)) ? [] : [index + 1])),
    add: manifest.filter((entry) => !had.has(encodeEntry(entry))),
  }
}

/** Bytes in all files of a tree. */
export function treeBytes(manifest: Manifest): number {
  return manifest.reduce((sum, entry) => sum + (entry.type === 'file' ? entry.size : 0), 0)
}

/** How many files (not directories, not links) a tree has. */
export function countFiles(manifest: Manifest): number {
  return manifest.reduce((sum, entry) => sum + (entry.type === 'file' ? 1 : 0), 0)
}

function octal(mode: number): string {
  return `0${mode.toString(8).padStart(3, '0')}`
}

function decodeEntry(line: string): Entry | undefined {
  const [path, type, mode = '', size = '', last = '', ...rest] = line.split('\t')
  if (!path || rest.length > 0) return undefined
  if (type === 'l' && mode === '-' && size === '-' && last !== '') return { type: 'symlink', path, target: last }
  if (!/^0[0-7]{3}$/.test(mode)) return undefined
  if (type === 'd' && size === '-' && last === '-') return { type: 'directory', path, mode: Number.parseInt(mode, 8) }
  if (type === 'f' && /^\d+$/.test(size) && /^[0-9a-f]{64}$/.test(last))
    return { type: 'file', path, mode: Number.parseInt(mode, 8), size: Number(size), sha256: last }
  return undefined
}
