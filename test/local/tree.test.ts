import { execFileSync } from 'node:child_process'
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { walkTree } from '../../src/local/tree.ts'
import { project } from '../support/project.ts'

test('finds files, folders (empty ones too) and symlinks, sorted by the bytes of their paths', async () => {
  const dir = await project({ 'a/z': 'zz', 'a-b': '', ä: 'x', Z: '', 'a/b/c': 'ccc', '\u{1F600}': '', '\uFF5E': '' })
  await mkdir(join(dir, 'empty'))
  await symlink('a/z', join(dir, 'link'))
  await chmod(join(dir, 'Z'), 0o4777)
  await chmod(join(dir, 'ä'), 0o600)
  await chmod(join(dir, 'empty'), 0o1077)
  const tree = await walkTree(dir)
  expect(
    tree.entries.map((entry) => [entry.path, entry.type, entry.type === 'symlink' ? entry.target : entry.mode.toString(8)]),
  ).toEqual([
    ['Z', 'file', '755'],
    ['a', 'directory', '755'],
    ['a-b', 'file', '644'],
    ['a/b', 'directory', '755'],
    ['a/b/c', 'file', '644'],
    ['a/z', 'file', '644'],
    ['empty', 'directory', '755'],
    ['link', 'symlink', 'a/z'],
    ['ä', 'file', '600'],
    ['\uFF5E', 'file', '644'],
    ['\u{1F600}', 'file', '644'],
  ])
  expect([tree.bytes, tree.warnings]).toEqual([6, []])
})

test('finds a tree of many folders bit by bit, each time only what comes behind', async () => {
  const names = ['a', 'a b', 'a!', 'a-b', 'a.b', 'a0', 'aa', 'ä', '\uFF5E', '\u{1F600}', '\u{1F600}x']
  const paths = names.flatMap((one) => names.flatMap((two) => [`${one}/${two}/file`, `${one}/${two}-x`]))
  const dir = await project(Object.fromEntries(paths.map((path) => [path, 'x'])))
  const folders = new Set(
    paths.flatMap((path) =>
      path
        .split('/')
        .slice(0, -1)
        .map((_, index, all) => all.slice(0, index + 1).join('/')),
    ),
  )
  const all = [...paths, ...folders].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  const tree = await walkTree(dir)
  const begun = tree.entries.length
  expect([tree.whole(), tree.entries.map(({ path }) => path)]).toEqual([false, all.slice(0, begun)])
  while (!tree.whole()) tree.goOn()
  expect(begun).toBeGreaterThan(0)
  expect(tree.entries.map(({ path }) => path)).toEqual(all)
  expect(await tree.again()).toEqual(tree.entries)
})

test('leaves out what is excluded, whatever it is', async () => {
  const dir = await project({ 'keep/a.js': '', 'keep/a.log': '', 'node_modules/x/y.js': '' })
  execFileSync('mkfifo', [join(dir, 'keep/pipe.log')])
  await symlink('/etc', join(dir, 'keep/etc.log'))
  const { entries } = await walkTree(dir, { exclude: ['*.log', 'node_modules/'] })
  expect(entries.map(({ path }) => path)).toEqual(['keep', 'keep/a.js'])
})

test('warns of names that differ only in case, or only in how Unicode writes them', async () => {
  const dir = await project({ Readme: '', README: '', 'Lib/a': '', 'lib/a': '', 'x/n\u0303': '', 'x/\u00f1': '' })
  expect((await walkTree(dir)).warnings).toEqual([
    '"README" and "Readme" differ only in case: some hosts cannot hold both',
    '"Lib" and "lib" differ only in case: some hosts cannot hold both',
    '"x/n\u0303" and "x/\u00f1" differ only in case: some hosts cannot hold both',
  ])
})

test('takes names that only look dangerous', async () => {
  const names = ["it's", 'with space', '-rf', 'back\\slash', '$HOME', '*', 'ünï', '"quoted"', '#', '~', '...']
  const dir = await project(Object.fromEntries(names.map((name) => [name, name])))
  expect((await walkTree(dir)).entries.map(({ path }) => path).sort()).toEqual([...names].sort())
})

test.each<[string, (dir: string) => unknown, string]>([
  ['a newline in a name', (dir) => writeFile(join(dir, 'a\nb'), ''), 'the name of "a\\nb" holds a control character'],
  ['a C1 control in a folder', (dir) => mkdir(join(dir, 'a\u009bb')), 'the name of "a\\u009bb" holds a control character'],
  [
    'a name that is not UTF-8',
    (dir) => writeFile(Buffer.concat([Buffer.from(`${dir}/b`), Buffer.from([0xff])]), ''),
    'the name of "b\uFFFD" is not valid UTF-8',
  ],
  ['a FIFO', (dir) => execFileSync('mkfifo', [join(dir, 'pipe')]), '"pipe" is a FIFO'],
  ['a device', (dir) => execFileSync('mknod', [join(dir, 'null'), 'c', '1', '3']), '"null" is a device'],
  ['a socket', (dir) => listen(join(dir, 'sock')), '"sock" is a socket'],
  ['an absolute link', (dir) => symlink('/etc/passwd', join(dir, 'l')), 'the link "l" leads out of the folder, to "/etc/passwd"'],
  ['a link that climbs out', (dir) => symlink('../x', join(dir, 'l')), 'the link "l" leads out of the folder, to "../x"'],
  [
    'a link to a control character',
    (dir) => symlink('a\tb', join(dir, 'l')),
    'the link "l" points to a name with control characters or broken UTF-8',
  ],
])('refuses %s', async (_, make, message) => {
  const dir = await project({ file: '' })
  await make(dir)
  await expect(walkTree(dir)).rejects.toMatchObject({ code: 'BUILD', message, hint: expect.stringMatching(/exclude/) })
  await expect(walkTree(dir, { code: 'USAGE' })).rejects.toMatchObject({ code: 'USAGE', message })
})

test('a link out of the folder is taken where it is listed', async () => {
  const dir = await project({ 'etc/file': '' })
  await symlink('/var/lib/shop', join(dir, 'etc/data'))
  const { entries } = await walkTree(dir, { absoluteLinks: ['./etc/data'] })
  expect(entries).toContainEqual({ type: 'symlink', path: 'etc/data', target: '/var/lib/shop' })
})

test('refuses a folder that is missing, no folder, empty, or empty after exclude', async () => {
  const dir = await project({ 'f/file': '' })
  await mkdir(join(dir, 'empty'))
  await expect(walkTree(join(dir, 'gone'))).rejects.toMatchObject({ code: 'BUILD', message: `there is no folder ${dir}/gone` })
  await expect(walkTree(join(dir, 'f/file'))).rejects.toMatchObject({ message: `${dir}/f/file is not a folder` })
  await expect(walkTree(join(dir, 'empty'))).rejects.toMatchObject({ message: `the folder ${dir}/empty is empty` })
  await expect(walkTree(dir, { exclude: ['*'] })).rejects.toMatchObject({ message: `the folder ${dir} is empty` })
})

async function listen(path: string): Promise<void> {
  const server = createServer()
  onTestFinished(() => void server.close())
  await new Promise<void>((resolve) => server.listen(path, resolve))
}
