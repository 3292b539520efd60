import { execFileSync } from 'node:child_process'
import { appendFile, chmod, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openStore } from '../../src/local/store.ts'
import type { Deployment } from '../../src/model/deployment.ts'
import { emptyStore, META, packFiles } from '../support/store.ts'

const GIT = { rev: '3f2a9c1', branch: 'main', dirty: false }
const DEPLOYMENT: Deployment = {
  at: '2026-01-02T03:04:05.000Z',
  target: 'prod',
  app: 'shop',
  action: 'deploy',
  release: '20260102030405-0123abcd',
  hosts: [{ host: 'web1', ok: true, from: null, to: '20260102030405-0123abcd' }],
  by: 'ana@laptop',
  ok: true,
  exit: 0,
}

test('a store that is not there yet is empty, says what to do, and is not made by looking', async () => {
  const dir = await emptyStore()
  const store = await openStore(dir)
  const hint = 'build first: releaser build'
  expect([store.list(), store.deployments(), store.warnings]).toEqual([[], [], []])
  expect(() => store.find('latest', 'shop')).toThrow(
    expect.objectContaining({ code: 'NOT_FOUND', message: 'the store holds no releases of shop', hint }),
  )
  expect(() => store.find('1.0.0')).toThrow(
    expect.objectContaining({ code: 'NOT_FOUND', message: 'the store holds no releases', hint }),
  )
  expect(() => store.latest('shop')).toThrow(expect.objectContaining({ code: 'NOT_FOUND', hint }))
  await expect(stat(dir)).rejects.toMatchObject({ code: 'ENOENT' })
})

test('a release is recorded whole, and its files lie where they belong', async () => {
  const dir = await emptyStore()
  const store = await openStore(dir)
  const packed = await packFiles(dir, { 'index.js': 'one', 'lib/a.js': 'two' })
  const createdAt = new Date('2026-03-04T05:06:07.089Z')
  const { release, already } = await store.add(packed, {
    app: 'shop',
    version: '1.4.0',
    tags: ['beta', 'beta'],
    builder: 'app',
    git: GIT,
    createdAt,
  })
  const id = `20260304050607-${packed.digest.slice(7, 15)}`
  expect({ release, already }).toEqual({
    already: false,
    release: {
      id,
      app: 'shop',
      version: '1.4.0',
      tags: ['beta'],
      createdAt: '2026-03-04T05:06:07.089Z',
      bytes: packed.bytes,
      sha256: packed.sha256,
      md5: packed.md5,
      digest: packed.digest,
      files: 2,
      unpackedBytes: 6,
      builder: 'app',
      git: GIT,
      compression: 'zstd',
    },
  })
  expect(store.tarballPath(release)).toBe(join(dir, `releases/shop/${id}.tar.zst`))
  expect(await readdir(join(dir, 'releases/shop'))).toEqual([`${id}.json`, `${id}.manifest`, `${id}.tar.zst`])
  expect(await readdir(join(dir, 'tmp'))).toEqual([])
  expect(JSON.parse(await readFile(join(dir, `releases/shop/${id}.json`), 'utf8'))).toEqual(release)
  expect(await store.manifest(release)).toEqual(packed.manifest)
  await store.check(release)
  const again = await openStore(dir)
  expect([again.list(), again.latest('shop'), again.warnings]).toEqual([[release], release, []])
})

test.each([0o000, 0o077])('what the store writes is for its owner alone, with umask %o', async (umask) => {
  const before = process.umask(umask)
  try {
    const dir = await emptyStore()
    await (await openStore(dir)).add(await packFiles(dir, { a: 'a' }), META)
    const modes = execFileSync('find', [dir, '-printf', '%y%m\n']).toString()
    expect(new Set(modes.trim().split('\n'))).toEqual(new Set(['d700', 'f600']))
  } finally {
    process.umask(before)
  }
})

