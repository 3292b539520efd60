import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { appendFileSync, chmodSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { chmod, mkdir, readdir, readFile, rename, symlink, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { type PackOptions, packTree } from '../../src/local/pack.ts'
import { decodeManifest } from '../../src/model/manifest.ts'
import { project } from '../support/project.ts'
import { emptyStore } from '../support/store.ts'
import { listTree } from '../support/tree.ts'

afterEach(() => {
  vi.unstubAllEnvs()
})

const BIG = Buffer.alloc(3 * 1024 * 1024 + 17, 'releaser ')

/** A tree with everything that a release may hold. */
async function oddTree(): Promise<string> {
  const dir = await project({
    'plain.txt': 'plain',
    empty: '',
    "quote's": 'q',
    'with space/and more.txt': 's',
    '-rf': 'dash',
    'back\\slash': 'b',
    'ünï/😀.txt': 'u',
    [`${'long-'.repeat(25)}/${'name-'.repeat(40)}`]: 'long',
    'exact-buffer': 'x'.repeat(1024 * 1024),
  })
  await writeFile(join(dir, 'big.bin'), BIG)
  await mkdir(join(dir, 'empty folder/inner'), { recursive: true })
  await symlink('plain.txt', join(dir, 'link'))
  await symlink(`../${'long-'.repeat(25)}/${'name-'.repeat(40)}`, join(dir, 'ünï/lönk'))
  for (const [path, mode] of [
    ['plain.txt', 0o600],
    ['empty', 0o755],
    ['-rf', 0o444],
    ['ünï', 0o700],
    ['back\\slash', 0o4755],
    ['empty folder', 0o777],
  ] as const)
    await chmod(join(dir, path), mode)
  return dir
}

async function pack(dir: string, options: Partial<PackOptions> = {}) {
  return packTree({ dir, storeDir: options.storeDir ?? (await emptyStore()), app: 'shop', ...options })
}

test.each(['gzip', 'zstd'] as const)(
  'what is packed with %s comes out of tar as it was, modes normalised',
  async (compression) => {
    const dir = await oddTree()
    const { file } = await pack(dir, { compression })
    const out = await project()
    execFileSync('tar', ['-x', compression === 'gzip' ? '-z' : '--zstd', '-f', file, '-C', out])
    await chmod(join(dir, 'back\\slash'), 0o755)
    await chmod(join(dir, 'empty folder'), 0o755)
    expect(await listTree(out)).toEqual(await listTree(dir))
  },
)

test('busybox reads it as well', async () => {
  const dir = await oddTree()
  const { file } = await pack(dir, { compression: 'gzip' })
  const out = await project()
  execFileSync('busybox', ['tar', 'xzf', file, '-C', out])
  const names = (lines: readonly string[]) => lines.map((line) => line.replace(/(\/)? [0-7]{3}( .*)?$/s, '$1'))
  expect(names(await listTree(out))).toEqual(names(await listTree(dir)))
})

test.each(['gzip', 'zstd'] as const)(
  'the same tree gives the same %s bytes: other times, other umask, other place',
  async (compression) => {
    const dir = await oddTree()
    const copy = await project()
    execFileSync('cp', ['-R', '-P', '--preserve=mode', `${dir}/.`, copy])
    await utimes(join(copy, 'plain.txt'), 1, 1)
    await rename(join(copy, 'empty'), join(copy, 'x'))
    await rename(join(copy, 'x'), join(copy, 'empty'))
    const first = await pack(dir, { compression })
    const umask = process.umask(0o077)
    const second = await pack(copy, { compression }).finally(() => process.umask(umask))
    expect({ ...second, file: '' }).toEqual({ ...first, file: '' })
    expect(await readFile(second.file)).toEqual(await readFile(first.file))
  },
)

test('tells hashes and sizes of what it wrote, and a manifest that reads back', async () => {
  const dir = await project({ 'a/b.txt': 'hello\n', 'c.sh': '#!/bin/sh\n' })
  await chmod(join(dir, 'c.sh'), 0o775)
  await symlink('a/b.txt', join(dir, 'd'))
  const packed = await pack(dir)
  const bytes = await readFile(packed.file)
  const hash = (algorithm: string, data: Buffer | string) => createHash(algorithm).update(data).digest('hex')
  expect(packed).toEqual({
    file: packed.file,
    manifest: [
      { type: 'directory', path: 'a', mode: 0o755 },
      { type: 'file', path: 'a/b.txt', mode: 0o644, size: 6, sha256: hash('sha256', 'hello\n') },
      { type: 'file', path: 'c.sh', mode: 0o755, size: 10, sha256: hash('sha256', '#!/bin/sh\n') },
      { type: 'symlink', path: 'd', target: 'a/b.txt' },
    ],
    canonical: packed.canonical,
    digest: `sha256:${hash('sha256', packed.canonical)}`,
    sha256: hash('sha256', bytes),
    md5: hash('md5', bytes),
    bytes: bytes.length,
    files: 2,
    unpackedBytes: 16,
    compression: 'zstd',
    platforms: [],
    warnings: [],
  })
  expect(decodeManifest(packed.canonical)).toEqual(packed.manifest)
})

test('takes gzip where there is no zstd', async () => {
  const dir = await project({ a: 'a' })
  vi.stubEnv('PATH', dir)
  expect(await pack(dir)).toMatchObject({ compression: 'gzip', file: expect.stringMatching(/\.tar\.gz$/) })
})

test('says how far it is, in bytes of files', async () => {
  const dir = await oddTree()
  const seen: [number, number][] = []
  const { unpackedBytes } = await pack(dir, { onProgress: (done, total) => seen.push([done, total]) })
  expect(seen.at(-1)).toEqual([unpackedBytes, unpackedBytes])
  expect(seen.map(([done]) => done)).toEqual(seen.map(([done]) => done).sort((a, b) => a - b))
})

test('keeps a store that lies in the folder out of it', async () => {
  const dir = await project({ a: 'a', 'sub/b': 'b' })
  const storeDir = join(dir, 'sub/.releaser')
  const first = await pack(dir, { storeDir })
  const second = await pack(dir, { storeDir })
  expect(second.manifest.map(({ path }) => path)).toEqual(['a', 'sub', 'sub/b'])
  expect(second.digest).toBe(first.digest)
})

// Each changes the tree at a moment when all small files are read and the big one is not through.
test.each<[string, (dir: string) => void, string]>([
  ['grows', (dir) => appendFileSync(join(dir, 'big.bin'), 'more'), '"big.bin" changed while it was packed'],
  ['shrinks', (dir) => truncateSync(join(dir, 'big.bin'), 100), '"big.bin" changed while it was packed'],
  ['is rewritten with the same size', (dir) => writeFileSync(join(dir, 'a'), 'A'), '"a" changed while it was packed'],
  ['is replaced', (dir) => renameSync(join(dir, 'b'), join(dir, 'a')), '"a" changed while it was packed'],
  ['appears', (dir) => writeFileSync(join(dir, 'new'), ''), '"new" changed while it was packed'],
  ['vanishes', (dir) => rmSync(join(dir, 'a')), '"a" changed while it was packed'],
  ['gets another mode', (dir) => chmodSync(join(dir, 'a'), 0o755), '"a" changed while it was packed'],
  ['becomes a link', (dir) => relink(join(dir, 'a'), 'b'), '"a" changed while it was packed'],
  ['that is a link leads elsewhere', (dir) => relink(join(dir, 'link'), 'b'), '"link" changed while it was packed'],
  ['is in a folder that gets another mode', (dir) => chmodSync(join(dir, 'f'), 0o700), '"f" changed while it was packed'],
])('refuses a tree in which a file %s meanwhile, and leaves nothing', async (_, change, message) => {
  const dir = await project({ a: 'a', b: 'b', 'f/x': 'x' })
  await symlink('a', join(dir, 'link'))
  await writeFile(join(dir, 'big.bin'), BIG)
  const storeDir = await emptyStore()
  let changed = false
  const packing = pack(dir, {
    storeDir,
    onProgress: (done) => {
      if (changed || done < 1024 * 1024) return
      changed = true
      change(dir)
    },
  })
  await expect(packing).rejects.toMatchObject({ code: 'BUILD', message })
  expect(await readdir(join(storeDir, 'tmp'))).toEqual([])
})

function relink(path: string, target: string): void {
  rmSync(path)
  symlinkSync(target, path)
}

// The first lies in the last of more folders than are walked before the reading begins, the second where they are walked while it goes on.
test.each([0, 40])(
  'what is found behind %i MB that are packed already is refused as well, and leaves nothing',
  async (megabytes) => {
    const dir = await project({ 'z/x': 'x' })
    for (let folder = 0; folder < 200; folder++) await mkdir(join(dir, `folder-${folder}`))
    await writeFile(join(dir, 'a'), '')
    truncateSync(join(dir, 'a'), megabytes * 1e6)
    const storeDir = await emptyStore()
    const whole = await pack(dir, { storeDir })
    expect(whole.manifest.map(({ path }) => path).slice(-2)).toEqual(['z', 'z/x'])
    await symlink('../../out', join(dir, 'z/link'))
    await expect(pack(dir, { storeDir })).rejects.toMatchObject({
      code: 'BUILD',
      message: 'the link "z/link" leads out of the folder, to "../../out"',
    })
    expect(await readdir(join(storeDir, 'tmp'))).toEqual([whole.file].map((file) => file.split('/').at(-1)))
  },
)

test('stops when it is told to, and leaves nothing', async () => {
  const dir = await oddTree()
  const storeDir = await emptyStore()
  const abort = new AbortController()
  const packing = pack(dir, { storeDir, signal: abort.signal, onProgress: () => abort.abort() })
  await expect(packing).rejects.toMatchObject({ code: 'INTERRUPTED', message: 'stopped while packing' })
  expect(await readdir(join(storeDir, 'tmp'))).toEqual([])
})

test('a disk that is full is told', async () => {
  const storeDir = await project()
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', storeDir])
  try {
    const dir = await project()
    await writeFile(join(dir, 'noise'), randomBytes(3_000_000))
    const packing = pack(dir, { storeDir })
    await expect(packing).rejects.toMatchObject({
      code: 'BUILD',
      message: expect.stringContaining('cannot write the tarball: ENOSPC'),
    })
    expect(await readdir(join(storeDir, 'tmp'))).toEqual([])
  } finally {
    execFileSync('umount', [storeDir])
  }
})

test('removes what a killed process has left, and nothing of one that lives', async () => {
  const storeDir = await emptyStore()
  const dead = execFileSync('sh', ['-c', 'echo $$']).toString().trim()
  await mkdir(join(storeDir, 'tmp', `${hostname()}~${dead}~folder`), { recursive: true })
  for (const name of [
    `${hostname()}~${dead}~a.tar.gz`,
    `${hostname()}~${process.pid}~b.tar.gz`,
    'elsewhere~1~c.tar.gz',
    'elsewhere~1~old.tar.gz',
  ])
    await writeFile(join(storeDir, 'tmp', name), '')
  await utimes(join(storeDir, 'tmp/elsewhere~1~old.tar.gz'), 1, 1)
  const { file } = await pack(await project({ a: 'a' }), { storeDir })
  expect((await readdir(join(storeDir, 'tmp'))).map((name) => join(storeDir, 'tmp', name)).sort()).toEqual(
    [join(storeDir, 'tmp', `${hostname()}~${process.pid}~b.tar.gz`), join(storeDir, 'tmp/elsewhere~1~c.tar.gz'), file].sort(),
  )
})
