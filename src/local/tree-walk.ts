import { isUtf8 } from 'node:buffer'
import { constants, lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs'
import type { ReleaserError } from '../model/errors.ts'
import { normaliseMode } from '../model/manifest.ts'
import { hasControl } from '../model/name.ts'
import type { TreeEntry, TreeLink } from './tree-entry.ts'
import { shown } from './tree-names.ts'

/** How a folder is walked. */
export interface Walk {
  readonly dir: string
  /** Whether a path stays out. */
  readonly out: (path: string, directory: boolean) => boolean
  readonly refuse: Refuse
}
export type Refuse = (message: string, hint: string) => ReleaserError

/** A walk that is under way. */
export interface Walking {
  /** Sorted by the bytes of their paths: what is found later comes behind. */
  readonly found: readonly TreeEntry[]
  readonly ended: () => boolean
  /** Reads some more folders. */
  readonly goOn: () => void
}

// What Node puts in the place of bytes that are not UTF-8.
const REPLACED = '\uFFFD'
// Strings are compared by halves of such characters, which puts them before others of lower numbers. Bytes are not.
const BEYOND = /[\ud800-\udfff]/
// After so many folders it is the turn of others.
const AT_ONCE = 64

/** What lies in a folder; its path ends with a slash, by which it is sorted: `a` and `a-b` come before what is in `a`. */
interface Inside {
  readonly type: 'inside'
  readonly path: string
}

/** Begins to walk what lies below a folder. Without promises: three of them for each file cost many times what the disk does. */
export function walking(walk: Walk): Walking {
  const found: TreeEntry[] = []
  // The next one last.
  const ahead: (TreeEntry | Inside)[] = [{ type: 'inside', path: '' }]
  const goOn = (): void => {
    let folders = 0
    for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
      if (next.type !== 'inside') found.push(next)
      else if (folders++ < AT_ONCE) readFolder(walk, next.path, ahead)
      else {
        ahead.push(next)
        return
      }
    }
  }
  return { found, ended: () => ahead.length === 0, goOn }
}

/** Puts what is to come from a folder on top. */
function readFolder(walk: Walk, folder: string, ahead: (TreeEntry | Inside)[]): void {
  const names = reading(walk, folder.slice(0, -1), list)
  // One look at all the names of a folder, few of which are odd.
  const together = names.join('/')
  const broken = together.includes(REPLACED) ? reading(walk, folder.slice(0, -1), brokenNames) : undefined
  const control = hasControl(together)
  const inside: (TreeEntry | Inside)[] = []
  for (const name of names) {
    const entry = entryOf(walk, folder + name, control, broken?.has(name))
    if (entry === undefined) continue
    inside.push(entry)
    if (entry.type === 'directory') inside.push({ type: 'inside', path: `${entry.path}/` })
  }
  inside.sort(BEYOND.test(together) ? backwardsByBytes : backwards)
  for (const entry of inside) ahead.push(entry)
}

function backwards({ path: a }: { readonly path: string }, { path: b }: { readonly path: string }): number {
  return a < b ? 1 : -1
}

function backwardsByBytes({ path: a }: { readonly path: string }, { path: b }: { readonly path: string }): number {
  return Buffer.compare(Buffer.from(b), Buffer.from(a))
}

/** Undefined for what stays out. `control`: its name may hold a control character. `broken`: its bytes are not UTF-8. */
function entryOf(walk: Walk, path: string, control: boolean, broken = false): TreeEntry | undefined {
  const { out, refuse } = walk
  if (broken) {
    if (out(path, false)) return undefined
    throw refuse(`the name of ${shown(path)} is not valid UTF-8`, 'rename it, or leave it out with exclude')
  }
  const stats = reading(walk, path, lstat)
  const type = stats.mode & constants.S_IFMT
  if (out(path, type === constants.S_IFDIR)) return undefined
  if (control && hasControl(path))
    throw refuse(`the name of ${shown(path)} holds a control character`, 'rename it, or leave it out with exclude')
  if (type === constants.S_IFLNK) return linkEntry(path, reading(walk, path, linkTarget), refuse)
  return plainEntry(path, type, stats, refuse)
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

function list(folder: string): string[] {
  return readdirSync(folder)
}

function lstat(full: string): Stats {
  return lstatSync(full)
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

function plainEntry(path: string, type: number, stats: Stats, refuse: Refuse): TreeEntry {
  const { mode, size, mtimeMs, ino } = stats
  if (type === constants.S_IFREG) return { type: 'file', path, mode: normaliseMode('file', mode), size, mtimeMs, ino }
  if (type === constants.S_IFDIR) return { type: 'directory', path, mode: normaliseMode('directory', mode) }
  const what = stats.isFIFO() ? 'a FIFO' : stats.isSocket() ? 'a socket' : 'a device'
  throw refuse(`${shown(path)} is ${what}`, 'only files, folders and symlinks can be packed: leave it out with exclude')
}
