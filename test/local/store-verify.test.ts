import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openStore } from '../../src/local/store.ts'
import type { Release } from '../../src/model/release.ts'
import { emptyStore, META, packFiles } from '../support/store.ts'

const BIG = Array.from({ length: 40_000 }, (_, index) => String((index * 7919) % 10_007)).join(' ')

/** Damage done by hand to a store with releases A and B: what is done, and what must be found, `kind path (why)`. */
interface Damage {
  readonly what: string
  readonly spoil: (store: { readonly dir: string; readonly a: string; readonly b: string }) => Promise<unknown>
  readonly found: readonly (string | RegExp)[]
  /** Found as well, where the damage leaves the rest readable. */
  readonly perhaps?: string
}

const tarball = (dir: string, id: string, ending = '.tar.gz') => join(dir, 'releases/shop', id + ending)
const rewrite = async (file: string, change: (text: string) => string) => writeFile(file, change(await readFile(file, 'utf8')))
/** Changes a field of release A in a record or the database. */
const inRecord = (file: string, id: string, field: string, value: unknown) =>
  rewrite(file, (text) => {
    const data = JSON.parse(text) as { releases?: Record<string, unknown>[] }
    const record = data.releases?.find((release) => release['id'] === id) ?? (data as Record<string, unknown>)
    record[field] = value
    return JSON.stringify(data)
  })

