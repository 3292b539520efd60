import { createHash, hash } from 'node:crypto'
import { constants } from 'node:fs'
import { chmod, copyFile, mkdir, open, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ReleaserError } from '../model/errors.ts'
import type { FindingKind } from '../model/finding.ts'
import { decodeManifest, type Entry, type Manifest, treeBytes } from '../model/manifest.ts'
import { entryPath } from './archive-check.ts'
import { tarEntries } from './tar-entries.ts'

/** A release that came from a host; laid out in a folder of ours only where nothing is amiss. */
export interface Taken {
  readonly manifest: Manifest
  readonly amiss: readonly { readonly path: string; readonly kind: FindingKind }[]
}

export interface Source {
  /** The list of files, `listBytes` long, and tar archives of what it names, one behind the other. */
  readonly bytes: AsyncIterable<Buffer>
  readonly listBytes: number
  /** The release's digest, `sha256:…`, or only the first hex digits of it. */
  readonly digest: string
  readonly onProgress: (done: number, total: number) => void
}

// No list of files is longer: it would have more entries than a release may have.
const LONGEST_LIST = 250e6
// Headers of an entry, the long names among them, and what an archive is filled up with where each holds one.
const PER_ENTRY = 24 * 1024

/**
 * Lays out what a host hands over, in a folder that does not exist yet. Nothing is believed: the list has to have the digest, its
 * paths stay within the folder, and each file and link has to be what the list says, which tells of each that is not. Modes are the
 * list's. Fails with INTEGRITY where the list itself is not the release's; other errors mean that the stream broke off.
 */
export async function takeRelease({ bytes, listBytes, digest, onProgress }: Source, into: string): Promise<Taken> {
  if (!(listBytes <= LONGEST_LIST))
    throw new ReleaserError('INTEGRITY', `the list of files there is longer than ${LONGEST_LIST} bytes`)
  const { head, rest } = await split(bytes, listBytes)
  const manifest = listOf(head, digest)
  const total = treeBytes(manifest)
  const missing = new Map(manifest.flatMap((entry) => (entry.type === 'directory' ? [] : [[entry.path, entry]])))
  const changed: string[] = []
  const have = new Map<string, string>()
  await layFolders(manifest, into)
  let done = 0
  for await (const { header, body } of tarEntries(notEndless(rest, total, manifest.length))) {
    const { name, type, linkname, size = 0 } = header
    const path = name.replace(/^(?:\.\/)+/, '')
    const entry = missing.get(path)
    if (!entry || !missing.delete(path)) continue
    const right = await layEntry(entry, { type, linkname: linkname ?? '', size, body, have, into })
    if (right && entry.type === 'file') have.set(path, entry.sha256)
    if (!right) changed.push(path)
    done += entry.type === 'file' ? entry.size : 0
    onProgress(done, total)
  }
  const amiss = [
    ...changed.map((path) => ({ path, kind: 'changed' as const })),
    ...[...missing.keys()].map((path) => ({ path, kind: 'missing' as const })),
  ].sort((a, b) => (a.path < b.path ? -1 : 1))
  if (amiss.length === 0) await layLinks(manifest, into)
  return { manifest, amiss }
}

function listOf(head: Buffer, digest: string): Manifest {
  // First of all: what is not the release's is not worth the memory that reading it takes.
  const manifest = `sha256:${hash('sha256', head)}`.startsWith(digest) ? decodeManifest(head.toString()) : undefined
  if (!manifest)
    throw new ReleaserError('INTEGRITY', 'the list of files there is not that of the release', {
      hint: 'take it from another host, or build it again',
    })
  const folders = new Set(['.', ...manifest.flatMap(({ type, path }) => (type === 'directory' ? [path] : []))])
  const known = new Set<string>()
  for (const { path } of manifest) {
    // The digest says that it is the release, not that whoever made the release meant well.
    if (!isPlain(path) || !folders.has(dirname(path)) || known.has(path))
      throw new ReleaserError('INTEGRITY', `the list of files there names what no release can hold: ${JSON.stringify(path)}`)
    known.add(path)
  }
  return manifest
}

function isPlain(path: string): boolean {
  try {
    return entryPath(path, 0) === path
  } catch {
    return false // its words are of archives
  }
}

async function layFolders(manifest: Manifest, into: string): Promise<void> {
  await mkdir(into, { mode: 0o700 })
  for (const entry of manifest) {
    if (entry.type !== 'directory') continue
    await mkdir(join(into, entry.path))
    await chmod(join(into, entry.path), entry.mode)
  }
}

interface Arriving {
  readonly type: string | null | undefined
  readonly linkname: string
  readonly size: number
  readonly body: AsyncIterable<Buffer>
  /** What has come already, and is right: a hard link leads to such a file. */
  readonly have: ReadonlyMap<string, string>
  readonly into: string
}

/** Whether what came is what the list says. Links are made last, so that nothing is ever written through one. */
async function layEntry(entry: Exclude<Entry, { type: 'directory' }>, arriving: Arriving): Promise<boolean> {
  const { type, linkname, size, body, have, into } = arriving
  if (entry.type === 'symlink') return type === 'symlink' && linkname === entry.target
  const file = join(into, entry.path)
  if (type === 'link') {
    const from = linkname.replace(/^(?:\.\/)+/, '')
    if (have.get(from) !== entry.sha256) return false
    await copyFile(join(into, from), file, constants.COPYFILE_EXCL)
    await chmod(file, entry.mode)
    return true
  }
  if (type !== 'file' || size !== entry.size) return false
  const sum = createHash('sha256')
  const handle = await open(file, 'wx', 0o600)
  try {
    for await (const chunk of body) {
      sum.update(chunk)
      await handle.writeFile(chunk)
    }
    await handle.chmod(entry.mode)
  } finally {
    await handle.close()
  }
  return sum.digest('hex') === entry.sha256
}

async function layLinks(manifest: Manifest, into: string): Promise<void> {
  for (const entry of manifest) if (entry.type === 'symlink') await symlink(entry.target, join(into, entry.path))
}

/** What comes behind the list is as long as the release, and some headers; a host that sends on and on is not heard to its end. */
async function* notEndless(source: AsyncIterable<Buffer>, total: number, entries: number): AsyncGenerator<Buffer> {
  let got = 0
  for await (const chunk of source) {
    got += chunk.length
    if (got > total + PER_ENTRY * (entries + 100))
      throw new ReleaserError('INTEGRITY', 'the host sends more than the release has', { hint: 'take it from another host' })
    yield chunk
  }
}

async function split(source: AsyncIterable<Buffer>, length: number) {
  const iterator = source[Symbol.asyncIterator]()
  const chunks: Buffer[] = []
  let bytes = 0
  while (bytes < length) {
    const next = await iterator.next()
    if (next.done) throw new Error('it ends within the list of files')
    chunks.push(next.value)
    bytes += next.value.length
  }
  const held = Buffer.concat(chunks)
  async function* rest(): AsyncGenerator<Buffer> {
    yield held.subarray(length)
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value
  }
  return { head: held.subarray(0, length), rest: rest() }
}
