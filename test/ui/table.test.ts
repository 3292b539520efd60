import { expect, test } from 'vitest'
import { pairs, table } from '../../src/ui/table.ts'
import { cut, width } from '../../src/ui/width.ts'

test.each([
  ['', 0],
  ['plain', 5],
  ['größe', 5],
  ['e\u0301', 1],
  ['漢字', 4],
  ['한글', 4],
  ['😀', 2],
  ['👩‍👩‍👧', 2],
  ['✔', 1],
  ['❤\ufe0f', 2],
  ['\u001b[31mred\u001b[39m', 3],
  ['a\u200bb', 2],
])('%j takes %d columns', (text, columns) => {
  expect(width(text)).toBe(columns)
})

test('a line is cut to what fits, between letters', () => {
  expect(cut('漢字漢字', 8)).toBe('漢字漢字')
  expect(cut('漢字漢字', 7)).toBe('漢字漢…')
  expect(cut('漢字漢字', 6)).toBe('漢字…')
  expect(cut('a b c', 3)).toBe('a…')
})

test('columns line up, numbers on the right, nothing trails', () => {
  const rows = [
    ['漢字', '9', 'x'],
    ['shop\u001b[31m', '10,000', ''],
  ]
  expect(`\n${table(['APP', 'FILES', 'TAGS'], rows, ['FILES'])}\n`).toBe(`
APP            FILES  TAGS
漢字               9  x
shop\\x1b[31m  10,000
`)
})

test('pairs line up under their widest', () => {
  expect(pairs([['a', 'one'], ['long', 'two'], ['b', '']], '  ')).toBe('  a     one\n  long  two\n  b') // biome-ignore format: short
})
