import { execFile } from 'node:child_process'
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { count } from '../../src/model/size.ts'
import type { Target } from '../../src/model/target.ts'
import { connector } from '../../src/remote/connect.ts'
import { type Counted, counting } from '../support/counting.ts'
import { driver, type TestRelease } from '../support/driver.ts'
import { startHosts, type TestHosts } from '../support/hosts.ts'

/**
 * Our own node_modules and everything that is odd, to two real hosts: it arrives as it was, a small change sends little, and the
 * number of commands does not grow with files, hooks and shared paths.
 */
const MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url))
const NAMES = [
  '-n',
  '--',
  "it's",
  '"quoted"',
  'back\\slash',
  '\\n',
  '$HOME',
  '*',
  'grün ✓',
  ' leading',
  'trailing ',
  'a b  c',
  '~',
  '#x',
  '%s',
]
const TARGET: Partial<Target> = {
  shared: { dirs: ['uploads', 'var/lib/data'], files: ['config/local.json'] },
  hooks: {
    'post-upload': 'test -e odd',
    'pre-activate': 'test -L uploads',
    'post-activate': 'test "$(cat ../../current/odd/1)" = "$(cat odd/1)"',
  },
}

let hosts: TestHosts
let base = ''
let lines: readonly Counted[] = []
let there: { readonly connect: Counted['connect']; readonly path: string }[] = []
let d: ReturnType<typeof driver>
const releases: TestRelease[] = []

beforeAll(async () => {
  hosts = await startHosts(2)
  base = await mkdtemp(join(tmpdir(), 'releaser-big-'))
  const settings = { identity: hosts.identity, knownHosts: hosts.knownHosts }
  lines = hosts.hosts.map((host) => counting(connector(host.host('big tree'), settings, { configFile: '/dev/null' })))
  there = hosts.hosts.map((host, index) => ({ connect: lines[index]?.connect ?? fail, path: join(host.home, 'big tree') }))
  d = driver({ hosts: there, target: TARGET })
  await makeTree(join(base, 'tree'))
}, 120_000)
afterAll(async () => {
  await hosts?.stop()
  await rm(base, { recursive: true, force: true })
})

async function fail(): Promise<never> {
  throw new Error('no such host')
}

async function makeTree(dir: string): Promise<void> {
  // What tools keep there changes while other tests run.
  const filter = (path: string): boolean => !/^\.(cache|vite|vitest)/.test(basename(path))
  await cp(MODULES, join(dir, 'node_modules'), { recursive: true, verbatimSymlinks: true, filter })
  await run('chmod', ['-R', 'u+rwX,go+rX,go-w', dir])
  await mkdir(join(dir, 'odd/empty folder/-'), { recursive: true })
  await mkdir(join(dir, 'odd/närrisch/deep'), { recursive: true })
  for (const number of ['1', '2', '3', '4']) await writeFile(join(dir, 'odd', number), `number ${number}`)
  for (const name of NAMES) {
    await writeFile(join(dir, 'odd', name), `content of ${name}`)
    await symlink(name, join(dir, 'odd', `link to ${name}`))
    await mkdir(join(dir, 'odd/närrisch/deep', name))
    await writeFile(join(dir, 'odd/närrisch/deep', name, name), `deep ${name}`)
  }
  await symlink('nowhere', join(dir, 'odd/dangling'))
  await writeFile(join(dir, 'odd/private'), 'mine')
  await writeFile(join(dir, 'odd/no bytes'), '')
  await writeFile(join(dir, 'odd/run me'), '#!/bin/sh\n')
  await chmod(join(dir, 'odd/private'), 0o600)
  await chmod(join(dir, 'odd/run me'), 0o755)
}

const run = promisify(execFile)

const LIST = `
cd "$0/." || exit 1
list() { find . \\( -path ./uploads -o -path ./var -o -path ./config \\) -prune -o "$@"; }
list ! -type l -printf '%P %y %m\\n'
list -type l -printf '%P -> %l\\n'
list -type f -exec sha256sum {} +`

