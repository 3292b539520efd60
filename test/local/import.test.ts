import { execFileSync } from 'node:child_process'
import { chmod, link, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import tar, { type Header } from 'tar-stream'
import { expect, test } from 'vitest'
import { type ImportOptions, importTarball } from '../../src/local/import.ts'
import { packTree } from '../../src/local/pack.ts'
import { project } from '../support/project.ts'
import { emptyStore } from '../support/store.ts'

type Member = Partial<Header> & { readonly name: string; readonly body?: string }

/** An archive of these members, whatever they are. */
async function archive(members: readonly Member[]): Promise<Buffer> {
  const pack = tar.pack()
  for (const { body, ...header } of members) {
    if (body === undefined) pack.entry(header).end('')
    else pack.entry(header, body)
  }
  pack.finalize()
  return buffer(pack as AsyncIterable<Buffer>)
}

/** Imports an archive; whatever comes of it, nothing of it may stay in the store but the tarball. */
async function importBytes(bytes: Buffer, options: Partial<ImportOptions> = {}) {
  const file = join(await project(), 'x.tar')
  await writeFile(file, bytes)
  const storeDir = await emptyStore()
  const left = async () => readdir(join(storeDir, 'tmp')).catch(() => [])
  try {
    const packed = await importTarball({ file, storeDir, app: 'shop', ...options })
    expect(await left()).toEqual([packed.file.split('/').at(-1)])
    return packed
  } catch (error) {
    expect(await left()).toEqual([])
    throw error
  }
}

const FILE: Member = { name: 'file', body: 'content' }

test.each([['-z'], ['--zstd'], [], ['--format=gnu'], ['--format=v7']])(
  'what tar %s makes gives the same manifest as the folder itself',
  async (...flags) => {
    const dir = await project({ 'a/one': '1', 'b/-two': '2', "it's": '3', 'back\\slash': '4', empty: '' })
    await mkdir(join(dir, 'folder'))
    await symlink('../a/one', join(dir, 'b/link'))
    await symlink('b/link', join(dir, 'link to a link'))
    await link(join(dir, 'a/one'), join(dir, 'a/hard'))
    await chmod(join(dir, 'a/one'), 0o6755)
    await chmod(join(dir, 'empty'), 0o666)
    await chmod(join(dir, 'folder'), 0o1777)
    const file = join(await project(), 'x')
    execFileSync('tar', ['-c', ...flags.filter((flag) => flag !== ''), '-f', file, '-C', dir, '.'])
    const imported = await importBytes(await readFile(file))
    const packed = await packTree({ dir, storeDir: await emptyStore(), app: 'shop' })
    expect(imported.manifest).toEqual(packed.manifest)
    expect(imported.digest).toBe(packed.digest)
  },
)

test('names of any length and of any language arrive', async () => {
  const dir = await project({ [`ü/${'long '.repeat(40)}/${'ñ'.repeat(100)}`]: 'x' })
  const packed = await packTree({ dir, storeDir: await emptyStore(), app: 'shop' })
  for (const format of ['gnu', 'pax']) {
    const bytes = execFileSync('tar', ['-c', `--format=${format}`, '-C', dir, '.'])
    expect((await importBytes(bytes)).digest).toBe(packed.digest)
  }
})

test('strip takes leading folders away, when asked', async () => {
  const dir = await project({ 'shop-1.0/bin/run': 'x', 'shop-1.0/README': 'y' })
  await symlink('bin/run', join(dir, 'shop-1.0/start'))
  await link(join(dir, 'shop-1.0/README'), join(dir, 'shop-1.0/bin/README'))
  const bytes = execFileSync('tar', ['-c', '-C', dir, 'shop-1.0'])
  expect((await importBytes(bytes)).manifest.map(({ path }) => path)[0]).toBe('shop-1.0')
  const expected = await packTree({ dir: join(dir, 'shop-1.0'), storeDir: await emptyStore(), app: 'shop' })
  expect((await importBytes(bytes, { strip: 1 })).manifest).toEqual(expected.manifest)
  await expect(importBytes(bytes, { strip: 2 })).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringMatching(/^strip=2 leaves nothing of the path "shop-1.0\/(README|start)"$/),
  })
})

