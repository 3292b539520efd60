import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import type { FindingKind } from '../model/finding.ts'
import { type Entry, encodeEntry, type Manifest } from '../model/manifest.ts'
import type { Release } from '../model/release.ts'
import { type Compression, decompressor, READ_CHUNK } from './compression.ts'
import { tarEntries } from './tar-entries.ts'

/** What a tarball holds, as far as it can be read; `broken` says why not further. */
export interface Content {
  readonly entries: Manifest
  readonly broken: string | null
}

export interface Difference {
  readonly path: string
  readonly kind: FindingKind
  readonly why: string
}

/** The hashes of a file, and its length. Rejects where it cannot be read. */
export async function hashFile(file: string, signal: AbortSignal): Promise<Pick<Release, 'sha256' | 'md5' | 'bytes'>> {
  const sum = createHash('sha256')
  const md5 = createHash('md5')
  let bytes = 0
  await pipeline(
    createReadStream(file, { highWaterMark: READ_CHUNK }),
    async function* (source: AsyncIterable<Buffer>) {
      for await (const chunk of source) {
        bytes += chunk.length
        md5.update(chunk)
        yield chunk
      }
    },
    sum,
    { signal },
  )
  return { sha256: sum.digest('hex'), md5: md5.digest('hex'), bytes }
}

/** Reads a tarball to its end, or to where it breaks, hashing each file in it. Never rejects. */
export async function contentOf(file: string, compression: Compression): Promise<Content> {
  const entries: Entry[] = []
  try {
    const stored: AsyncIterable<Buffer> = createReadStream(file, { highWaterMark: READ_CHUNK })
    for await (const { header, body } of tarEntries(decompressor(compression)(stored))) {
      const { name, type, mode = 0, size = 0, linkname } = header
      const path = name.replace(/\/$/, '')
      if (type === 'directory') entries.push({ type, path, mode: mode & 0o777 })
      else if (type === 'symlink') entries.push({ type, path, target: linkname ?? '' })
      else {
        const sum = createHash('sha256')
        for await (const chunk of body) sum.update(chunk)
        entries.push({ type: 'file', path, mode: mode & 0o777, size, sha256: sum.digest('hex') })
      }
    }
    return { entries, broken: null }
  } catch (error) {
    return { entries, broken: error instanceof Error ? error.message : String(error) }
  }
}

/** Where a tarball differs from a list of files, by path. What a broken one does not reach is not called missing. */
export function differences({ entries, broken }: Content, manifest: Manifest): readonly Difference[] {
  const there = new Map(entries.map((entry) => [entry.path, entry]))
  const wanted = new Set(manifest.map(({ path }) => path))
  return [
    ...manifest.flatMap((entry): Difference[] => {
      const found = there.get(entry.path)
      if (found) return encodeEntry(found) === encodeEntry(entry) ? [] : [{ path: entry.path, kind: 'changed', why: IN_TARBALL }]
      return broken === null ? [{ path: entry.path, kind: 'missing', why: IN_TARBALL }] : []
    }),
    ...entries.flatMap(({ path }): Difference[] => (wanted.has(path) ? [] : [{ path, kind: 'extra', why: IN_TARBALL }])),
  ]
}

const IN_TARBALL = 'in the tarball'
