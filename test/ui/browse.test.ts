import { expect, test } from 'vitest'
import { frame } from '../../src/ui/browse-frame.ts'
import { type Browsing, begin, type Listing, press } from '../../src/ui/browse-state.ts'
import { PLAIN } from '../../src/ui/style.ts'

const SCREEN: Listing<string> = {
  title: ['the store of shop: 3 releases'],
  prompt: 'local>',
  headings: ['version', 'live on'],
  items: ['1.6.0', '1.5.0', '1.4.0'].map((version, index) => ({ cells: [version, index === 1 ? 'prod' : ''], value: version })),
  empty: 'nothing',
  offers: (typed) => ('prune'.startsWith(typed) ? [{ line: 'prune', does: 'drop old ones' }] : []),
  many: true,
  hint: ['Enter: do', 'Esc: back', 'a hint that takes much room'],
}

/** What comes of keys: names of keys in angle brackets, everything else is typed. */
function after(keys: string, screen = SCREEN): Browsing<string> | unknown {
  let now = begin(screen)
  for (const [, name, text = ''] of keys.matchAll(/<([^>]+)>|(.)/gu)) {
    const [, ctrl, plain] = /^(ctrl-)?(.*)$/.exec(name ?? '') ?? []
    const next = press(now, { name: plain, ctrl: ctrl !== undefined, text }, 5)
    if ('choice' in next) return next.choice
    now = next.now
  }
  return now
}

const shown = (keys: string, window = { columns: 80, rows: 24 }, screen = SCREEN) =>
  frame(after(keys, screen) as Browsing<string>, window, PLAIN)

test('a list with its title, a line for words, and a hint', () => {
  expect(shown('')).toEqual([
    'the store of shop: 3 releases',
    'local> _',
    '   version  live on',
    '>  1.6.0',
    '   1.5.0    prod',
    '   1.4.0',
    '',
    'Enter: do   Esc: back   a hint that takes much room',
  ])
})

test('what is typed leaves what fits, and offers words above it', () => {
  expect(shown('pr').slice(1, 6)).toEqual([
    'local> pr_',
    '   version  live on',
    '>  prune  drop old ones',
    '   1.5.0    prod',
    '',
  ])
  expect(after('pr<return>')).toEqual({ line: 'prune', marked: [] })
  expect(after('pr<down><return>')).toEqual({ chosen: ['1.5.0'] })
})

test('several are marked, and chosen together in the order of the list; a word gets them as well', () => {
  expect(shown('<down><tab> ').slice(3, 7)).toEqual(['   1.6.0', ' * 1.5.0    prod', '>* 1.4.0', '   2 of 3 marked'])
  expect(after('<down><down><tab><up><up><tab><return>')).toEqual({ chosen: ['1.6.0', '1.4.0'] })
  expect(after('<tab>pru<return>')).toEqual({ line: 'prune', marked: ['1.6.0'] })
})

test.each(['<escape>', '<ctrl-c>'])('%s takes back what is typed, then the marks, then goes back', (key) => {
  const once = after(`<tab>x${key}`) as Browsing<string>
  expect([once.typed, once.marked.size]).toEqual(['', 1])
  expect((after(`<tab>x${key}${key}`) as Browsing<string>).marked.size).toBe(0)
  expect(after(`<tab>x${key}${key}${key}`)).toBe('back')
})

test('Ctrl-D leaves, but not in the middle of a word', () => {
  expect(after('<ctrl-d>')).toBe('leave')
  expect((after('x<ctrl-d>') as Browsing<string>).typed).toBe('x')
})

test('what fits nothing is a line of its own', () => {
  expect(shown('zzz').slice(3, 4)).toEqual(['   nothing fits; Enter takes it as a line'])
  expect(after('zzz 9<return>')).toEqual({ line: 'zzz 9', marked: [] })
})

test('the line can be edited', () => {
  const typed = (keys: string) => (after(keys) as Browsing<string>).typed
  expect(typed('abc<left><backspace>x')).toBe('axc')
  expect(typed('one two<ctrl-w>')).toBe('one ')
  expect(typed('one two<left><left><left><ctrl-u>')).toBe('two')
  expect(typed('a<escape>grüße')).toBe('grüße')
})

test('keys that write nothing change nothing', () => {
  for (const key of ['<f5>', '<ctrl-x>', '\u0007', '\u001b']) expect((after(key) as Browsing<string>).typed).toBe('')
})

test('no line is wider than the window, none too many, and the lit row is in sight', () => {
  const many = {
    ...SCREEN,
    items: Array.from({ length: 500 }, (_, n) => ({ cells: [`1.${n}.0`, 'x'.repeat(90)], value: `${n}` })),
  }
  for (const window of [
    { columns: 60, rows: 20 },
    { columns: 200, rows: 50 },
    { columns: 30, rows: 8 },
  ]) {
    const lines = shown(`${'<down>'.repeat(321)}`, window, many)
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(window.columns)
    expect(lines.length).toBeLessThan(window.rows)
    expect(lines.filter((line) => line.startsWith('>  1.321.0'))).toHaveLength(1)
  }
})

test('what comes from outside is shown, not obeyed', () => {
  const hostile = { ...SCREEN, title: ['\u001b[2J'], items: [{ cells: ['\u001b]0;x\u0007'], value: 'x' }] }
  expect(shown('', undefined, hostile).join('')).not.toContain('\u001b')
})
