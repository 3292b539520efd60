import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { afterEach, expect, test, vi } from 'vitest'
import { packTree } from '../../src/local/pack.ts'
import { hasZstd, type SendOptions, sendStream } from '../../src/local/tarball.ts'
import { project } from '../support/project.ts'
import { emptyStore, packFiles } from '../support/store.ts'
import { listTree } from '../support/tree.ts'

afterEach(() => {
  vi.unstubAllEnvs()
})

const WIRES = [
  ['gzip', 'gzip'],
  ['gzip', 'zstd'],
  ['zstd', 'gzip'],
  ['zstd', 'zstd'],
] as const

/** Lets the real tar unpack what is sent; the list of what came. */
async function received(options: SendOptions): Promise<string[]> {
  const out = await project()
  const tar = spawn('tar', ['-x', options.to === 'gzip' ? '-z' : '--zstd', '-f', '-', '-C', out], {
    stdio: ['pipe', 'inherit', 'inherit'],
  })
  const ended = new Promise((resolve) => tar.once('close', resolve))
  await pipeline(sendStream(options), tar.stdin)
  expect(await ended).toBe(0)
  return listTree(out)
}

async function tree(): Promise<string> {
  const dir = await project({
    'a/one': '1',
    'a/two': '2',
    "b/it's": '3',
    '-n': '4',
    'ü/x': '',
    [`${'d'.repeat(90)}/${'f'.repeat(90)}`]: 'deep',
  })
  await writeFile(join(dir, 'b/big'), Buffer.alloc(5_000_000, 'abcdefgh'))
  await mkdir(join(dir, 'empty'))
  await symlink('../a/one', join(dir, 'b/link'))
  await chmod(join(dir, 'a/two'), 0o755)
  await chmod(join(dir, '-n'), 0o400)
  return dir
}

test.each(WIRES)('everything that is stored as %s and sent as %s arrives as it was', async (compression, to) => {
  const dir = await tree()
  const { file } = await packTree({ dir, storeDir: await emptyStore(), app: 'shop', compression })
  expect(await received({ file, compression, wanted: 'all', to })).toEqual(await listTree(dir))
})

test.each(WIRES)('of what is stored as %s and sent as %s, only what is wanted arrives', async (compression, to) => {
  const dir = await tree()
  const { file } = await packTree({ dir, storeDir: await emptyStore(), app: 'shop', compression })
  const wanted = new Set(['a/two', 'b/big', 'b/link', '-n', 'ü/x', `${'d'.repeat(90)}/${'f'.repeat(90)}`])
  const came = await received({ file, compression, wanted, to })
  const folders = /^[^ ]+\/ 755$/
  expect(came.filter((line) => !folders.test(line))).toEqual(
    (await listTree(dir)).filter((line) => [...wanted].some((path) => line.startsWith(`${path} `))),
  )
})

test('nothing wanted is an archive without entries', async () => {
  const { file, compression } = await packFiles(await emptyStore(), { a: 'a' })
  expect(await received({ file, compression, wanted: new Set(), to: 'gzip' })).toEqual([])
})

test('what need not be touched goes out byte for byte', async () => {
  const { file, compression } = await packFiles(await emptyStore(), { a: 'a' })
  expect(await buffer(sendStream({ file, compression, wanted: 'all', to: compression }))).toEqual(await readFile(file))
})

test.each(WIRES)('a tarball of %s that is cut, flipped or gone ends a %s stream with an error', async (compression, to) => {
  const dir = await project()
  await writeFile(join(dir, 'noise'), randomBytes(500_000))
  const { file } = await packTree({ dir, storeDir: await emptyStore(), app: 'shop', compression })
  const bytes = await readFile(file)
  const flipped = Buffer.from(bytes)
  flipped.writeUInt8(flipped.readUInt8(200_000) ^ 1, 200_000)
  const send = async () => buffer(sendStream({ file, compression, wanted: new Set(['noise']), to }))
  for (const broken of [bytes.subarray(0, 300_000), flipped, Buffer.alloc(0)]) {
    await writeFile(file, broken)
    await expect(send()).rejects.toMatchObject({
      code: 'INTEGRITY',
      message: expect.stringMatching(/^the tarball of .* is damaged: /),
    })
  }
  await rm(file)
  await expect(send()).rejects.toMatchObject({ code: 'INTEGRITY', message: expect.stringMatching(/^the tarball of .* is gone$/) })
})

test('a tarball that lacks what is wanted is damaged', async () => {
  const { file, compression } = await packFiles(await emptyStore(), { a: 'a' })
  const sent = buffer(sendStream({ file, compression, wanted: new Set(['a', 'b']), to: 'gzip' }))
  await expect(sent).rejects.toMatchObject({ code: 'INTEGRITY', message: expect.stringMatching(/b is not in it$/) })
})

test('a receiver that goes away stops the work behind it', async () => {
  const dir = await project()
  await writeFile(join(dir, 'noise'), randomBytes(8_000_000))
  const { file } = await packTree({ dir, storeDir: await emptyStore(), app: 'shop', compression: 'zstd' })
  const stream = sendStream({ file, compression: 'zstd', wanted: new Set(['noise']), to: 'zstd' })
  const closed = new Promise((resolve) => stream.once('close', resolve))
  await new Promise((resolve) => stream.once('data', resolve))
  stream.destroy()
  await closed
  await vi.waitFor(() => expect(children()).toEqual([]))
})

test('knows whether zstd is here; a tarball of zstd without it says what to install', async () => {
  expect(await hasZstd()).toBe(true)
  const storeDir = await emptyStore()
  const { file } = await packFiles(storeDir, { a: 'a' }, { compression: 'zstd' })
  vi.stubEnv('PATH', storeDir)
  expect(await hasZstd()).toBe(false)
  const sent = buffer(sendStream({ file, compression: 'zstd', wanted: 'all', to: 'gzip' }))
  await expect(sent).rejects.toMatchObject({ code: 'CONFIG', hint: 'install it: apt-get install zstd' })
})

function children(): string[] {
  const list = execFileSync('ps', ['-o', 'args=', '--ppid', String(process.pid)]).toString()
  return list.split('\n').filter((line) => line.startsWith('zstd'))
}
