import type { Progress } from '../model/plan.ts'
import { size } from '../model/size.ts'
import { oneLine } from './sanitize.ts'
import { span } from './time.ts'
import { cut, width } from './width.ts'
import { doing } from './words.ts'

/** The row of work that happens here and not on a host. */
export const HERE = 'here'

/** What is known of one row, built from its events alone. Times are milliseconds since 1970. */
export interface Row {
  readonly host: string
  readonly startedAt: number | null
  readonly endedAt: number | null
  /** Steps that have started and not ended, with what belongs to them, oldest first. */
  readonly open: readonly { readonly step: string; readonly detail: string }[]
  readonly transfer: { readonly step: string; readonly done: number; readonly total: number; readonly since: number } | null
  readonly failed: string | null
  readonly undone: boolean
}

/** A line of the list, and what its mark should say. */
export interface Line {
  readonly text: string
  readonly state: 'waiting' | 'busy' | 'ok' | 'failed'
}

export function newRow(host: string): Row {
  return { host, startedAt: null, endedAt: null, open: [], transfer: null, failed: null, undone: false }
}

/** The row after an event of its host. */
export function advance(row: Row, progress: Progress, now: number): Row {
  const seen = { ...row, startedAt: row.startedAt ?? now, endedAt: now }
  if (progress.event === 'progress') {
    const since = row.transfer?.step === progress.step ? row.transfer.since : now
    return { ...seen, transfer: { step: progress.step, done: progress.done, total: progress.total, since } }
  }
  if (progress.event !== 'step') return seen
  const detail = progress.detail ?? ''
  const others = row.open.filter(({ step }) => step !== progress.step)
  switch (progress.state) {
    case 'start':
      return { ...seen, open: [...others, { step: progress.step, detail }] }
    case 'ok':
      return { ...seen, open: others }
    case 'failed':
      return { ...seen, open: others, failed: row.failed ?? `failed while ${doing(progress.step)}${detail && `: ${detail}`}` }
    case 'undone':
      return { ...seen, open: others, undone: true }
  }
}

/** What the list shows: a line a row, or where rows are more than `most`, the telling ones and a line that counts the rest. */
export function lines(
  rows: readonly Row[],
  now: number,
  size: { readonly columns: number; readonly most: number },
  closed: boolean,
): Line[] {
  const all = rows.map((row) => ({ row, state: stateOf(row, closed) }))
  const names = Math.max(...rows.map(({ host }) => width(oneLine(host))))
  const line = ({ row, state }: (typeof all)[number]): Line => {
    const name = oneLine(row.host)
    const text = `${name}${' '.repeat(names - width(name))}  ${describe(row, now, closed)}`
    return { text: cut(oneLine(text), size.columns), state }
  }
  if (all.length <= size.most) return all.map(line)
  const byUrgency = [...all].sort((a, b) => URGENCY.indexOf(a.state) - URGENCY.indexOf(b.state))
  const shown = byUrgency.slice(0, Math.max(0, size.most - 1))
  const rest = byUrgency.slice(shown.length)
  const counts = URGENCY.flatMap((state) => {
    const number = rest.filter((entry) => entry.state === state).length
    return number === 0 ? [] : [`${number} ${COUNTED[state]}`]
  })
  const worst = rest[0]?.state ?? 'waiting'
  return [...shown.map(line), { text: cut(`and ${rest.length} more: ${counts.join(', ')}`, size.columns), state: worst }]
}

const URGENCY: readonly Line['state'][] = ['failed', 'busy', 'waiting', 'ok']
const COUNTED: { readonly [K in Line['state']]: string } = { failed: 'failed', busy: 'at work', waiting: 'waiting', ok: 'done' }

function stateOf(row: Row, closed: boolean): Line['state'] {
  if (row.failed !== null) return 'failed'
  if (row.startedAt === null) return closed ? 'ok' : 'waiting'
  if (closed) return row.open.length > 0 ? 'failed' : 'ok'
  // Between two steps it waits for others: those are what is to be seen where there is not room for all.
  return row.open.length > 0 ? 'busy' : 'waiting'
}

function describe(row: Row, now: number, closed: boolean): string {
  const transfer = row.open.find(({ step }) => step === row.transfer?.step)
  const current = transfer ?? row.open.at(-1)
  if (row.failed !== null) {
    if (current && !closed) return `${row.failed}; ${doing(current.step)}`
    return row.undone ? `${row.failed}; taken back` : row.failed
  }
  if (row.startedAt === null) return closed ? 'not touched' : 'waiting'
  if (!current) return closed ? summary(row, row.startedAt) : 'waiting'
  const what = [doing(current.step), current.detail].filter(Boolean).join(' ')
  if (closed) return row.undone ? 'taken back' : `stopped while ${what}`
  return transfer && row.transfer ? `${what}  ${rate(row.transfer, now)}` : what
}

function summary(row: Row, startedAt: number): string {
  const sent = row.transfer ? `, ${size(row.transfer.done)} ${row.transfer.step === 'send' ? 'sent' : 'done'}` : ''
  return `done in ${span((row.endedAt ?? startedAt) - startedAt)}${sent}`
}

/** `4.2 MB of 9.4 MB, 45%, 2.1 MB/s, 3 s left`. */
export function rate(transfer: { readonly done: number; readonly total: number; readonly since: number }, now: number): string {
  const { done, total, since } = transfer
  const percent = total > 0 ? Math.min(100, Math.floor((done / total) * 100)) : 100
  const parts = [`${size(done)} of ${size(total)}`, `${percent}%`]
  const seconds = (now - since) / 1000
  if (seconds >= 1 && done > 0) {
    const perSecond = done / seconds
    parts.push(`${size(perSecond)}/s`)
    if (done < total) parts.push(`${span(((total - done) / perSecond) * 1000)} left`)
  }
  return parts.join(', ')
}
