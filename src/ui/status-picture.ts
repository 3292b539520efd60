import { byTarget, type Glance, servedBy } from '../model/glance.ts'
import { count, size } from '../model/size.ts'
import { type Cell, type Column, fitted, type Row } from './fitted.ts'
import { oneLine } from './sanitize.ts'
import type { Screen } from './screen.ts'
import { ago } from './time.ts'
import { fold } from './width.ts'

const COLUMNS: readonly Column[] = [
  { heading: 'host' },
  { heading: 'current', least: 12 },
  { heading: 'since', worth: 9 },
  { heading: 'app', worth: 8 },
  { heading: 'health', worth: 7 },
  { heading: 'by', worth: 5 },
  { heading: 'previous', worth: 3 },
  { heading: 'free', right: true, worth: 1 },
]

/** Host names that a heading lists; of more, it tells how many. */
const NAMED = 3

/** What is live where, since when and by whom: a heading and a table for each target, no wider than the window. */
export function statusPicture(glances: readonly Glance[], now: number, screen: Screen): string {
  const targets = [...byTarget(glances)]
  const { head, rows } = fitted(
    COLUMNS,
    targets.flatMap(([, hosts]) => hosts.map((host) => row(host, hosts, now, screen))),
    screen,
  )
  let used = 0
  const groups = targets.map(([target, hosts]) => {
    const own = rows.slice(used, used + hosts.length)
    used += hosts.length
    return [...heading(target, hosts, screen), ...own].join('\n')
  })
  return [head, groups.join('\n\n')].join('\n')
}

function row(host: Glance, all: readonly Glance[], now: number, { ascii, style }: Screen): Row {
  const { serves, running, healthy, remarks } = host
  if (host.silent !== null)
    return {
      mark: { text: ascii ? 'x' : '×', paint: style.red },
      cells: [{ text: host.host }, { text: 'unreachable', paint: style.red }],
      ...(remarks.length > 0 && { remark: { text: remarks.map(({ text }) => text).join(', '), paint: style.red } }),
    }
  const differs = (servedBy(all)[0]?.id ?? null) !== (serves?.id ?? null)
  const wrong = remarks.some((remark) => remark.wrong)
  const mark: Cell = differs
    ? { text: ascii ? '#' : '≠', paint: style.yellow }
    : wrong
      ? { text: '!', paint: style.red }
      : { text: ' ' }
  const paint = differs ? style.yellow : style.green
  return {
    mark,
    cells: [
      { text: host.host },
      serves ? { text: serves.name, paint } : { text: '-' },
      { text: serves?.since ? ago(new Date(serves.since), new Date(now)) : '-' },
      running === null ? { text: '-' } : running ? { text: 'runs' } : { text: 'down', paint: style.red },
      healthy === null ? { text: '-' } : healthy ? { text: 'good' } : { text: 'bad', paint: style.red },
      { text: serves?.by ?? '-' },
      { text: host.previous ?? '-' },
      { text: host.freeBytes === null ? '-' : size(host.freeBytes) },
    ],
    remark: { text: remarks.map(({ text }) => text).join(', '), paint: wrong ? style.red : style.dim },
  }
}

function heading(target: string, hosts: readonly Glance[], { ascii, columns, style }: Screen): string[] {
  const served = servedBy(hosts)
  const silent = hosts.filter((host) => host.silent !== null)
  const empty = hosts.filter((host) => host.silent === null && host.serves === null)
  const differ = served.length + (empty.length > 0 && served.length > 0 ? 1 : 0) > 1
  const wrong = silent.length > 0 || hosts.some(({ remarks }) => remarks.some((remark) => remark.wrong))
  const parts = [
    ...served.map(({ name, hosts: on }) => `${name} on ${who(on, hosts)}`),
    ...(empty.length > 0 ? [`nothing on ${who(empty, hosts)}`] : []),
    ...(silent.length > 0 ? [`no answer from ${who(silent, hosts)}`] : []),
  ]
  const sign = ascii ? '*' : '●'
  const paint = wrong ? style.red : differ ? style.yellow : served.length === 0 ? style.dim : style.green
  const name = oneLine(target)
  const [first = '', ...others] = fold(`${name}: ${differ ? 'hosts differ: ' : ''}${oneLine(parts.join('; '))}`, columns - 4)
  const bold = first.startsWith(name) ? style.bold(name) + first.slice(name.length) : first
  return [`${paint(sign)} ${bold}`, ...others.map((line) => `    ${line}`)]
}

function who(some: readonly Glance[], all: readonly Glance[]): string {
  if (some.length === all.length && all.length > 1) return `all ${all.length} hosts`
  return some.length > NAMED ? count(some.length, 'host') : some.map(({ host }) => host).join(', ')
}
