import { readdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { clean } from '../../../src/local/build/clean.ts'
import { project } from '../../support/project.ts'

const FILES = [
  '.git/x',
  '.releaser/x',
  '.hidden/x',
  'dist/a.js',
  'dist/sub/b.js',
  'src/a.js',
  'src/a.ts',
  'src/deep/b.js',
  'c.js',
  'c+js',
  'd',
]

async function left(...patterns: string[]): Promise<string[]> {
  const dir = await project(Object.fromEntries(FILES.map((path) => [path, ''])))
  await clean(dir, patterns)
  const entries = await readdir(dir, { recursive: true, withFileTypes: true })
  return entries.flatMap((entry) => (entry.isFile() ? [join(entry.parentPath, entry.name).slice(dir.length + 1)] : [])).sort()
}
const without = (...paths: string[]) => FILES.filter((path) => !paths.includes(path)).sort()

test.each<[string, string[]]>([
  ['dist', ['dist/a.js', 'dist/sub/b.js']],
  ['./dist//', ['dist/a.js', 'dist/sub/b.js']],
  ['dist/*', ['dist/a.js', 'dist/sub/b.js']],
  ['dist/**', ['dist/a.js', 'dist/sub/b.js']],
  ['dist/sub', ['dist/sub/b.js']],
  ['*.js', ['c.js']],
  ['c.js', ['c.js']],
  ['?', ['d']],
  ['**/*.js', ['c.js', 'dist/a.js', 'dist/sub/b.js', 'src/a.js', 'src/deep/b.js']],
  ['src/**/*.js', ['src/a.js', 'src/deep/b.js']],
  ['**/x', []],
  ['.*/x', ['.hidden/x']],
  ['.hidden', ['.hidden/x']],
  ['[cd]', []],
  ['missing/*/x', []],
  ['d/x', []],
])('%s', async (pattern, removed) => {
  expect(await left(pattern)).toEqual(without(...removed))
})

test('links are removed, never followed', async () => {
  const dir = await project({ 'kept/x.js': '', 'out/y': '' })
  await symlink('../kept', join(dir, 'out/link'))
  await clean(dir, ['out/link/*.js', '**/x.js/z', 'out/**/x.js'])
  expect(await readdir(join(dir, 'kept'))).toEqual(['x.js'])
  await clean(dir, ['out'])
  expect([await readdir(dir), await readdir(join(dir, 'kept'))]).toEqual([['kept'], ['x.js']])
})
