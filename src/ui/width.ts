import { stripVTControlCharacters } from 'node:util'

/** First and last code points that take two columns: East Asian wide and full-width forms, and emoji. */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x231a, 0x231b],
  [0x23e9, 0x23ec],
  [0x2614, 0x2615],
  [0x26a1, 0x26a1],
  [0x2705, 0x2705],
  [0x2728, 0x2728],
  [0x274c, 0x274c],
  [0x2e80, 0x303e],
  [0x3041, 0xa4cf],
  [0xa960, 0xa97c],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1f64f],
  [0x1f680, 0x1f6ff],
  [0x1f900, 0x1faff],
  [0x20000, 0x3fffd],
]

const ASCII = /^[\x20-\x7e]*$/
const ZERO = /^[\p{Mn}\p{Me}\p{Cf}]$/u
const segments = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** How many columns of a terminal a line takes; colours count nothing. */
export function width(line: string): number {
  if (ASCII.test(line)) return line.length
  let columns = 0
  for (const { segment } of segments.segment(stripVTControlCharacters(line))) columns += widthOf(segment)
  return columns
}

/** The line cut to so many columns, with `…` (or another end) where something was cut off. For lines without colours. */
export function cut(line: string, columns: number, end = '…'): string {
  if (width(line) <= columns) return line
  return `${head(line, columns - width(end)).trimEnd()}${end}`
}

/** A text in lines of at most so many columns: broken at blanks, and within a word only where it is too long for a line. */
export function fold(text: string, columns: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (width(longer) <= columns) {
      line = longer
      continue
    }
    if (line !== '') lines.push(line)
    line = word
    while (width(line) > columns) {
      const part = head(line, columns) || line
      lines.push(part)
      line = line.slice(part.length)
    }
  }
  return line === '' && lines.length > 0 ? lines : [...lines, line]
}

/** As much of its beginning as so many columns hold. */
function head(line: string, columns: number): string {
  let kept = ''
  let used = 0
  for (const { segment } of segments.segment(line)) {
    used += widthOf(segment)
    if (used > columns) break
    kept += segment
  }
  return kept
}

function widthOf(segment: string): number {
  const point = segment.codePointAt(0) ?? 0
  if (point < 0x300) return 1
  if (ZERO.test(String.fromCodePoint(point))) return 0
  return segment.includes('\ufe0f') || WIDE.some(([first, last]) => first <= point && point <= last) ? 2 : 1
}