test('a hard link and the file it means become two files', async () => {
  const { manifest } = await importBytes(await archive([FILE, { name: 'd/hard', type: 'link', linkname: './file' }]))
  const [, hard, file] = manifest
  expect([hard, file]).toMatchObject([
    { path: 'd/hard', size: 7 },
    { path: 'file', size: 7 },
  ])
})

test('setuid bits vanish, and unreadable files are made readable', async () => {
  const { manifest } = await importBytes(
    await archive([
      { ...FILE, mode: 0o6777 },
      { name: 'secret', body: 's', mode: 0o100000 },
      { name: 'd', type: 'directory', mode: 0o1022 },
    ]),
  )
  expect(manifest.map((entry) => entry.type !== 'symlink' && [entry.path, entry.mode.toString(8)])).toEqual([
    ['d', '700'],
    ['file', '755'],
    ['secret', '400'],
  ])
})

test('a link that is meant to leave may, where it is listed', async () => {
  const bytes = await archive([FILE, { name: 'data', type: 'symlink', linkname: '/var/lib/shop' }])
  const { manifest } = await importBytes(bytes, { absoluteLinks: ['data'] })
  expect(manifest[0]).toEqual({ type: 'symlink', path: 'data', target: '/var/lib/shop' })
})

test.each<[string, readonly Member[], string]>([
  ['an absolute path', [{ name: '/etc/passwd', body: 'x' }], 'the path "/etc/passwd" is absolute'],
  ['a path that climbs', [{ name: '../x', body: 'x' }], 'the path "../x" climbs out of its folder'],
  ['a path that climbs and comes back', [{ name: 'a/../../t/x', body: 'x' }], 'the path "a/../../t/x" climbs out of its folder'],
  ['an absolute symlink', [{ name: 'l', type: 'symlink', linkname: '/etc' }], 'the link "l" leads out of the archive, to "/etc"'],
  [
    'a symlink that climbs',
    [{ name: 'd/l', type: 'symlink', linkname: '../../x' }],
    'the link "d/l" leads out of the archive, to "../../x"',
  ],
  [
    'a symlink that leaves through another',
    [
      FILE,
      { name: 'a/b/c', type: 'symlink', linkname: '../../d/e/../../x' },
      { name: 'd/e', type: 'symlink', linkname: '../file' },
    ],
    'the link "a/b/c" leads out of the archive, to "../../d/e/../../x"',
  ],
  [
    'a file written through a symlink',
    [
      { name: 'l', type: 'symlink', linkname: 'd' },
      { name: 'l/x', body: 'x' },
    ],
    '"l/x" lies below "l", which is a symlink',
  ],
  ['a file below a file', [FILE, { name: 'file/x', body: 'x' }], '"file/x" lies below "file", which is a file'],
  [
    'a symlink laid under files later',
    [
      { name: 'l/x', body: 'x' },
      { name: 'l', type: 'symlink', linkname: 'd' },
    ],
    '"l/x" lies below "l", which is a symlink',
  ],
  ['a hard link to the outside', [{ name: 'h', type: 'link', linkname: '/etc/passwd' }], 'the path "/etc/passwd" is absolute'],
  [
    'a hard link that climbs',
    [{ name: 'h', type: 'link', linkname: '../../etc/passwd' }],
    'the path "../../etc/passwd" climbs out of its folder',
  ],
  [
    'a hard link to nothing',
    [FILE, { name: 'h', type: 'link', linkname: 'gone' }],
    'the hard link "h" leads to "gone", which is no file before it in the archive',
  ],
  [
    'a hard link to a symlink',
    [
      { name: 'l', type: 'symlink', linkname: 'x' },
      { name: 'h', type: 'link', linkname: 'l' },
    ],
    'the hard link "h" leads to "l", which is no file before it in the archive',
  ],
  ['a character device', [{ name: 'n', type: 'character-device', devmajor: 1, devminor: 3 }], '"n" is a character-device'],
  ['a block device', [{ name: 'n', type: 'block-device', devmajor: 8, devminor: 0 }], '"n" is a block-device'],
  ['a FIFO', [{ name: 'p', type: 'fifo' }], '"p" is a fifo'],
  ['a sparse file', [{ ...FILE, pax: { 'GNU.sparse.major': '1' } }], '"file" is a sparse file'],
  ['the same name twice', [FILE, FILE], 'the archive holds "file" twice'],
  ['the same name written differently', [FILE, { name: './/file', body: 'x' }], 'the archive holds "file" twice'],
  ['a newline in a name', [{ name: 'a\nb', body: 'x' }], 'the name of "a\\nb" holds a control character'],
  ['an escape in a name', [{ name: 'a\u001b[2Jb', body: 'x' }], 'the name of "a\\u001b[2Jb" holds a control character'],
  [
    'a control character in a link',
    [{ name: 'l', type: 'symlink', linkname: 'a\u0007' }],
    'the link "l" points to no name that can be kept',
  ],
  ['a name that is not UTF-8', [{ name: 'a\uFFFDb', body: 'x' }], 'the name of "a\uFFFDb" is not valid UTF-8'],
  ['no entries', [], 'the archive is empty'],
  ['nothing but its root', [{ name: './', type: 'directory' }], 'the archive is empty'],
])('refuses %s', async (_, members, message) => {
  await expect(importBytes(await archive(members))).rejects.toMatchObject({ code: 'USAGE', message, hint: expect.any(String) })
})

