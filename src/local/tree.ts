import { isUtf8 } from 'node:buffer'
import { lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { type ErrorCode, ReleaserError } from '../model/errors.ts'
import { normaliseMode } from '../model/manifest.ts'
import { hasControl } from '../model/name.ts'
import { excluder } from './exclude.ts'
import { leavesTree } from './links.ts'
import { sameButForCase, shown } from './tree-names.ts'

/** One entry of a folder that is about to be packed; `mode` is normalised. Paths are relative, parts joined by `/`. */
export type TreeEntry = TreeFile | TreeDirectory | TreeLink
export type TreeDirectory = { readonly type: 'directory'; readonly path: string; readonly mode: number }
export type TreeLink = { readonly type: 'symlink'; readonly path: string; readonly target: string }
export interface TreeFile {
  readonly type: 'file'
  readonly path: string
  readonly mode: number
  readonly size: number
  /** With `size`, what tells that a file has changed since. */
  readonly mtimeMs: number
  readonly ino: number
}

export interface TreeOptions {
  /** Patterns of what stays out; see exclude.ts. One that means nothing there is a warning. */
  readonly exclude?: readonly string[]
  /** The same, of what is never meant to be there. */
  readonly leaveOut?: readonly string[]
  /** Paths of symlinks that may lead out of the tree; or all of them may. */
  readonly absoluteLinks?: readonly string[] | 'all'
  /** What every refusal is thrown as; BUILD where left out. */
  readonly code?: ErrorCode
}

export interface Tree {
  /** Sorted by the bytes of their paths. */
  readonly entries: readonly TreeEntry[]
  /** Bytes in all files. */
  readonly bytes: number
  /** Found out when they are asked for: nothing has to wait for them. */
  readonly warnings: readonly string[]
  /** Its entries as they are by now. */
  readonly again: () => Promise<readonly TreeEntry[]>
}

// What Node puts in the place of bytes that are not UTF-8.
const REPLACED = '\uFFFD'
// Strings are compared by halves of such characters, which puts them before others of lower numbers. Bytes are not.
const BEYOND = /[\ud800-\udfff]/
// After so many folders it is the turn of others.
const AT_ONCE = 64

/**
 * Everything below a folder that will be packed. Refuses what no release may hold: devices, FIFOs and sockets, names
 * with control characters or that are not UTF-8, symlinks that lead out, and a folder that is missing or empty.
 */
export async function walkTree(dir: string, options: TreeOptions = {}): Promise<Tree> {
  const refuse = refuser(options)
  const excluded = excluder(options.exclude ?? [])
  const left = excluder(options.leaveOut ?? [])
  const out: Walk['out'] = (path, directory) => left(path, directory) || excluded(path, directory)
  // One walk for both times: the second runs what was compiled for the first.
  const again = () => entriesBelow({ dir, out, refuse })
  const entries = await again()
  if (entries.length === 0)
    throw refuse(
      `the folder ${dir} is empty`,
      options.exclude?.length ? 'see whether exclude leaves anything' : 'see what the build left there',
    )
  if (options.absoluteLinks !== 'all') checkLinks(entries, options.absoluteLinks ?? [], refuse)
  const bytes = entries.reduce((sum, entry) => sum + (entry.type === 'file' ? entry.size : 0), 0)
  const idle = excluded.idle().map((pattern) => `exclude: ${shown(pattern)} matches nothing in ${dir}`)
  return {
    entries,
    bytes,
    get warnings() {
      return [...idle, ...sameButForCase(entries.map(({ path }) => path))]
    },
    again,
  }
}

interface Walk {
  readonly dir: string
  /** Whether a path stays out. */
  readonly out: (path: string, directory: boolean) => boolean
  readonly refuse: Refuse
}
type Refuse = (message: string, hint: string) => ReleaserError

async function entriesBelow(walk: Walk): Promise<readonly TreeEntry[]> {
  await checkRoot(walk)
  const found: TreeEntry[] = []
  const folders = ['']
  while (folders.length > 0) {
    for (const path of folders.splice(0, AT_ONCE))
      for (const entry of readFolder(walk, path)) {
        found.push(entry)
        if (entry.type === 'directory') folders.push(entry.path)
      }
    await setImmediate()
  }
  return sortByBytes(found)
}

function refuser({ code = 'BUILD' }: TreeOptions): Refuse {
  return (message, hint) => new ReleaserError(code, message, { hint })
}

async function checkRoot({ dir, refuse }: Walk): Promise<void> {
  const root = await stat(dir).catch(() => undefined)
  if (!root) throw refuse(`there is no folder ${dir}`, 'see where the build writes its output')
  if (!root.isDirectory()) throw refuse(`${dir} is not a folder`, 'name the folder that holds what is to be deployed')
}

/** Without promises: three of them for each file cost many times what the disk does. */
function readFolder(walk: Walk, folder: string): TreeEntry[] {
  const names = reading(walk, folder, (full) => readdirSync(full))
  const broken = names.some((name) => name.includes(REPLACED)) ? reading(walk, folder, brokenNames) : undefined
  return names.flatMap((name) => entryOf(walk, folder === '' ? name : `${folder}/${name}`, broken?.has(name)) ?? [])
}

/** Undefined for what stays out. `broken`: the bytes of its name are not UTF-8. */
function entryOf(walk: Walk, path: string, broken = false): TreeEntry | undefined {
  const { out, refuse } = walk
  if (broken) {
    if (out(path, false)) return undefined
    throw refuse(`the name of ${shown(path)} is not valid UTF-8`, 'rename it, or leave it out with exclude')
  }
  const stats = reading(walk, path, (full) => lstatSync(full))
  if (out(path, stats.isDirectory())) return undefined
  if (hasControl(path))
    throw refuse(`the name of ${shown(path)} holds a control character`, 'rename it, or leave it out with exclude')
  return stats.isSymbolicLink() ? linkEntry(path, reading(walk, path, linkTarget), refuse) : plainEntry(path, stats, refuse)
}

function reading<T>({ dir, refuse }: Walk, path: string, read: (full: string) => T): T {
  try {
    return read(`${dir}/${path}`)
  } catch (error) {
    throw refuse(
      `cannot read ${shown(path || dir)}: ${(error as Error).message}`,
      'see who may read it, or whether something still writes there',
    )
  }
}

function linkTarget(link: string): Buffer {
  return readlinkSync(link, { encoding: 'buffer' })
}

/** The names in a folder that are not UTF-8, as Node shows them. */
function brokenNames(folder: string): ReadonlySet<string> {
  const names = readdirSync(folder, { encoding: 'buffer' })
  return new Set(names.filter((bytes) => !isUtf8(bytes)).map((bytes) => bytes.toString()))
}

function linkEntry(path: string, bytes: Buffer, refuse: Refuse): TreeLink {
  const target = bytes.toString()
  if (!isUtf8(bytes) || hasControl(target))
    throw refuse(
      `the link ${shown(path)} points to a name with control characters or broken UTF-8`,
      'mend it, or leave it out with exclude',
    )
  return { type: 'symlink', path, target }
}

function plainEntry(path: string, stats: Stats, refuse: Refuse): TreeEntry {
  const { mode, size, mtimeMs, ino } = stats
  if (stats.isDirectory()) return { type: 'directory', path, mode: normaliseMode('directory', mode) }
  if (stats.isFile()) return { type: 'file', path, mode: normaliseMode('file', mode), size, mtimeMs, ino }
  const what = stats.isFIFO() ? 'a FIFO' : stats.isSocket() ? 'a socket' : 'a device'
  throw refuse(`${shown(path)} is ${what}`, 'only files, folders and symlinks can be packed: leave it out with exclude')
}

function checkLinks(entries: readonly TreeEntry[], absoluteLinks: readonly string[], refuse: Refuse): void {
  const links = new Map(entries.flatMap((entry) => (entry.type === 'symlink' ? [[entry.path, entry.target]] : [])))
  const meant = new Set(absoluteLinks.map((path) => path.replace(/^(?:\.\/)+|\/+$/g, '')))
  for (const [path, target] of links)
    if (leavesTree(path, links, meant))
      throw refuse(
        `the link ${shown(path)} leads out of the folder, to ${shown(target)}`,
        'list it under absoluteLinks if it is meant, or leave it out with exclude',
      )
}

function sortByBytes(entries: TreeEntry[]): TreeEntry[] {
  const beyond = entries.some(({ path }) => BEYOND.test(path))
  return entries.sort(({ path: a }, { path: b }) => (beyond ? Buffer.compare(Buffer.from(a), Buffer.from(b)) : a < b ? -1 : 1))
}