test('A, B, then A again: nothing is stored twice, A is latest and gains version, tags, git and time', async () => {
  const dir = await emptyStore()
  const store = await openStore(dir)
  const a = { index: 'A' }
  const first = await store.add(await packFiles(dir, a), {
    ...META,
    version: '1.0.0',
    tags: ['one'],
    builder: 'app',
    createdAt: new Date('2026-01-01'),
  })
  const second = await store.add(await packFiles(dir, { index: 'B' }), {
    ...META,
    version: '1.1.0',
    createdAt: new Date('2026-01-02'),
  })
  expect(store.latest('shop')).toEqual(second.release)
  const third = await store.add(await packFiles(dir, a), {
    ...META,
    version: '1.2.0',
    tags: ['two'],
    git: GIT,
    createdAt: new Date('2026-01-03'),
  })
  const renewed = { ...first.release, version: '1.2.0', tags: ['one', 'two'], git: GIT, createdAt: '2026-01-03T00:00:00.000Z' }
  expect(third).toEqual({ release: renewed, already: true })
  expect([store.latest('shop'), store.find('latest', 'shop'), store.find('latest')]).toEqual([renewed, renewed, renewed])
  expect((await openStore(dir)).list('shop')).toEqual([renewed, second.release])
  expect((await readdir(join(dir, 'releases/shop'))).length).toBe(6)
  expect(await readdir(join(dir, 'tmp'))).toEqual([])
})

test('the same content of two apps is two releases, with different ids', async () => {
  const dir = await emptyStore()
  const store = await openStore(dir)
  const createdAt = new Date('2026-01-01T00:00:00Z')
  const shop = await store.add(await packFiles(dir, { a: 'a' }), { ...META, createdAt })
  const blog = await store.add(await packFiles(dir, { a: 'a' }), { ...META, app: 'blog', createdAt })
  expect([shop.release.id.slice(0, 14), blog.release.id.slice(0, 14)]).toEqual(['20260101000000', '20260101000001'])
  expect([store.find('latest', 'blog').app, store.find(blog.release.id).app, store.list('shop').length]).toEqual([
    'blog',
    'blog',
    1,
  ])
  expect(() => store.find('latest')).toThrow(expect.objectContaining({ code: 'USAGE', hint: 'name it: app=blog' }))
  expect(() => store.find('1.0.0')).toThrow(
    expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(shop.release.id) }),
  )
})

test('ids of an app sort by age even where the clock stands still or runs back', async () => {
  const dir = await emptyStore()
  const store = await openStore(dir)
  const ids: string[] = []
  for (const [content, at] of [
    ['1', '2026-01-01T00:00:05Z'],
    ['2', '2026-01-01T00:00:05Z'],
    ['3', '2025-12-31T00:00:00Z'],
  ] as const)
    ids.push(
      (await store.add(await packFiles(dir, { a: content }), { ...META, createdAt: new Date(at) })).release.id.slice(0, 14),
    )
  expect(ids).toEqual(['20260101000005', '20260101000006', '20260101000007'])
  expect(store.latest('shop').id.slice(0, 14)).toBe('20260101000007')
})