test('refuses an archive that is cut, wherever it is cut', async () => {
  const bytes = await archive([FILE, { name: 'second', body: 'x'.repeat(2000) }, { name: 'third', body: 'y' }])
  const boundaries = [1024, 1024 + 2560, 1024 + 2560 + 1024]
  for (const length of [...boundaries, 1, 511, 700, 1536, 2000, 4000])
    await expect(importBytes(bytes.subarray(0, length)), `${length} bytes`).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(/cut off|damaged/),
    })
  for (const packed of [gzipSync(bytes), execFileSync('zstd', ['-c'], { input: bytes })])
    for (const length of [20, packed.length - 9, packed.length - 1])
      await expect(importBytes(packed.subarray(0, length)), `${length} bytes`).rejects.toMatchObject({ code: 'USAGE' })
})

test('refuses what is damaged or no archive at all', async () => {
  const bytes = await archive([FILE])
  bytes.writeUInt8(0xff, 10)
  const told = { code: 'USAGE', message: expect.stringMatching(/x\.tar is damaged, or no tar archive \(gzip, zstd or plain\): /) }
  for (const odd of [bytes, gzipSync(bytes), gzipSync('hello'), Buffer.from('PK\u0003\u0004'.repeat(300)), Buffer.from('hello')])
    await expect(importBytes(odd)).rejects.toMatchObject(told)
  await expect(importBytes(Buffer.alloc(0))).rejects.toMatchObject({
    code: 'USAGE',
    message: 'the archive is cut off: its end is missing',
  })
  const dir = await project()
  await expect(importTarball({ file: dir, storeDir: dir, app: 'shop' })).rejects.toMatchObject({
    code: 'USAGE',
    message: `${dir} is not a file`,
  })
  await expect(importTarball({ file: join(dir, 'gone'), storeDir: dir, app: 'shop' })).rejects.toMatchObject({
    code: 'USAGE',
    hint: 'name a tar archive: file=x.tar.gz',
  })
})

test('refuses bombs by what they would unpack to, before unpacking', async () => {
  const huge = tar.pack()
  huge.entry({ name: 'huge', size: 30e9 })
  const [header] = await Promise.all([new Promise<Buffer>((resolve) => huge.once('data', (chunk) => resolve(chunk as Buffer)))])
  huge.destroy()
  await expect(importBytes(gzipSync(header))).rejects.toMatchObject({
    code: 'USAGE',
    message: 'the archive would unpack to more than 1000000000 bytes, and 200 times its size',
  })
  const small = gzipSync(await archive([{ name: 'zeros', body: '\0'.repeat(1_000_000) }]))
  await expect(importBytes(small, { limits: { entries: 10, bytes: 100_000, ratio: 200 } })).rejects.toMatchObject({
    code: 'USAGE',
  })
  expect((await importBytes(small)).unpackedBytes).toBe(1_000_000)
  const many = await archive(Array.from({ length: 11 }, (_, n) => ({ name: `f${n}`, body: '' })))
  await expect(importBytes(many, { limits: { entries: 10, bytes: 1e9, ratio: 200 } })).rejects.toMatchObject({
    message: 'the archive holds more than 10 entries',
  })
})
