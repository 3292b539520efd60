import { count } from '../model/size.ts'
import type { Browsing, Listing, Row } from './browse-state.ts'
import { oneLine } from './sanitize.ts'
import type { Style } from './style.ts'
import { cut, width } from './width.ts'

export interface Window {
  readonly columns: number
  readonly rows: number
}

/** Rows that are shown in however low a window, beside the line for words. */
const LEAST = 3

/** How many rows of the list fit into a window. */
export function pageOf<T>({ title, headings }: Listing<T>, { rows }: Window): number {
  const around = title.length + (headings.length > 0 ? 1 : 0)
  // The line for words, the one below the list, the hint, and one that stays free, so that nothing scrolls.
  return Math.max(LEAST, rows - around - 4)
}

/**
 * The lines of what a person sees, none of them as wide as the window: title, the line for words, the list with the lit row in
 * sight, the hint. In a window that is too low the title goes.
 */
export function frame<T>(now: Browsing<T>, window: Window, style: Style): readonly string[] {
  const { listing, rows, at, marked, widths } = now
  const columns = Math.max(20, window.columns - 1)
  const line = (text: string, paint: (text: string) => string = (same) => same) => paint(cut(oneLine(text), columns))
  const page = pageOf(listing, window)
  const first = Math.max(0, Math.min(at - Math.floor(page / 2), rows.length - page))
  const seen = rows.slice(first, first + page)
  const list = seen.map((row, index) => {
    const lit = first + index === at
    const sign = `${lit ? '>' : ' '}${'item' in row && marked.has(row.item) ? '*' : ' '} `
    return line(sign + textOf(row, listing, widths), lit ? style.cyan : undefined)
  })
  const some = rows.length > 0 ? [] : [line(`   ${now.typed === '' ? listing.empty : 'nothing fits; Enter takes it as a line'}`)]
  const headings = listing.headings.length > 0 ? [line(`   ${aligned(listing.headings, widths)}`, style.dim)] : []
  const title = listing.title.slice(0, Math.max(0, window.rows - LEAST - headings.length - 4)).map((text) => line(text))
  return [
    ...title,
    promptLine(now, columns, style),
    ...headings,
    ...list,
    ...some,
    line(below(now, first, seen.length), style.dim),
    line(fitting(listing.hint, columns), style.dim),
  ]
}

/** The line for words, with a cursor of its own: the terminal's is hidden. Long ones show their end. */
function promptLine<T>({ listing, typed, cursor }: Browsing<T>, columns: number, style: Style): string {
  const room = columns - width(listing.prompt) - 2
  const from = Math.max(0, cursor - Math.max(8, room - 1))
  const left = oneLine(typed.slice(from, cursor))
  const right = oneLine(typed.slice(cursor))
  return `${style.bold(listing.prompt)} ${left}_${cut(right, Math.max(1, room - width(left)))}`.trimEnd()
}

/** As many as fit into a line. */
function fitting(hints: readonly string[], columns: number): string {
  return hints.reduce((line, hint) => {
    const longer = line === '' ? hint : `${line}   ${hint}`
    return width(longer) <= columns ? longer : line
  }, '')
}

function below<T>({ rows, marked, listing }: Browsing<T>, first: number, seen: number): string {
  const where = rows.length > seen ? `${first + 1}-${first + seen} of ${count(rows.length, 'row')}` : ''
  const chosen = marked.size > 0 ? `${marked.size} of ${listing.items.length} marked` : ''
  const said = [where, chosen].filter(Boolean).join(', ')
  return said === '' ? '' : `   ${said}`
}

function textOf<T>(row: Row, { items }: Listing<T>, widths: readonly number[]): string {
  if ('offer' in row) return `${row.offer.line}  ${row.offer.does}`
  return aligned(items[row.item]?.cells ?? [], widths)
}

function aligned(cells: readonly string[], widths: readonly number[]): string {
  return cells
    .map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - width(cell))))
    .join('  ')
    .trimEnd()
}
