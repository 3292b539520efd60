import { execFileSync } from 'node:child_process'
import { readdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { clean } from '../../../src/local/build/clean.ts'
import { extendedPattern, removes } from '../../../src/local/clean-pattern.ts'
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

/** A build host has no patterns of ours: its awk is given expressions, which have to mean the same. */
test.each(['awk', 'busybox awk'])('means the same to %s on a build host', (awk) => {
  const part = fc.stringMatching(/^[a.*?[\](){}+|^$\\ é-]{1,5}$/).filter((text) => !/^\.+$/.test(text))
  const pattern = fc.array(fc.oneof(part, fc.constant('**')), { minLength: 1, maxLength: 3 })
  // It goes by bytes.
  const plain = pattern.filter((parts) => !(parts.join().includes('?') && parts.join().includes('é')))
  const path = fc.array(
    fc.stringMatching(/^[a.[\](){}+|^$\\ *-]{1,4}$/).filter((text) => !/^\.+$/.test(text)),
    { minLength: 1, maxLength: 3 },
  )
  const cases = fc.sample(fc.tuple(plain, path), 3000)
  // Patterns that fit are rare among any: so many are made of the path itself.
  const own = cases.map(
    ([, parts], index) =>
      [parts.map((text) => (index % 2 && !text.startsWith('*') ? `${text.slice(0, 1)}*` : text)), parts] as const,
  )
  // Where `**` is the last part, it is the entries there that are removed, with all in them.
  const all = [...cases, ...own].map(
    ([parts, path]) => [parts.with(-1, parts.at(-1)?.replace(/^\*\*$/, '*') ?? ''), path] as const,
  )
  // Who removes a folder removes what is in it.
  const above = all.flatMap(([parts, path], of) => path.map((_, at) => ({ of, parts, path: path.slice(0, at + 1).join('/') })))
  const input = above.map(({ parts, path }) => `${extendedPattern(parts)}\t${path}\n`).join('')
  const words = [...awk.split(' ').slice(1), '-F\t', '{ print $2 ~ ("^" $1 "$") ? "yes" : "no" }']
  const said = execFileSync(awk.split(' ')[0] ?? '', words, { input, encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } })
  const answers = said.trimEnd().split('\n')
  const hit = new Set(above.flatMap(({ of }, line) => (answers[line] === 'yes' ? [of] : [])))
  const meant = all.map(([parts, path]) => removes(parts, path))
  expect(all.filter((_, index) => hit.has(index) !== meant[index])).toEqual([])
  expect(hit.size).toBeGreaterThan(1000)
})
