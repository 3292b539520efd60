import { likeness } from '../model/likeness.ts'
import { width } from './width.ts'

/** A list to search, mark and choose from, below a line at which words can be typed. */
export interface Listing<T> {
  /** Lines above it: where one is, and how it is there. */
  readonly title: readonly string[]
  /** What stands before what is typed, such as `prod>`. */
  readonly prompt: string
  readonly headings: readonly string[]
  readonly items: readonly Item<T>[]
  /** What is said where there are none. */
  readonly empty: string
  /** Lines that what is typed so far may become, each with what it does. */
  readonly offers?: (typed: string) => readonly Offer[]
  /** Whether several can be marked and chosen together. */
  readonly many?: boolean
  /** The last line: what one can do, the most useful first; what does not fit is left out. */
  readonly hint: readonly string[]
  /** The entry to begin at. */
  readonly at?: number
}

export interface Item<T> {
  /** What is shown of it, under the headings. */
  readonly cells: readonly string[]
  readonly value: T
}

export interface Offer {
  readonly line: string
  readonly does: string
}

/** What came of it: entries of the list, a line (with the entries that were marked before), one step back (Esc, Ctrl-C), or the end (Ctrl-D, or nobody types any more). */
export type Choice<T> =
  | { readonly chosen: readonly T[] }
  | { readonly line: string; readonly marked: readonly T[] }
  | 'back'
  | 'leave'

export interface Browsing<T> {
  readonly listing: Listing<T>
  readonly typed: string
  readonly cursor: number
  /** Entries that are marked, by their place in `items`. */
  readonly marked: ReadonlySet<number>
  /** Which row is lit. */
  readonly at: number
  /** The rows that what is typed leaves. */
  readonly rows: readonly Row[]
  /** How wide each column of the list is. */
  readonly widths: readonly number[]
}

/** A row of the list: an offer, or an entry by its place in `items`. */
export type Row = { readonly offer: Offer } | { readonly item: number }

/** A key as node's readline tells it; `text` is what it writes, if anything. */
export interface Key {
  readonly name?: string | undefined
  readonly ctrl?: boolean | undefined
  readonly meta?: boolean | undefined
  readonly text: string
}

export function begin<T>(listing: Listing<T>): Browsing<T> {
  const rows = rowsFor(listing, '')
  const at = Math.max(0, Math.min(listing.at ?? 0, rows.length - 1))
  return { listing, typed: '', cursor: 0, marked: new Set(), at, rows, widths: widthsOf(listing) }
}

function widthsOf<T>({ headings, items }: Listing<T>): readonly number[] {
  const widths = headings.map(width)
  for (const { cells } of items)
    for (const [column, cell] of cells.entries()) widths[column] = Math.max(widths[column] ?? 0, width(cell))
  return widths
}

/** What a key makes of it: how it looks then, or what came of it. `page`: how many rows are seen at once. */
export function press<T>(
  now: Browsing<T>,
  key: Key,
  page: number,
): { readonly now: Browsing<T> } | { readonly choice: Choice<T> } {
  const { typed, cursor } = now
  const name = key.ctrl ? `ctrl-${key.name}` : key.meta ? `meta-${key.name}` : (key.name ?? '')
  switch (name) {
    case 'return':
    case 'enter':
      return choose(now)
    case 'escape':
    case 'meta-escape':
    case 'ctrl-c':
      return back(now)
    case 'ctrl-d':
      return typed === '' ? { choice: 'leave' } : { now }
    case 'up':
    case 'ctrl-p':
      return { now: moved(now, -1) }
    case 'down':
    case 'ctrl-n':
      return { now: moved(now, 1) }
    case 'pageup':
      return { now: moved(now, -page) }
    case 'pagedown':
      return { now: moved(now, page) }
    case 'home':
      return { now: moved(now, -now.rows.length) }
    case 'end':
      return { now: moved(now, now.rows.length) }
    case 'tab':
      return { now: moved(mark(now), 1) }
    case 'left':
    case 'ctrl-b':
      return { now: { ...now, cursor: Math.max(0, cursor - 1) } }
    case 'right':
    case 'ctrl-f':
      return { now: { ...now, cursor: Math.min(typed.length, cursor + 1) } }
    case 'backspace':
    case 'ctrl-h':
      return { now: edited(now, typed.slice(0, Math.max(0, cursor - 1)) + typed.slice(cursor), Math.max(0, cursor - 1)) }
    case 'delete':
      return { now: edited(now, typed.slice(0, cursor) + typed.slice(cursor + 1), cursor) }
    case 'ctrl-u':
      return { now: edited(now, typed.slice(cursor), 0) }
    case 'ctrl-w': {
      const left = typed.slice(0, cursor).replace(/\S*\s*$/, '')
      return { now: edited(now, left + typed.slice(cursor), left.length) }
    }
    default:
      if (key.text === ' ' && typed === '' && now.listing.many) return { now: moved(mark(now), 1) }
      if (key.ctrl || key.meta || !/^\P{C}+$/u.test(key.text)) return { now }
      return { now: edited(now, typed.slice(0, cursor) + key.text + typed.slice(cursor), cursor + key.text.length) }
  }
}

function choose<T>(now: Browsing<T>): { readonly now: Browsing<T> } | { readonly choice: Choice<T> } {
  const { listing, marked, rows, at, typed } = now
  const row = rows[at]
  const values = [...marked].sort((a, b) => a - b).flatMap((index) => valueAt(listing, index))
  if (row && 'offer' in row) return { choice: { line: row.offer.line, marked: values } }
  if (values.length > 0 && typed.trim() === '') return { choice: { chosen: values } }
  if (row) return { choice: { chosen: valueAt(listing, row.item) } }
  return typed.trim() === '' ? { now } : { choice: { line: typed.trim(), marked: values } }
}

function valueAt<T>({ items }: Listing<T>, index: number): readonly T[] {
  const item = items[index]
  return item ? [item.value] : []
}

/** First what is typed goes, then the marks, then one goes back. */
function back<T>(now: Browsing<T>): { readonly now: Browsing<T> } | { readonly choice: 'back' } {
  if (now.typed !== '') return { now: edited(now, '', 0) }
  if (now.marked.size > 0) return { now: { ...now, marked: new Set() } }
  return { choice: 'back' }
}

function moved<T>(now: Browsing<T>, by: number): Browsing<T> {
  return { ...now, at: Math.max(0, Math.min(now.rows.length - 1, now.at + by)) }
}

function mark<T>(now: Browsing<T>): Browsing<T> {
  const row = now.rows[now.at]
  if (!now.listing.many || !row || 'offer' in row) return now
  const marked = new Set(now.marked)
  if (!marked.delete(row.item)) marked.add(row.item)
  return { ...now, marked }
}

function edited<T>(now: Browsing<T>, typed: string, cursor: number): Browsing<T> {
  return typed === now.typed ? { ...now, cursor } : { ...now, typed, cursor, at: 0, rows: rowsFor(now.listing, typed) }
}

/** What is offered for what is typed, then the entries that fit it, best first; with nothing typed, all of them as they come. */
function rowsFor<T>({ items, offers }: Listing<T>, typed: string): readonly Row[] {
  if (typed.trim() === '') return items.map((_, item) => ({ item }))
  const found = items
    .map(({ cells }, item) => ({ item, worth: likeness(typed, cells.join(' ')) }))
    .filter((row): row is { item: number; worth: number } => row.worth !== undefined)
    .sort((a, b) => b.worth - a.worth || a.item - b.item)
  return [...(offers?.(typed) ?? []).map((offer) => ({ offer })), ...found.map(({ item }) => ({ item }))]
}