/** Every entry with type, mode and content, by tools that are not ours; what is shared is left out. */
async function listing(dir: string): Promise<string[]> {
  const { stdout } = await run('sh', ['-c', LIST, dir], { maxBuffer: 1e8 })
  return stdout.split('\n').sort()
}

const current = (index: number): string => join(there[index]?.path ?? '', 'current')
/** What each host's upload said at its end, since the last reset. Links always travel: with the manifest they cost next to nothing. */
const uploads = () => d.progress.flatMap((event) => (event.event === 'step' && event.step === 'send' && event.detail) || [])
const words = ({ manifest }: TestRelease, files: number): string => {
  const links = manifest.filter(({ type }) => type === 'symlink').length
  const all = manifest.filter(({ type }) => type !== 'directory').length
  return `${count(files + links, 'file')} sent, ${(all - files - links).toLocaleString('en-US')} reused`
}
const reset = (): void => {
  for (const line of lines) line.reset()
  d.progress.length = 0
}
const execs = () => lines.map((line) => line.execs())
const sent = () => lines.map((line) => line.sentBytes())

it('arrives as it was, in at most five commands a host', async () => {
  const release = await d.pack(join(base, 'tree'))
  releases.push(release)
  expect(release.files).toBeGreaterThanOrEqual(4000)
  expect(release.unpackedBytes).toBeGreaterThanOrEqual(100e6)
  expect(await d.roll(release)).toMatchObject([
    { ok: true, changed: true, current: release.id },
    { ok: true, changed: true, current: release.id },
  ])
  expect(Math.max(...execs())).toBeLessThanOrEqual(5)
  const was = await listing(join(base, 'tree'))
  expect(was.length).toBeGreaterThan(8000)
  for (const index of [0, 1]) expect(await listing(current(index))).toEqual(was)
}, 120_000)

it('three small changes send less than 200 kB in all, in at most four commands', async () => {
  for (const number of ['1', '2', '3']) await writeFile(join(base, 'tree/odd', number), `changed ${number}`)
  const release = await d.pack(join(base, 'tree'))
  releases.push(release)
  reset()
  expect(await d.roll(release)).toMatchObject([{ ok: true }, { ok: true }])
  expect(Math.max(...execs())).toBeLessThanOrEqual(4)
  expect(Math.max(...sent())).toBeLessThan(200_000)
  expect(uploads()).toEqual([words(release, 3), words(release, 3)])
  const was = await listing(join(base, 'tree'))
  for (const index of [0, 1]) {
    expect(await listing(current(index))).toEqual(was)
    expect(await readFile(join(current(index), 'odd/1'), 'utf8')).toBe('changed 1')
  }
}, 120_000)

it('the same content again sends nothing and does nothing', async () => {
  reset()
  const [, last] = releases
  expect(last && (await d.roll(last))).toMatchObject([
    { ok: true, changed: false, state: 'idle' },
    { ok: true, changed: false, state: 'idle' },
  ])
  expect(execs()).toEqual([1, 1])
})

it('laid out again it takes every file from what is there', async () => {
  reset()
  const [, last] = releases
  expect(last && (await d.roll(last, { force: true }))).toMatchObject([{ changed: true }, { changed: true }])
  expect(uploads()).toEqual([last && words(last, 0), last && words(last, 0)])
  expect(Math.max(...execs())).toBeLessThanOrEqual(4)
  expect(Math.max(...sent())).toBeLessThan(100_000)
  for (const index of [0, 1]) expect(await listing(current(index))).toEqual(await listing(join(base, 'tree')))
}, 120_000)

it('going back sends nothing, in at most four commands', async () => {
  reset()
  const [first] = releases
  expect(first && (await d.roll(first, { action: 'rollback' }))).toMatchObject([{ ok: true, changed: true }, { ok: true }])
  expect(Math.max(...execs())).toBeLessThanOrEqual(4)
  expect(Math.max(...sent())).toBeLessThan(50_000)
  expect(uploads()).toEqual([])
  expect(await readFile(join(current(1), 'odd/1'), 'utf8')).toBe('number 1')
})
