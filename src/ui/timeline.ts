import { type Glance, type Happening, MARK_WORDS, MARKS, type Mark } from '../model/glance.ts'
import { type Axis, along, axisOf, ticks } from './axis.ts'
import { oneLine } from './sanitize.ts'
import type { Screen } from './screen.ts'
import { cut, width } from './width.ts'

/** Hosts of a target that have a line each; of more, those whose lines are the same share one. */
const LINES = 8

/** Columns of a name above the line: longer ones are ids, which say nothing here. */
const LONGEST_NAME = 16

type Signs = { readonly [K in Mark | 'line']: string }
const SIGNS: Signs = { live: '●', back: '◆', 'taken-back': '×', unchanged: '○', line: '─' }
const ASCII_SIGNS: Signs = { live: 'o', back: '<', 'taken-back': 'x', unchanged: '!', line: '-' }

/**
 * When a target's hosts were switched, a line a host: time goes along the width of the window, and ends now. Above them are the names
 * of what went live, as far as there is room; behind each what is live. Empty where nothing has been switched yet.
 */
export function timeline(hosts: readonly Glance[], now: number, screen: Screen): string[] {
  const lanes = hosts.flatMap(({ host, serves, happenings }) => {
    const events = happenings.filter(({ mark }) => mark !== null)
    return events.length === 0 ? [] : [{ label: oneLine(host), live: oneLine(serves?.name ?? ''), events }]
  })
  if (lanes.length === 0) return []
  const events = lanes.flatMap((lane) => lane.events)
  const axis = axisOf(
    events.map(({ at }) => at),
    now,
  )
  const side = (texts: readonly string[]): number => Math.min(Math.floor(screen.columns / 4), Math.max(...texts.map(width)))
  const more = lanes.length > LINES ? ` +${lanes.length}` : ''
  const left = side(lanes.map(({ label }) => label + more))
  const right = side(lanes.map(({ live }) => live))
  const room = Math.max(1, screen.columns - left - right - 4)
  const end = screen.ascii ? '~' : '…'
  const margin = ' '.repeat(left + 2)
  const drawn = lanes.map(({ label, live, events }) => ({
    label,
    rest: `${track(events, axis, room, screen)}  ${cut(live, right, end)}`.trimEnd(),
  }))
  return [
    ...[names(events, axis, room)].filter((line) => line !== '').map((line) => margin + screen.style.dim(line)),
    ...together(drawn).map(({ label, rest }) => `${padded(cut(label, left, end), left)}  ${rest}`),
    margin + screen.style.dim(scale(axis, room)),
  ]
}

/** What the marks of these lines mean, as far as they occur. */
export function legend(hosts: readonly Glance[], screen: Screen): string[] {
  const seen = new Set(hosts.flatMap(({ happenings }) => happenings.map(({ mark }) => mark)))
  const lines: { readonly text: string; readonly columns: number }[] = []
  for (const mark of MARKS.toReversed().filter((mark) => seen.has(mark))) {
    const text = `${painted(mark, screen)} ${MARK_WORDS[mark]}`
    const columns = 2 + MARK_WORDS[mark].length
    const last = lines.at(-1)
    if (last && last.columns + 2 + columns <= screen.columns)
      lines.splice(-1, 1, { text: `${last.text}  ${text}`, columns: last.columns + 2 + columns })
    else lines.push({ text, columns })
  }
  return lines.map(({ text }) => text)
}

function track(events: readonly Happening[], axis: Axis, room: number, screen: Screen): string {
  const signs = screen.ascii ? ASCII_SIGNS : SIGNS
  const cells = new Map<number, Mark>()
  for (const { at, mark } of events) {
    const column = columnOf(axis, at, room)
    const there = cells.get(column)
    // Of several in one place the worst is shown.
    if (mark !== null && (there === undefined || MARKS.indexOf(mark) < MARKS.indexOf(there))) cells.set(column, mark)
  }
  // Something was live from the first deploy that went well; or before what this host still remembers.
  const first = events.find(({ ok }) => ok)
  const served = events[0]?.previous ? 0 : first ? columnOf(axis, first.at, room) : room
  const plain = Array.from({ length: room }, (_, column) => (column >= served ? signs.line : ' '))
  const drawn = [...cells].sort(([a], [b]) => a - b)
  const parts = drawn.map(([column, mark], index) => {
    const before = plain.slice((drawn[index - 1]?.[0] ?? -1) + 1, column).join('')
    return dim(before, screen) + painted(mark, screen)
  })
  return [...parts, dim(plain.slice((drawn.at(-1)?.[0] ?? -1) + 1).join(''), screen)].join('')
}

function dim(text: string, { style }: Screen): string {
  return text.trim() === '' ? text : style.dim(text)
}

function painted(mark: Mark, { ascii, style }: Screen): string {
  const paint = { live: style.green, back: style.cyan, 'taken-back': style.red, unchanged: style.yellow }[mark]
  return paint((ascii ? ASCII_SIGNS : SIGNS)[mark])
}

/** The names of what went live, each from its mark on to the right; the newer one where two do not fit. */
function names(events: readonly Happening[], axis: Axis, room: number): string {
  const placed: { readonly start: number; readonly text: string }[] = []
  const newest = events.filter(({ ok, name }) => ok && name !== null).sort((a, b) => b.at - a.at)
  for (const { at, name } of newest) {
    const text = oneLine(name ?? '')
    const start = columnOf(axis, at, room)
    const free = Math.min(room, ...placed.map((other) => other.start - 1))
    if (width(text) <= LONGEST_NAME && start + width(text) <= free) placed.push({ start, text })
  }
  return placed.reduceRight((line, { start, text }) => line + ' '.repeat(start - width(line)) + text, '')
}

function scale(axis: Axis, room: number): string {
  const count = Math.min(7, Math.max(2, 1 + Math.floor(room / 18)))
  return ticks(axis, count).reduce((line, { at, text }, index) => {
    const start = index === count - 1 ? room - text.length : columnOf(axis, at, room)
    return start < line.length + (index === 0 ? 0 : 1) ? line : line + ' '.repeat(start - line.length) + text
  }, '')
}

function columnOf(axis: Axis, at: number, room: number): number {
  return Math.round(along(axis, at) * (room - 1))
}

interface Drawn {
  readonly label: string
  readonly rest: string
}

function together(lanes: readonly Drawn[]): readonly Drawn[] {
  if (lanes.length <= LINES) return lanes
  return [...new Set(lanes.map(({ rest }) => rest))].map((rest) => {
    const [first, ...others] = lanes.filter((lane) => lane.rest === rest)
    return { label: `${first?.label}${others.length === 0 ? '' : ` +${others.length}`}`, rest }
  })
}

function padded(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - width(text)))
}
