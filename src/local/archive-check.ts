import type { Header } from 'tar-stream'
import { ReleaserError } from '../model/errors.ts'
import { hasControl } from '../model/name.ts'
import { effort, leavesTree } from './links.ts'
import { tarEntries } from './tar-entries.ts'
import { shown } from './tree-names.ts'

/**
 * What a foreign archive may hold at most. It is too large where what it makes of itself (all of the stream, or all files, each hard
 * link counted as one) passes both `bytes` and `ratio` times its packed size.
 */
export interface ArchiveLimits {
  readonly entries: number
  readonly bytes: number
  readonly ratio: number
}

export interface ArchiveRules {
  /** Bytes of the file as it lies there, compressed. */
  readonly packedBytes: number
  /** Leading folders that every path loses. */
  readonly strip: number
  /** Paths of symlinks that may lead out; `all` where somebody looks at them later. */
  readonly absoluteLinks: readonly string[] | 'all'
  readonly limits: ArchiveLimits
}

/**
 * Reads a foreign archive without writing anything, and refuses with USAGE (2) whatever could write outside of its folder,
 * is no part of a release, or was cut off. Any other error means that it is no archive, or a damaged one.
 */
export async function checkArchive(source: AsyncIterable<Buffer>, rules: ArchiveRules): Promise<void> {
  const found: Found = new Map()
  const { limits } = rules
  const most = Math.max(limits.bytes, limits.ratio * rules.packedBytes)
  const bounded = (bytes: number): void => {
    if (bytes > most)
      throw refused(`the archive would unpack to more than ${limits.bytes} bytes, and ${limits.ratio} times its size`)
  }
  let entries = 0
  let unpacked = 0
  let names = 0
  let total = 0
  let end = 0
  // What no entry counts is counted too: long headers, what lies behind the end.
  const counted = counting(source, (bytes) => {
    total += bytes
    bounded(total)
  })
  for await (const { header } of tarEntries(counted)) {
    end = endOf(header)
    if (++entries > limits.entries) throw refused(`the archive holds more than ${limits.entries} entries`)
    names += Buffer.byteLength(header.name) + Buffer.byteLength(header.linkname ?? '')
    if (names > NAMES) throw refused(`the names in the archive are longer than ${NAMES} bytes together`)
    unpacked += note(found, header, rules.strip)
    bounded(unpacked)
  }
  // An archive ends with blocks of zeros; one that was cut between two entries looks whole but for them.
  if (total < end + BLOCK) throw refused('the archive is cut off: its end is missing', 'fetch or make it again')
  if (found.size === 0) throw refused('the archive is empty')
  checkParents(found)
  if (rules.absoluteLinks !== 'all') checkLinks(found, rules.absoluteLinks)
}

/** The path of an archive's entry as it lies in the tree; empty for the root. Refuses what is absolute, climbs or is too long. */
export function entryPath(name: string, strip: number): string {
  if (Buffer.byteLength(name) > LONGEST_PATH) throw refused(`the path ${cut(name)} is longer than ${LONGEST_PATH} bytes`)
  if (hasControl(name)) throw refused(`the name of ${shown(name)} holds a control character`)
  if (name.includes('\uFFFD')) throw refused(`the name of ${shown(name)} is not valid UTF-8`)
  if (name.startsWith('/')) throw refused(`the path ${shown(name)} is absolute`)
  const parts = name.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.includes('..')) throw refused(`the path ${shown(name)} climbs out of its folder`)
  const long = parts.find((part) => Buffer.byteLength(part) > LONGEST_NAME)
  if (long !== undefined) throw refused(`the name ${cut(long)} is longer than ${LONGEST_NAME} bytes`)
  return parts.slice(strip).join('/')
}

type Found = Map<string, { readonly type: 'file' | 'directory' | 'symlink'; readonly target: string; readonly size: number }>

const BLOCK = 512
const SPARSE = 'GNU.sparse.'
/** Bytes of a path, which still has to fit behind a deploy path there and a store's folder here, and of each name in it. */
const LONGEST_PATH = 3000
const LONGEST_NAME = 255
/** Bytes of all names together: they are held in memory. */
const NAMES = 100e6

/** Notes an entry, and gives how many bytes of files it makes. */
function note(found: Found, header: Header, strip: number): number {
  const { name, linkname } = header
  const path = entryPath(name, strip)
  const kind: string | null = header.type
  const sparse = Object.keys(header.pax ?? {}).some((key) => key.startsWith(SPARSE))
  if (sparse || (kind !== 'file' && kind !== 'directory' && kind !== 'symlink' && kind !== 'link'))
    throw refused(
      `${shown(name)} is ${sparse ? 'a sparse file' : `a ${kind ?? 'thing of an unknown kind'}`}`,
      'only files, folders and links are taken',
    )
  if (path === '') {
    if (kind === 'directory') return 0
    throw refused(strip > 0 ? `strip=${strip} leaves nothing of the path ${shown(name)}` : `a ${kind} of the archive has no name`)
  }
  if (found.has(path)) throw refused(`the archive holds ${shown(path)} twice`)
  if (kind !== 'link') {
    if (kind === 'symlink' && (!linkname || hasControl(linkname) || linkname.includes('\uFFFD')))
      throw refused(`the link ${shown(path)} points to no name that can be kept`)
    if (kind === 'symlink' && Buffer.byteLength(linkname ?? '') > LONGEST_PATH)
      throw refused(`the link ${shown(path)} points to ${cut(linkname ?? '')}, which is longer than ${LONGEST_PATH} bytes`)
    const size = kind === 'file' ? header.size : 0
    found.set(path, { type: kind, target: linkname ?? '', size })
    return size
  }
  const meant = found.get(entryPath(linkname ?? '', strip))
  if (meant?.type !== 'file')
    throw refused(`the hard link ${shown(path)} leads to ${shown(linkname ?? '')}, which is no file before it in the archive`)
  found.set(path, { type: 'file', target: '', size: meant.size })
  return meant.size
}

function checkParents(found: Found): void {
  for (const path of found.keys())
    for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
      const parent = path.slice(0, slash)
      const type = found.get(parent)?.type ?? 'directory'
      if (type !== 'directory') throw refused(`${shown(path)} lies below ${shown(parent)}, which is a ${type}`)
    }
}

function checkLinks(found: Found, absoluteLinks: readonly string[]): void {
  const links = new Map([...found].flatMap(([path, { type, target }]) => (type === 'symlink' ? [[path, target]] : [])))
  const meant = new Set(absoluteLinks)
  const spent = effort()
  for (const [path, target] of links) {
    if (leavesTree(path, links, meant, spent))
      throw refused(`the link ${shown(path)} leads out of the archive, to ${shown(target)}`)
    if (spent.left < 0) throw refused('the links of the archive cannot be followed in any reasonable time')
  }
}

/** Where an entry's content ends in the archive. */
function endOf(header: Header): number {
  // tar-stream notes it, but its types do not tell.
  const { byteOffset } = header as Header & { readonly byteOffset: number }
  return byteOffset + (header.type === 'directory' ? 0 : Math.ceil(header.size / BLOCK) * BLOCK)
}

async function* counting(source: AsyncIterable<Buffer>, count: (bytes: number) => void): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    count(chunk.length)
    yield chunk
  }
}

/** The beginning of a name that is too long to be shown. */
function cut(name: string): string {
  return `${shown(name.slice(0, 60))}…`
}

function refused(message: string, hint = 'make the archive anew without it'): ReleaserError {
  return new ReleaserError('USAGE', message, { hint })
}
