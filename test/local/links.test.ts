import { expect, test } from 'vitest'
import { leavesTree } from '../../src/local/links.ts'

test.each<[string, Readonly<Record<string, string>>, boolean]>([
  ['to a neighbour', { 'a/link': 'file' }, false],
  ['to a sister folder', { 'a/link': '../b/file' }, false],
  ['to the root itself', { 'a/link': '..' }, false],
  ['to nothing that is there', { 'a/link': 'gone/../nowhere' }, false],
  ['with doubled slashes and dots', { 'a/link': './/..//./b/' }, false],
  ['absolute', { link: '/etc/passwd' }, true],
  ['above the root', { 'a/link': '../../x' }, true],
  ['out and back in', { link: '../tree/file' }, true],
  ['down and out again', { link: 'a/b/../../../x' }, true],
  ['through a link that goes deep, where two steps up are still inside', { link: 'deep/../x', deep: 'a/b/c' }, false],
  [
    'through a link to a shallow folder: up means up from there',
    { 'a/b/c/link': '../../../d/sub/../../x', 'd/sub': '../e' },
    true,
  ],
  ['through a link that leaves itself', { link: 'out/x', out: '/opt' }, true],
  ['round in a circle', { link: 'other', other: 'link' }, false],
])('%s', (_, links, leaves) => {
  const [path = ''] = Object.keys(links)
  expect(leavesTree(path, new Map(Object.entries(links)), new Set())).toBe(leaves)
})

test('a link that is meant to leave may, and so may what goes through it', () => {
  const links = new Map(Object.entries({ out: '/opt', link: 'out/x', other: '/opt' }))
  expect(['out', 'link', 'other'].map((path) => leavesTree(path, links, new Set(['out'])))).toEqual([false, false, true])
})
