import { oneLine } from './sanitize.ts'
import type { Screen } from './screen.ts'
import { cut, fold, width } from './width.ts'

/** A column of a table that fits its window. */
export interface Column {
  readonly heading: string
  readonly right?: boolean
  /** Where the window is narrow the columns of least worth are left out first; one without a number stays. */
  readonly worth?: number
  /** Its texts may be cut to so many columns before others are left out: the beginning of an id says enough. */
  readonly least?: number
}

export interface Cell {
  readonly text: string
  readonly paint?: (text: string) => string
}

export interface Row {
  /** One character that sets the row apart, before it. */
  readonly mark?: Cell
  readonly cells: readonly Cell[]
  /** What is too long for a column: behind the row where it fits, else folded below it. */
  readonly remark?: Cell
}

const GAP = 2

/**
 * The lines of a table that is no wider than the window: its headings, and a text for each row. Columns in which no row says anything,
 * and then those of least worth, are left out; the widest of the others are cut.
 */
export function fitted(columns: readonly Column[], rows: readonly Row[], screen: Screen): { head: string; rows: string[] } {
  const clean = rows.map((row) => ({ ...row, cells: row.cells.map((cell) => ({ ...cell, text: oneLine(cell.text) })) }))
  const said = (index: number): boolean => clean.some(({ cells }) => !['', '-'].includes(cells[index]?.text ?? ''))
  const all = columns.map((column, index) => ({
    ...column,
    index,
    width: Math.max(width(column.heading), ...clean.map(({ cells }) => width(cells[index]?.text ?? ''))),
  }))
  const telling = all.filter(({ worth, index }) => worth === undefined || said(index))
  const least = ({ least }: Measured): number | undefined => least
  const stay = new Set(dropped(shrunk(telling, screen.columns, least), screen.columns).map(({ index }) => index))
  const whole = telling.filter(({ index }) => stay.has(index))
  const kept = shrunk(shrunk(whole, screen.columns, least), screen.columns, () => 1)
  const end = screen.ascii ? '~' : '…'
  const line = (mark: Cell, cells: readonly Cell[]): string => {
    const parts = kept.map((column) => {
      const { text, paint = same } = cells[column.index] ?? { text: '' }
      const short = cut(text, column.width, end)
      const blanks = ' '.repeat(column.width - width(short))
      return column.right ? blanks + paint(short) : paint(short) + blanks
    })
    return `${(mark.paint ?? same)(mark.text)} ${parts.join(' '.repeat(GAP))}`
  }
  const blank = { text: ' ' }
  return {
    head: line(
      blank,
      columns.map(({ heading }) => ({ text: heading, paint: screen.style.dim })),
    ).trimEnd(),
    rows: clean.map(({ mark = blank, cells, remark }) => withRemark(line(mark, cells), remark, total(kept), screen)),
  }
}

interface Measured extends Column {
  readonly index: number
  readonly width: number
}

const same = (text: string): string => text

/** A mark and a blank, then the columns. */
function total(columns: readonly Measured[]): number {
  return GAP + columns.reduce((sum, column) => sum + column.width, 0) + GAP * Math.max(0, columns.length - 1)
}

function dropped(columns: readonly Measured[], most: number): readonly Measured[] {
  const least = columns
    .filter(({ worth }) => worth !== undefined)
    .sort((a, b) => (a.worth ?? 0) - (b.worth ?? 0))
    .at(0)
  if (total(columns) <= most || !least) return columns
  return dropped(
    columns.filter((column) => column !== least),
    most,
  )
}

/** The widest are cut first, none to less than `least` says; one for which it says nothing stays as it is. */
function shrunk(
  columns: readonly Measured[],
  most: number,
  least: (column: Measured) => number | undefined,
): readonly Measured[] {
  const [widest] = columns.filter((column) => column.width > (least(column) ?? column.width)).sort((a, b) => b.width - a.width)
  if (total(columns) <= most || !widest) return columns
  const cut = columns.map((column) => (column === widest ? { ...column, width: column.width - 1 } : column))
  return shrunk(cut, most, least)
}

function withRemark(line: string, remark: Cell | undefined, taken: number, { columns }: Screen): string {
  const text = oneLine(remark?.text ?? '')
  if (text === '') return line.trimEnd()
  const paint = remark?.paint ?? same
  if (taken + GAP + width(text) <= columns) return line + ' '.repeat(GAP) + paint(text)
  const indent = ' '.repeat(2 * GAP)
  return [line.trimEnd(), ...fold(text, columns - indent.length).map((part) => indent + paint(part))].join('\n')
}
