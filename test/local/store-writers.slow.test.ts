import { spawn } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { openStore } from '../../src/local/store.ts'
import { emptyStore, META, packFiles } from '../support/store.ts'

const STORE = new URL('../../dist/local/store.js', import.meta.url).href
const PACK = new URL('../../dist/local/pack.js', import.meta.url).href

/** Runs a module in a process of its own; what it says on stderr, and how it ended. */
async function run(code: string, ...args: readonly string[]): Promise<{ readonly code: number | null; readonly stderr: string }> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', code, ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  return { stderr: await text(child.stderr), code: await ended }
}

test('four processes with fifty changes each lose none, and readers never meet half a database', async () => {
  const dir = await emptyStore()
  const { release } = await (await openStore(dir)).add(await packFiles(dir, { a: 'a' }), META)
  const writer = `
    const { openStore } = await import('${STORE}')
    const [, dir, id, name] = process.argv
    const store = await openStore(dir)
    for (let n = 0; n < 50; n++) await store.tag(id, name + n)
    if (store.warnings.length > 0) throw new Error(store.warnings.join())`
  let running = true
  const reading = (async () => {
    let reads = 0
    for (; running; reads++) expect((await openStore(dir)).warnings).toEqual([])
    return reads
  })()
  const ended = await Promise.all(['a', 'b', 'c', 'd'].map((name) => run(writer, dir, release.id, name)))
  running = false
  expect(await reading).toBeGreaterThan(10)
  expect(ended).toEqual(Array(4).fill({ code: 0, stderr: '' }))
  const tags = ['a', 'b', 'c', 'd'].flatMap((name) => Array.from({ length: 50 }, (_, n) => `${name}${n}`))
  expect([...(await openStore(dir)).latest('shop').tags].sort()).toEqual(tags.sort())
  expect(await readFile(join(dir, 'db.json.bak'), 'utf8')).toBe(await readFile(join(dir, 'db.json'), 'utf8'))
  expect((await readdir(dir)).sort()).toEqual(['db.json', 'db.json.bak', 'releases', 'tmp'])
  expect(await readdir(join(dir, 'tmp'))).toEqual([])
})

test('two processes that pack the same content at once store it once', async () => {
  const dir = await emptyStore()
  const source = (await packFiles(dir, { a: 'a' })).file
  const packer = `
    const { openStore } = await import('${STORE}')
    const { packTree } = await import('${PACK}')
    const [, storeDir, dir, version] = process.argv
    const store = await openStore(storeDir)
    const packed = await packTree({ dir, storeDir, app: 'shop', exclude: ['tmp', 'db.json*'] })
    await store.add(packed, { app: 'shop', version, tags: [version], builder: null, git: null })`
  const content = new URL('../../src/model', import.meta.url).pathname
  const ended = await Promise.all(['1.0.0', '1.0.1'].map((version) => run(packer, dir, content, version)))
  expect(ended).toEqual(Array(2).fill({ code: 0, stderr: '' }))
  const releases = (await openStore(dir)).list()
  expect(releases.map(({ tags }) => [...tags].sort())).toEqual([['1.0.0', '1.0.1']])
  expect((await readdir(join(dir, 'releases/shop'))).length).toBe(3)
  expect((await readdir(join(dir, 'tmp'))).map((name) => join(dir, 'tmp', name))).toEqual([source])
})

test('a process that is killed while it changes the store leaves it whole for the next one', async () => {
  const dir = await emptyStore()
  const { release } = await (await openStore(dir)).add(await packFiles(dir, { a: 'a' }), META)
  const writer = `
    const { openStore } = await import('${STORE}')
    const store = await openStore(process.argv[1])
    for (let n = 0; ; n++) {
      await store.tag(process.argv[2], 't' + n)
      process.stdout.write(n + '\\n')
    }`
  const child = spawn(process.execPath, ['--input-type=module', '-e', writer, dir, release.id], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let acknowledged = -1
  for await (const chunk of child.stdout) {
    acknowledged = Number(String(chunk).trim().split('\n').at(-1))
    if (acknowledged >= 5) child.kill('SIGKILL')
  }
  const store = await openStore(dir)
  expect(store.warnings).toEqual([])
  const { tags } = store.latest('shop')
  expect(tags.slice(0, acknowledged + 1)).toEqual(Array.from({ length: acknowledged + 1 }, (_, n) => `t${n}`))
})
