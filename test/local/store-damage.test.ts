import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { MACHINE } from '../../src/local/life.ts'
import { openStore } from '../../src/local/store.ts'
import type { Release } from '../../src/model/release.ts'
import { emptyStore, META, packFiles } from '../support/store.ts'

/** A store with two releases of one app and one of another, tagged and latest as it came last. */
async function stocked(): Promise<{ readonly dir: string; readonly releases: readonly Release[] }> {
  const dir = await emptyStore()
  const store = await openStore(dir)
  await store.add(await packFiles(dir, { a: '1' }), { ...META, createdAt: new Date('2026-01-01') })
  await store.add(await packFiles(dir, { a: '2' }), { ...META, createdAt: new Date('2026-01-02') })
  const { release } = await store.add(await packFiles(dir, { a: '1' }), {
    ...META,
    app: 'blog',
    createdAt: new Date('2026-01-03'),
  })
  await store.tag(release.id, 'stable')
  return { dir, releases: store.list() }
}

const ODD: Readonly<Record<string, string>> = {
  'an empty file': '',
  null: 'null',
  false: 'false',
  'a list': '[]',
  'an empty object': '{}',
  'a string': '"x"',
  'a number': '5',
  'half of it': '{"version":1,"releases":[{"id":"2026',
  'zeros, as after a power cut': '\0'.repeat(300),
  'conflict marks': '<<<<<<< ours\n{"version":1}\n=======\n',
  'no version': '{"releases":[],"latest":{},"deployments":[]}',
  'version 0': '{"version":0,"releases":[],"latest":{},"deployments":[]}',
  'a release that is none': '{"version":1,"releases":[{"id":"x"}],"latest":{},"deployments":[]}',
  'latest as a list': '{"version":1,"releases":[],"latest":[],"deployments":[]}',
}

test.each(Object.entries(ODD))('a database that holds %s: its copy takes over, the odd one is kept aside', async (_, text) => {
  const { dir, releases } = await stocked()
  await writeFile(join(dir, 'db.json'), text)
  const store = await openStore(dir)
  expect(store.list()).toEqual(releases)
  const aside = (await readdir(dir)).filter((name) => name.startsWith('db.json.corrupt-'))
  expect(store.warnings).toEqual([
    `the store's database ${dir}/db.json is damaged; its last good copy took its place`,
    `the damaged database was kept as ${dir}/${aside[0]}`,
  ])
  expect(await readFile(join(dir, aside[0] ?? ''), 'utf8')).toBe(text)
  const again = await openStore(dir)
  expect([again.list(), again.warnings]).toEqual([releases, []])
})

test('a release that is there twice makes a database odd', async () => {
  const { dir, releases } = await stocked()
  const data = JSON.parse(await readFile(join(dir, 'db.json'), 'utf8'))
  await writeFile(join(dir, 'db.json'), JSON.stringify({ ...data, releases: [...data.releases, data.releases[0]] }))
  expect((await openStore(dir)).list()).toEqual(releases)
})

test('a database that is missing: its copy takes over', async () => {
  const { dir, releases } = await stocked()
  await rm(join(dir, 'db.json'))
  const store = await openStore(dir)
  expect([store.list(), store.warnings]).toEqual([
    releases,
    [`the store's database ${dir}/db.json is missing; its last good copy took its place`],
  ])
  expect((await openStore(dir)).warnings).toEqual([])
})

test.each([undefined, '', 'null', '[]'])(
  'neither database nor copy (%j): rebuilt from the records, without what came later',
  async (text) => {
    const { dir, releases } = await stocked()
    for (const name of ['db.json', 'db.json.bak'])
      await (text === undefined ? rm(join(dir, name)) : writeFile(join(dir, name), text))
    const store = await openStore(dir)
    expect(store.list()).toEqual(releases.map((release) => ({ ...release, tags: [] })))
    expect([store.latest('shop').id, store.latest('blog').id]).toEqual([releases[1]?.id, releases[0]?.id])
    expect(store.warnings[0]).toBe(
      `the store's database ${dir}/db.json is ${text === undefined ? 'missing' : 'damaged'}; 3 releases were rebuilt from their records, without what came later (tags, newer versions of the same content, deployments); latest is what was packed last`,
    )
    const again = await openStore(dir)
    expect([again.list(), again.warnings]).toEqual([store.list(), []])
  },
)

