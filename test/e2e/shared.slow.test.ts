import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Target } from '../../src/model/config.ts'
import { startHosts, type TestHosts } from '../support/hosts.ts'
import { type Answer, type Laptop, laptop, targetOn } from '../support/laptop.ts'
import { listTree } from '../support/tree.ts'

let hosts: TestHosts
beforeAll(async () => {
  hosts = await startHosts(1)
})
afterAll(() => hosts?.stop())

const SHARED = { dirs: ['uploads', 'var/lib/data'], files: ['config/local.json'] }
const APP = {
  'app/version.txt': '1',
  'app/uploads/welcome.txt': 'welcome',
  'app/uploads/deep/er.txt': 'deep',
  'app/config/local.json': '{}',
  'app/config/other.json': '{}',
}

/** An app with shared paths, deployed to a path of its own, and what its host holds there. */
async function shop(name: string, files: Readonly<Record<string, string>>, more: Partial<Target> = {}) {
  const mine = await laptop(files)
  await mine.configure({ prod: targetOn(hosts, name, { shared: SHARED, ...more }) })
  const at = (...path: string[]): string => join(hosts.hosts[0].home, name, ...path)
  const put = async (files: Readonly<Record<string, string>>): Promise<void> => {
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(at(path)), { recursive: true })
      await writeFile(at(path), content)
    }
    await promisify(execFile)('chown', ['-R', hosts.hosts[0].user, at()])
  }
  return { mine, at, put, deploy: () => deploy(mine) }
}

async function deploy(mine: Laptop): Promise<Answer> {
  return mine.call('deploy', 'target=prod', '--build')
}

/** What lies in shared/, without its folders. */
async function sharedFiles({ at }: { at(...path: string[]): string }): Promise<string[]> {
  return (await listTree(at('shared'))).filter((line) => !/\/ \d+$/.test(line))
}

const idOf = ({ last }: Answer): string => (last['release'] as { readonly id: string }).id

it('links dirs and files, and what a release ships there is where they begin', async () => {
  const { at, deploy } = await shop('seeded', APP)
  const first = await deploy()
  expect(first.last).toMatchObject({ exit: 0, changed: true })
  expect(await listTree(at('current'))).toEqual([
    'config/ 755',
    'config/local.json -> ../../../shared/config/local.json',
    'config/other.json 644 {}',
    'uploads -> ../../shared/uploads',
    'var/ 755',
    'var/lib/ 755',
    'var/lib/data -> ../../../../shared/var/lib/data',
    'version.txt 644 1',
  ])
  expect(await listTree(at('shared'))).toEqual([
    'config/ 755',
    'config/local.json 644 {}',
    'uploads/ 755',
    'uploads/deep/ 755',
    'uploads/deep/er.txt 644 deep',
    'uploads/welcome.txt 644 welcome',
    'var/ 755',
    'var/lib/ 755',
    'var/lib/data/ 755',
  ])
  expect(await readFile(at('current/uploads/deep/er.txt'), 'utf8')).toBe('deep')
})

it('a second release that ships the same leaves alone what became of it', async () => {
  const { mine, at, put, deploy } = await shop('same', APP)
  await deploy()
  await put({ 'shared/uploads/welcome.txt': 'edited by a user', 'shared/uploads/new.txt': 'from a user' })
  await mine.write({ 'app/version.txt': '2' })
  expect((await deploy()).last).toMatchObject({ exit: 0, changed: true })
  expect(await readFile(at('current/version.txt'), 'utf8')).toBe('2')
  expect(await readFile(at('current/uploads/welcome.txt'), 'utf8')).toBe('edited by a user')
  expect((await readdir(at('shared/uploads'))).sort()).toEqual(['deep', 'new.txt', 'welcome.txt'])
  expect((await mine.call('rollback', 'target=prod')).last).toMatchObject({ exit: 0, changed: true })
  expect(await readFile(at('current/uploads/new.txt'), 'utf8')).toBe('from a user')
})

it('a release that ships something else over it is refused, and nothing changes', async () => {
  const { mine, at, deploy } = await shop('else', APP)
  const first = await deploy()
  const [shared, releases] = [await listTree(at('shared')), await listTree(at('releases'))]
  await mine.write({ 'app/version.txt': '2', 'app/uploads/welcome.txt': 'another welcome' })
  const refused = await deploy()
  expect(refused).toMatchObject({
    code: 6,
    last: {
      event: 'error',
      code: 'NOT_CHANGED',
      message:
        'h1: link: the release ships uploads, which is shared and not empty on this host (nothing was changed on any host)',
    },
  })
  expect(refused.last['hint']).toEqual(expect.stringContaining('leave it out of the build'))
  expect(await readlink(at('current'))).toBe(`releases/${idOf(first)}`)
  expect(await listTree(at('shared'))).toEqual(shared)
  expect(await listTree(at('releases'))).toEqual(releases)
  // Without it, the release goes through.
  await rm(join(mine.dir, 'app/uploads'), { recursive: true })
  expect((await deploy()).last).toMatchObject({ exit: 0, changed: true })
  expect(await listTree(at('shared'))).toEqual(shared)
})

it('an empty shared folder is filled, one that people filled is not', async () => {
  const { at, put, deploy } = await shop('prepared', APP)
  await put({ 'shared/uploads/x': '' })
  await rm(at('shared/uploads/x'))
  expect((await deploy()).last).toMatchObject({ exit: 0 })
  expect(await readFile(at('shared/uploads/welcome.txt'), 'utf8')).toBe('welcome')

  const other = await shop('filled', APP)
  await other.put({ 'shared/config/local.json': '{"mine":true}' })
  expect(await other.deploy()).toMatchObject({ code: 6, last: { code: 'NOT_CHANGED' } })
  expect(await sharedFiles(other)).toEqual(['config/local.json 644 {"mine":true}'])
  expect(await readdir(other.at())).not.toContain('current')
}, 60_000)

it('a release that failed before the switch keeps what it brought, and is there for the next try', async () => {
  const { mine, at, deploy } = await shop('staged', APP, { hooks: { 'pre-activate': 'exit 1' } })
  expect(await deploy()).toMatchObject({ code: 6 })
  expect(await readdir(at())).not.toContain('current')
  await mine.configure({ prod: targetOn(hosts, 'staged', { shared: SHARED }) })
  const again = await mine.call('deploy', 'target=prod')
  expect(again.last).toMatchObject({ exit: 0, changed: true })
  expect(again.events.filter(({ step }) => step === 'send')).toEqual([])
  expect(await readFile(at('current/uploads/welcome.txt'), 'utf8')).toBe('welcome')
})

it('a shared dir that is new in the config lays the same release out again', async () => {
  const { mine, at, deploy } = await shop('relaid', { 'app/version.txt': '1', 'app/cache/warm.txt': 'warm' })
  const id = idOf(await deploy())
  await mine.configure({ prod: targetOn(hosts, 'relaid', { shared: { ...SHARED, dirs: [...SHARED.dirs, 'cache'] } }) })
  const again = await mine.call('deploy', 'target=prod')
  expect(again.last).toMatchObject({ exit: 0, changed: true, release: { id }, hosts: [{ previous: id, current: id }] })
  expect(await readlink(at('current'))).toBe(`releases/${id}~2`)
  expect(await readlink(at('current/cache'))).toBe('../../shared/cache')
  expect(await readFile(at('current/cache/warm.txt'), 'utf8')).toBe('warm')
  expect((await mine.call('deploy', 'target=prod')).last).toMatchObject({ exit: 0, changed: false })
  expect((await mine.call('status')).last['hosts']).toMatchObject([{ current: { id }, previous: null }])
})
