import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { gzip } from '../../src/local/gzip.ts'
import { project } from '../support/project.ts'
import { emptyStore } from '../support/store.ts'

const PACK = new URL('../../dist/local/pack.js', import.meta.url).href

/** What a pack in a process of its own costs by the kernel's own account. */
interface Cost {
  /** Bytes that it and its compressor read and wrote, from and to files and each other alike; calls that read. */
  readonly rchar: number
  readonly wchar: number
  readonly syscr: number
  /** The most memory that the process held, in kB. */
  readonly memory: number
  /** Of the tarball. */
  readonly bytes: number
}

const CODE = `
  const { readFileSync } = await import('node:fs')
  const { packTree } = await import('${PACK}')
  const [dir, storeDir, compression] = process.argv.slice(1)
  const counters = () => Object.fromEntries(readFileSync('/proc/self/io', 'utf8').trim().split('\\n').map((line) => line.split(': ')))
  const before = counters()
  const { bytes } = await packTree({ dir, storeDir, app: 'shop', compression })
  const after = counters()
  const spent = Object.fromEntries(Object.keys(after).map((name) => [name, after[name] - before[name]]))
  console.log(JSON.stringify({ ...spent, bytes, memory: process.resourceUsage().maxRSS }))`

async function cost(dir: string, compression: 'gzip' | 'zstd'): Promise<Cost> {
  const words = ['--input-type=module', '-e', CODE, dir, await emptyStore(), compression]
  return JSON.parse(execFileSync(process.execPath, words, { encoding: 'utf8' }))
}

const FILES = 2000
const SMALL = 3000
const LARGE = 5_000_000

test('packing reads each file once and whole, and writes its tarball once', async () => {
  const dir = await project()
  for (let folder = 0; folder < 20; folder++) {
    await mkdir(join(dir, `folder-${folder}`))
    for (let file = 0; file < FILES / 20; file++)
      await writeFile(join(dir, `folder-${folder}/file-${file}`), `${folder}-${file}\n`.padEnd(SMALL, 'content '))
  }
  await writeFile(join(dir, 'large'), randomBytes(LARGE))
  const plain = FILES * SMALL + LARGE
  // A header, and up to one block of zeros.
  const tar = plain + (FILES + 30) * 1024
  const { rchar, wchar, syscr, bytes } = await cost(dir, 'zstd')
  // The files; the tar by the compressor; what it makes of it, for its hashes.
  expect(rchar).toBeGreaterThanOrEqual(plain)
  expect(rchar).toBeLessThan(plain + tar + bytes + 100_000)
  expect(syscr).toBeLessThan(FILES + 1000)
  // The tar to the compressor, and what it makes of it to the disk.
  expect(wchar).toBeLessThan(tar + bytes + 100_000)
})

test.each(['gzip', 'zstd'] as const)('packing 200 MB with %s holds less than 150 MB', async (compression) => {
  const dir = await project({ large: '' })
  await truncate(join(dir, 'large'), 200e6)
  expect((await cost(dir, compression)).memory).toBeLessThan(150_000)
})

test('gzip is one stream, whatever the chunks', async () => {
  const chunks = [Buffer.alloc(1 << 20, 'some words '), randomBytes(300_000), Buffer.from('x'), Buffer.alloc(0), randomBytes(10)]
  async function* source() {
    // Lent, as those of a tree are: gone when the next is asked for.
    for (const chunk of chunks) {
      const lent = Buffer.from(chunk)
      yield lent
      lent.fill(0)
    }
  }
  const made: Buffer[] = []
  for await (const chunk of gzip(source())) made.push(chunk)
  const file = join(await project(), 'made.gz')
  await writeFile(file, Buffer.concat(made))
  const content = Buffer.concat(chunks)
  expect(gunzipSync(Buffer.concat(made)).equals(content)).toBe(true)
  for (const [program, ...words] of [
    ['gzip', '-dc'],
    ['busybox', 'gunzip', '-c'],
  ] as const)
    expect(execFileSync(program, [...words, file], { maxBuffer: 1e8 }).equals(content)).toBe(true)
})

test('gzip of nothing is a stream, too', async () => {
  const made: Buffer[] = []
  for await (const chunk of gzip((async function* () {})())) made.push(chunk)
  expect(gunzipSync(Buffer.concat(made)).length).toBe(0)
})
