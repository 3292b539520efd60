import { expect, it } from 'vitest'
import type { Entry } from '../../src/model/manifest.ts'
import { fileChanges } from '../../src/model/manifest-change.ts'

const file = (path: string, size: number, sha256 = 'a', mode = 0o644): Entry => ({ type: 'file', path, mode, size, sha256 })

it('tells what became of each file and link, and of no folder', () => {
  const from: Entry[] = [
    { type: 'directory', path: 'bin', mode: 0o755 },
    file('bin/gone', 7),
    file('grown', 1),
    { type: 'symlink', path: 'link', target: 'grown' },
    file('run', 3),
    file('same', 5),
    file('turned', 2),
  ]
  const to: Entry[] = [
    { type: 'directory', path: 'lib', mode: 0o755 },
    file('grown', 4, 'b'),
    { type: 'symlink', path: 'link', target: 'same' },
    file('new', 0),
    file('run', 3, 'a', 0o755),
    file('same', 5),
    { type: 'symlink', path: 'turned', target: 'same' },
  ]
  expect(fileChanges(from, to)).toEqual([
    { path: 'bin/gone', kind: 'removed', from: 7, to: null, what: 'content' },
    { path: 'grown', kind: 'changed', from: 1, to: 4, what: 'content' },
    { path: 'link', kind: 'changed', from: 0, to: 0, what: 'target' },
    { path: 'new', kind: 'added', from: null, to: 0, what: 'content' },
    { path: 'run', kind: 'changed', from: 3, to: 3, what: 'mode' },
    { path: 'turned', kind: 'changed', from: 2, to: 0, what: 'type' },
  ])
  expect(fileChanges(to, to)).toEqual([])
})
