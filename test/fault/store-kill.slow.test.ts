import { execFile } from 'node:child_process'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { openStore } from '../../src/local/store.ts'
import { project } from '../support/project.ts'
import { META, packFiles } from '../support/store.ts'
import { killWriters } from './store-kill.ts'

const run = promisify(execFile)

test('four writers of the store, killed again and again, lose nothing that was acknowledged', { timeout: 120_000 }, async () => {
  const { violations } = await killWriters(await project(), { writes: 200, every: 40 })
  expect(violations).toEqual([])
})

test('a full disk fails the change and leaves the store whole', { timeout: 60_000 }, async () => {
  const base = await project()
  const dir = join(base, 'disk', 'store')
  await mkdir(join(base, 'disk'))
  await run('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', join(base, 'disk')])
  onTestFinished(async () => void (await run('umount', [join(base, 'disk')])))
  const { release } = await (await openStore(dir)).add(await packFiles(dir, { a: 'a' }), META)
  const filler = join(base, 'disk', 'filler')
  await writeFile(filler, Buffer.alloc(2 ** 20)).catch(() => {})
  await expect((await openStore(dir)).tag(release.id, 'full')).rejects.toMatchObject({ code: 'BUILD' })
  const noise = Array.from({ length: 4000 }, (_, index) => String((index * 2654435761) % 2 ** 32)).join()
  await expect(packFiles(dir, { noise })).rejects.toMatchObject({ code: 'BUILD' })
  const kept = await openStore(dir)
  expect({ warnings: kept.warnings, list: kept.list() }).toEqual({ warnings: [], list: [release] })
  expect(await readdir(join(dir, 'tmp'))).toEqual([])
  await rm(filler)
  expect((await kept.tag(release.id, 'room')).tags).toEqual(['room'])
  expect((await openStore(dir)).warnings).toEqual([])
})

test('a tarball without record and a record without tarball are shown, each time', async () => {
  const base = await project()
  const dir = join(base, 'store')
  const store = await openStore(dir)
  const [one, two] = [
    await store.add(await packFiles(dir, { a: '1' }), META),
    await store.add(await packFiles(dir, { a: '2' }), META),
  ]
  const stray = join(dir, 'releases/shop/20200101000000-00000000.tar.gz')
  await writeFile(stray, 'of unknown origin')
  const gone = store.tarballPath(one.release)
  await rm(gone)
  const warnings = [
    `no record knows ${stray}: take it in with releaser import file=${stray}, or remove it`,
    `the tarball of shop 1.0.0 is gone (${gone}): build it again, the same content takes its place`,
  ]
  for (const _ of [1, 2]) expect((await openStore(dir)).warnings).toEqual(warnings)
  expect((await openStore(dir)).list().map(({ id }) => id)).toEqual([two.release.id, one.release.id])
})

test('packing again what was half stored leaves no stray behind', async () => {
  const base = await project()
  const dir = join(base, 'store')
  const store = await openStore(dir)
  const { release } = await store.add(await packFiles(dir, { a: '1' }), META)
  // As if it had been killed before the database knew: its tarball lies there under an id of its own.
  const half = join(dir, `releases/shop/20200101000000-${release.id.slice(-8)}.tar.gz`)
  await writeFile(half, 'half')
  await rm(store.tarballPath(release))
  await store.add(await packFiles(dir, { a: '1' }), META)
  expect((await openStore(dir)).warnings).toEqual([])
})
