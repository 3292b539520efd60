import { expect, test } from 'vitest'
import { type Column, fitted, type Row } from '../../src/ui/fitted.ts'
import { fold, width } from '../../src/ui/width.ts'
import { screen, TOLD } from '../support/glances.ts'

const COLUMNS: readonly Column[] = [
  { heading: 'host' },
  { heading: 'current' },
  { heading: 'since', worth: 2 },
  { heading: 'pid', worth: 3 },
  { heading: 'free', right: true, worth: 1 },
]

const cells = (...texts: readonly string[]) => texts.map((text) => ({ text }))
const ROWS: readonly Row[] = [
  { cells: cells('web1', '1.4.0', '2 h ago', '-', '40 GB') },
  { mark: { text: '!' }, cells: cells('web2', '1.3.0', 'just now', '-', '500 MB'), remark: { text: 'the app answers with 500' } },
]

function drawn(columns: number, rows = ROWS): string {
  const { head, rows: lines } = fitted(COLUMNS, rows, screen(columns))
  return `\n${[head, ...lines].join('\n')}\n`
}

test('where there is room all that is said is shown, remarks behind their rows', () => {
  expect(drawn(70)).toBe(`
  host  current  since       free
  web1  1.4.0    2 h ago    40 GB
! web2  1.3.0    just now  500 MB  the app answers with 500
`)
})

test('a remark that is too long is folded below its row', () => {
  expect(drawn(33)).toBe(`
  host  current  since       free
  web1  1.4.0    2 h ago    40 GB
! web2  1.3.0    just now  500 MB
    the app answers with 500
`)
})

test('the column of least worth goes first, then the widest is cut', () => {
  expect(drawn(32)).toBe(`
  host  current  since
  web1  1.4.0    2 h ago
! web2  1.3.0    just now
    the app answers with 500
`)
  expect(drawn(15)).toBe(`
  host  current
  web1  1.4.0
! web2  1.3.0
    the app
    answers
    with 500
`)
  expect(drawn(13)).toBe(`
  host  curr…
  web1  1.4.0
! web2  1.3.0
    the app
    answers
    with 500
`)
})

test('a column that may be cut is cut before another one is left out', () => {
  const columns: readonly Column[] = [
    { heading: 'release', least: 9 },
    { heading: 'by', worth: 1 },
  ]
  const rows = [{ cells: cells('20261120172058-c1f865fc', 'ana') }]
  const lines = (width: number) => fitted(columns, rows, screen(width)).rows
  expect(lines(40)).toEqual(['  20261120172058-c1f865fc  ana'])
  expect(lines(20)).toEqual(['  202611201720…  ana'])
  expect(lines(15)).toEqual(['  202611201720…'])
})

test('no line is wider than the window, whatever is in it', () => {
  const rows = [
    {
      cells: cells('漢字'.repeat(20), 'v'.repeat(100), '', '', 'x'),
      remark: { text: `see https://ci.example.com/${'a'.repeat(90)}` },
    },
  ]
  for (const columns of [20, 60, 200]) {
    const { head, rows: lines } = fitted(COLUMNS, rows, screen(columns))
    const widths = [head, ...lines].flatMap((text) => text.split('\n')).map(width)
    expect(Math.max(...widths)).toBeLessThanOrEqual(columns)
  }
})

test('what others wrote is shown and not obeyed; colours take no room', () => {
  const rows = [
    { cells: [{ text: 'a\u001b[2Jb', paint: TOLD.red }, { text: '1' }], remark: { text: '\u001b[31mred', paint: TOLD.red } },
  ]
  expect(fitted(COLUMNS, rows, screen(60, { style: TOLD })).rows).toEqual([
    '  <red>a\\x1b[2Jb</red>  1        <red>\\x1b[31mred</red>',
  ])
})

test('without more than ASCII, what is cut ends with a tilde', () => {
  expect(fitted(COLUMNS, [{ cells: cells('a-long-name', '1') }], screen(17, { ascii: true })).rows).toEqual(['  a-lon~  1'])
})

test.each([
  ['one two three', 7, ['one two', 'three']],
  ['abcdefgh', 3, ['abc', 'def', 'gh']],
  ['漢字漢 a', 4, ['漢字', '漢 a']],
  ['', 5, ['']],
])('%j folds at %d', (text, columns, lines) => {
  expect(fold(text, columns)).toEqual(lines)
})