const DAMAGE: readonly Damage[] = [
  {
    what: 'a bit of the tarball is flipped',
    spoil: async ({ dir, a }) => {
      const bytes = await readFile(tarball(dir, a))
      bytes[bytes.length - 20_000] = (bytes[bytes.length - 20_000] ?? 0) ^ 8
      await writeFile(tarball(dir, a), bytes)
    },
    found: [/^corrupt releases\/shop\/A\.tar\.gz \(its sha256 is not what it was/],
    perhaps: 'changed big.txt (in the tarball)',
  },
  {
    what: 'the tarball is cut',
    spoil: ({ dir, a }) => truncate(tarball(dir, a), 5000),
    found: [/^corrupt releases\/shop\/A\.tar\.gz \(has 5000 bytes and had \d+; it can be read only in part\)$/],
  },
  {
    what: 'the tarball is emptied',
    spoil: ({ dir, a }) => truncate(tarball(dir, a)),
    found: [/^corrupt releases\/shop\/A\.tar\.gz \(has 0 bytes and had \d+; it can be read only in part\)$/],
  },
  {
    what: 'the tarball is removed',
    spoil: ({ dir, a }) => rm(tarball(dir, a)),
    found: ['missing releases/shop/A.tar.gz (gone, or cannot be read)'],
  },
  {
    what: "the tarball is another release's",
    spoil: async ({ dir, a, b }) => writeFile(tarball(dir, a), await readFile(tarball(dir, b))),
    found: [
      'changed VERSION (in the tarball)',
      'missing big.txt (in the tarball)',
      'extra only-in-b (in the tarball)',
      /^corrupt releases\/shop\/A\.tar\.gz \(/,
    ],
  },
  {
    what: 'a tarball that no record knows',
    spoil: async ({ dir, a }) => writeFile(tarball(dir, '20200101000000-deadbeef'), await readFile(tarball(dir, a))),
    found: ['extra releases/shop/20200101000000-deadbeef.tar.gz (no record knows it; releaser import takes it in)'],
  },
  {
    what: 'a file of somebody else',
    spoil: ({ dir }) => writeFile(join(dir, 'releases/shop/notes.txt'), 'x'),
    found: ['extra releases/shop/notes.txt (no record knows it)'],
  },
  {
    what: 'the sha256 in the database, edited',
    spoil: ({ dir, a }) => inRecord(join(dir, 'db.json'), a, 'sha256', '0'.repeat(64)),
    found: ['changed db.json (sha256 of A)'],
  },
  {
    what: 'the digest in the database, edited',
    spoil: ({ dir, a }) => inRecord(join(dir, 'db.json'), a, 'digest', `sha256:${'0'.repeat(64)}`),
    found: ['changed db.json (digest of A)'],
  },
  {
    what: 'the number of files in the database, edited',
    spoil: ({ dir, a }) => inRecord(join(dir, 'db.json'), a, 'files', 4),
    found: ['changed db.json (files of A)'],
  },
  {
    what: 'the record beside the tarball, edited',
    spoil: ({ dir, a }) => inRecord(tarball(dir, a, '.json'), a, 'bytes', 1),
    found: ['changed releases/shop/A.json (bytes of A)'],
  },
  {
    what: 'the record beside the tarball, lost',
    spoil: ({ dir, a }) => rm(tarball(dir, a, '.json')),
    found: ['missing releases/shop/A.json'],
  },
  {
    what: 'the record beside the tarball, broken',
    spoil: ({ dir, a }) => writeFile(tarball(dir, a, '.json'), '{'),
    found: ['corrupt releases/shop/A.json (is no record of this release)'],
  },
  {
    what: 'the list of files, edited',
    spoil: ({ dir, a }) => rewrite(tarball(dir, a, '.manifest'), (text) => text.replace('0644', '0755')),
    found: ['corrupt releases/shop/A.manifest (is not the list of files that was packed)'],
  },
  {
    what: 'the list of files, lost',
    spoil: ({ dir, a }) => rm(tarball(dir, a, '.manifest')),
    found: ['missing releases/shop/A.manifest'],
  },
]

describe('verify of a store', () => {
  it.each(DAMAGE)('finds $what', async ({ spoil, found, perhaps }) => {
    const { dir, a, b } = await twoReleases()
    const store = await openStore(dir)
    const quiet = { signal: new AbortController().signal, onProgress: () => {} }
    expect(await store.verify(null, quiet)).toEqual([])
    await spoil({ dir, a: a.id, b: b.id })
    const before = await readdir(dir, { recursive: true })
    const again = await openStore(dir)
    const findings = await again.verify(null, quiet)
    expect(await readdir(dir, { recursive: true })).toEqual(before)
    const lines = findings.map(({ kind, path, why }) => `${kind} ${path}${why === '' ? '' : ` (${why})`}`.replaceAll(a.id, 'A'))
    const sure = lines.filter((line) => line !== perhaps)
    expect(sure).toEqual(found.map((one) => (typeof one === 'string' ? one : expect.stringMatching(one))))
    expect(findings.filter(({ release }) => release !== a.id && release !== null)).toEqual([])
    expect(await again.verify([b], quiet)).toEqual([])

    // What a whole tarball proves is mended; the rest is left, and goes when it is told to.
    await again.mend(again.list(), quiet.signal)
    const left = await (await openStore(dir)).verify(null, quiet)
    expect(left).toEqual(findings.some(({ path }) => path.includes('.tar.') || path.endsWith('notes.txt')) ? findings : [])
    if (left.length === 0) return expect(await (await openStore(dir)).find(a.id)).toEqual(a)
    const strange = left.filter(({ release }) => release === null).map(({ path }) => path)
    const gone = strange.length > 0 ? [] : [a]
    await again.discard(gone, strange)
    const after = await openStore(dir)
    expect([after.warnings, await after.verify(null, quiet)]).toEqual([[], []])
    expect(after.list().map(({ id }) => id)).toEqual(gone.length > 0 ? [b.id] : [b.id, a.id])
  })
})

async function twoReleases(): Promise<{ readonly dir: string; readonly a: Release; readonly b: Release }> {
  const dir = await emptyStore()
  const store = await openStore(dir)
  const files = { VERSION: 'a', 'big.txt': BIG, same: 'same' }
  const a = await store.add(await packFiles(dir, files, { compression: 'gzip' }), META)
  const other = { VERSION: 'b', same: 'same', 'only-in-b': 'x' }
  const b = await store.add(await packFiles(dir, other, { compression: 'gzip' }), { ...META, version: '2.0.0' })
  return { dir, a: a.release, b: b.release }
}
