import { expect, test } from 'vitest'
import { excluder } from '../../src/local/exclude.ts'

test.each([
  // A pattern without a slash: a name at any depth.
  ['*.log', ['a.log', 'logs/b.log', '.log'], ['a.log.gz', 'log']],
  ['node_modules', ['node_modules', 'packages/a/node_modules'], ['node_modules2', 'my/node_modules.txt']],
  ['?.txt', ['a.txt', 'd/ü.txt', '😀.txt'], ['ab.txt', '.txt']],
  // With a slash: from the root.
  ['/dist', ['dist'], ['a/dist']],
  ['./dist', ['dist'], ['a/dist']],
  ['src/*.ts', ['src/a.ts'], ['src/sub/a.ts', 'lib/src/a.ts']],
  ['src/**/*.ts', ['src/a.ts', 'src/sub/deep/a.ts'], ['src/a.js', 'a.ts']],
  ['**/tmp', ['tmp', 'a/b/tmp'], ['a/tmpx']],
  ['cache/**', ['cache/a', 'cache/b/c'], ['cache', 'a/cache/b']],
  // Everything else means itself.
  ['a+(b)[c].{d}$', ['a+(b)[c].{d}$'], ['aab', 'ac.d']],
  ['a\\b', ['a\\b'], ['ab']],
])('%s', (pattern, yes, no) => {
  const excluded = excluder([pattern])
  expect(yes.filter((path) => !excluded(path, false))).toEqual([])
  expect(no.filter((path) => excluded(path, false))).toEqual([])
})

test('a trailing slash means folders alone', () => {
  const excluded = excluder(['build/'])
  expect([excluded('build', true), excluded('a/build', true), excluded('build', false)]).toEqual([true, true, false])
})

test('no pattern, or one that names nothing, excludes nothing', () => {
  expect(['a', ''].map((path) => excluder(['', '/', '//'])(path, true))).toEqual([false, false])
})