test('a tarball without a record is told and left; tarballs without any record are an error', async () => {
  const { dir, releases } = await stocked()
  const [blog, newer, older] = releases.map((release) => join(dir, 'releases', release.app, release.id))
  await rm(join(dir, 'db.json'))
  await rm(join(dir, 'db.json.bak'))
  await rm(`${older}.json`)
  await writeFile(`${newer}.json`, '{}')
  const records = await readFile(`${blog}.json`)
  await rm(`${blog}.json`)
  const error = {
    code: 'INTEGRITY',
    message: `the store's database ${dir}/db.json is missing, and nothing tells what its 3 tarballs are`,
    hint: expect.stringContaining('releaser import file='),
  }
  await expect(openStore(dir)).rejects.toMatchObject(error)
  await writeFile(`${blog}.json`, records)
  const store = await openStore(dir)
  expect(store.list().map(({ id }) => id)).toEqual([releases[0]?.id])
  expect(store.warnings.slice(1)).toEqual(
    [older, newer].map(
      (path) => `no record knows ${path}.tar.zst: take it in with releaser import file=${path}.tar.zst, or remove it`,
    ),
  )
})

test('an odd database without any releases beside it starts anew, and is kept aside', async () => {
  const dir = await emptyStore()
  await mkdir(dir)
  await writeFile(join(dir, 'db.json'), 'null')
  const store = await openStore(dir)
  expect([store.list(), store.warnings.length]).toEqual([[], 2])
  expect((await readdir(dir)).filter((name) => name.startsWith('db.json.corrupt-')).length).toBe(1)
})

test.each(['db.json', 'db.json.bak'])('a newer format in %s is refused by name and left alone', async (name) => {
  const { dir } = await stocked()
  if (name !== 'db.json') await rm(join(dir, 'db.json'))
  const text = '{"version":2,"something":"else"}'
  await writeFile(join(dir, name), text)
  await expect(openStore(dir)).rejects.toMatchObject({
    code: 'CONFIG',
    message: 'the store was written by a newer releaser (its format is 2, this one knows 1)',
    hint: 'update releaser: npm install releaser@latest',
  })
  expect(await readFile(join(dir, name), 'utf8')).toBe(text)
})

test('a database that goes bad while a store is open loses nothing', async () => {
  const { dir, releases } = await stocked()
  const store = await openStore(dir)
  await writeFile(join(dir, 'db.json'), '')
  const { release } = await store.add(await packFiles(dir, { a: '3' }), META)
  expect((await openStore(dir)).list()).toEqual([release, ...releases])
  expect(store.warnings.length).toBe(2)
})

test('a lock that a dead process left is taken over', async () => {
  const { dir } = await stocked()
  const child = spawn('true')
  await once(child, 'exit')
  await mkdir(join(dir, 'db.json.lock'))
  for (const number of ['#drawing#', '000000001'])
    await writeFile(join(dir, 'db.json.lock', `${number}~0123456789abcdef~${MACHINE}~${child.pid}~1`), '')
  const store = await openStore(dir)
  expect((await store.tag(store.latest('shop').id, 'x')).tags).toEqual(['x'])
})

test('a store that cannot be read or written is told', async () => {
  const dir = await emptyStore()
  await mkdir(join(dir, 'db.json'), { recursive: true })
  await expect(openStore(dir)).rejects.toMatchObject({
    code: 'CONFIG',
    message: expect.stringContaining('cannot read the store: EISDIR'),
  })
  const link = await emptyStore()
  await symlink('/proc/self', link)
  const store = await openStore(link)
  await expect(store.pruneLocal('shop', 1)).rejects.toMatchObject({
    code: 'CONFIG',
    message: expect.stringContaining('cannot write to the store'),
  })
})