test('tags come and go, and find the release', async () => {
  const dir = await emptyStore()
  const store = await openStore(dir)
  const { release } = await store.add(await packFiles(dir, { a: 'a' }), META)
  expect((await store.tag(release.id, 'stable')).tags).toEqual(['stable'])
  expect((await store.tag(release.id, 'stable')).tags).toEqual(['stable'])
  expect((await openStore(dir)).find('stable', 'shop').id).toBe(release.id)
  expect((await store.untag(release.id, 'stable')).tags).toEqual([])
  await expect(store.untag(release.id, 'stable')).rejects.toMatchObject({ code: 'NOT_FOUND', hint: 'it has no tags at all' })
  await expect(store.tag('20200101000000-00000000', 'x')).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test.each(['latest', 'current', 'previous', 'a b', '-x', '../x', 'ü', ''])('"%s" cannot be a tag', async (tag) => {
  const dir = await emptyStore()
  const store = await openStore(dir)
  const packed = await packFiles(dir, { a: 'a' })
  await expect(store.add(packed, { ...META, tags: [tag] })).rejects.toMatchObject({ code: 'USAGE' })
  expect([store.list(), await readdir(join(dir, 'tmp'))]).toEqual([[], []])
})

test.each([{ app: '../evil' }, { app: '' }, { version: '1 0' }, { version: 'v/1' }])('%j is refused', async (wrong) => {
  const dir = await emptyStore()
  const store = await openStore(dir)
  await expect(store.add(await packFiles(dir, { a: 'a' }), { ...META, ...wrong })).rejects.toMatchObject({ code: 'USAGE' })
})

test('deployments are kept in order', async () => {
  const dir = await emptyStore()
  const store = await openStore(dir)
  await store.record(DEPLOYMENT)
  await store.record({ ...DEPLOYMENT, action: 'rollback', ok: false, exit: 7 })
  expect((await openStore(dir)).deployments()).toEqual([DEPLOYMENT, { ...DEPLOYMENT, action: 'rollback', ok: false, exit: 7 }])
})

test.each<[string, (tarball: string) => Promise<unknown>, RegExp]>([
  ['a tarball that is gone', (file) => rm(file), /^the tarball .*\.tar\.zst is gone$/],
  ['one that was cut', (file) => truncate(file, 50), /^the tarball .* is damaged: it has 50 bytes and had \d+$/],
  ['one that grew', (file) => appendFile(file, 'x'), /^the tarball .* is damaged: it has/],
  ['one with a flipped bit', flip, /^the tarball .* is damaged: its sha256 is not what it was$/],
  ['a manifest that is gone', (file) => rm(manifestOf(file)), /^the manifest .*\.manifest is gone$/],
  ['a manifest that was edited', (file) => appendFile(manifestOf(file), 'x\tl\t-\t-\ty\n'), /^the manifest .* is damaged$/],
])('check finds %s; building the content again heals it', async (_, damage, message) => {
  const dir = await emptyStore()
  const store = await openStore(dir)
  const { release } = await store.add(await packFiles(dir, { a: 'a'.repeat(1000) }), META)
  await damage(store.tarballPath(release))
  await expect(store.check(release)).rejects.toMatchObject({
    code: 'INTEGRITY',
    message: expect.stringMatching(message),
    hint: expect.stringContaining('again'),
  })
  const healed = await store.add(await packFiles(dir, { a: 'a'.repeat(1000) }, { compression: 'gzip' }), META)
  expect(healed).toMatchObject({ already: true, release: { id: release.id, compression: 'gzip' } })
  await store.check(healed.release)
  expect(await readdir(join(dir, 'releases/shop'))).toEqual([
    `${release.id}.json`,
    `${release.id}.manifest`,
    `${release.id}.tar.gz`,
  ])
})

test('pruneLocal keeps the newest, the latest and the tagged, and tells what went', async () => {
  const dir = await emptyStore()
  const store = await openStore(dir)
  const pack = async (a: string, day: string, tags: readonly string[] = []) =>
    (await store.add(await packFiles(dir, { a }), { ...META, tags, createdAt: new Date(day) })).release
  const tagged = await pack('1', '2026-01-01', ['golden'])
  const second = await pack('2', '2026-01-02')
  const third = await pack('3', '2026-01-03')
  const other = (await store.add(await packFiles(dir, { a: '4' }), { ...META, app: 'blog', createdAt: new Date('2026-01-01') }))
    .release
  const newest = await pack('4', '2026-01-04')
  expect(await store.pruneLocal('shop', 1)).toEqual([third, second])
  expect((await openStore(dir)).list()).toEqual([newest, other, tagged])
  const stored = (await readdir(join(dir, 'releases/shop'))).map((name) => name.slice(0, 23))
  expect(new Set(stored)).toEqual(new Set([tagged.id, newest.id]))
  expect(await store.pruneLocal('shop', 0)).toEqual([])
})

test('a prune that was cut off is finished by the next one', async () => {
  const dir = await emptyStore()
  const store = await openStore(dir)
  const { release } = await store.add(await packFiles(dir, { a: '1' }), META)
  const data = JSON.parse(await readFile(join(dir, 'db.json'), 'utf8'))
  await writeFile(join(dir, 'db.json'), JSON.stringify({ ...data, releases: [], latest: {}, removing: [release] }))
  expect((await openStore(dir)).list()).toEqual([])
  await (await openStore(dir)).pruneLocal('shop', 5)
  expect(await readdir(join(dir, 'releases/shop'))).toEqual([])
  expect(JSON.parse(await readFile(join(dir, 'db.json'), 'utf8'))).toEqual({
    version: 1,
    releases: [],
    latest: {},
    deployments: [],
  })
})

async function flip(file: string): Promise<void> {
  const bytes = await readFile(file)
  bytes.writeUInt8(bytes.readUInt8(40) ^ 1, 40)
  await chmod(file, 0o600)
  await writeFile(file, bytes)
}

function manifestOf(tarball: string): string {
  return tarball.replace(/\.tar\.\w+$/, '.manifest')
}
