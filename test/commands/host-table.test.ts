import { expect, test } from 'vitest'
import { type HostRow, hostPicture, hostRows, hostTable } from '../../src/commands/host-table.ts'
import type { Plan } from '../../src/model/plan.ts'
import type { HostOutcome } from '../../src/rollout/host.ts'
import { width } from '../../src/ui/width.ts'
import { A, B, factsWith, HOST, onHost, TARGET } from '../support/facts.ts'
import { screen } from '../support/glances.ts'

const row = (host: string, rest: Partial<HostRow> = {}): HostRow => ({
  app: '',
  host,
  from: '1.3.0',
  to: '1.4.0',
  sentBytes: 1e6,
  durationMs: 4000,
  health: 'good',
  ...rest,
})
const web = (count: number): readonly HostRow[] =>
  Array.from({ length: count }, (_, index) => row(`web${String(index + 1).padStart(2, '0')}`, { durationMs: 4000 + index * 100 }))

test('a row a host: from, to, sent, time, health', () => {
  const rows = [row('web1'), row('web2', { durationMs: null, health: '-', sentBytes: 0 })]
  expect(`\n${hostTable(rows)}\n`).toBe(`
host  from   to       sent   time  health
web1  1.3.0  1.4.0  1.0 MB  4.0 s  good
web2  1.3.0  1.4.0     0 B      -  -
`)
  expect(hostPicture(rows, screen(80, { rows: 7 }))).toBe(hostTable(rows))
})

test('fifty hosts fit a screen: who ended alike shares a row', () => {
  const all = web(50).map((one) => (one.host === 'web17' ? { ...one, to: '1.3.0 (stays behind)', health: '-' as const } : one))
  expect(hostTable(all).split('\n').length).toBe(51)
  expect(hostPicture(all, screen(80, { rows: 55 }))).toBe(hostTable(all))
  expect(`\n${hostPicture(all, screen(80, { rows: 24 }))}\n`).toBe(`
  hosts                   number  from   to                    longest  health
  web[01:16], web[18:50]      49  1.3.0  1.4.0                   8.9 s  good
  web17                        1  1.3.0  1.3.0 (stays behind)    5.6 s  -
`)
})

test('hosts without an order in their names are cut to the width of the window', () => {
  const all = web(50).map((one, index) => ({ ...one, host: `${'kvwxyz'[index % 6]}${index * 7}` }))
  for (const columns of [60, 80, 200]) {
    const drawn = hostPicture(all, screen(columns, { rows: 24 })).split('\n')
    expect(drawn.length).toBe(2)
    expect(Math.max(...drawn.map(width))).toBeLessThanOrEqual(columns)
  }
})

test('health is told where the app was asked, and was well', () => {
  const outcome = (host: string, rest: Partial<HostOutcome> = {}): HostOutcome => ({
    target: 'prod',
    host,
    ok: true,
    changed: true,
    previous: A,
    current: B,
    sentBytes: 0,
    durationMs: 10,
    state: 'done',
    ...rest,
  })
  const { state } = factsWith([onHost(A), onHost(B)], [A, B])
  const plan = (host: string, steps: readonly unknown[]) => ({ target: 'prod', host, steps, next: state, bad: state }) as Plan
  const asked = [{ step: 'activate' }, { step: 'health' }]
  const outcomes = [
    outcome('well'),
    outcome('nobody asked'),
    outcome('ill', { ok: false, changed: false, current: A, state: 'undone' }),
    outcome('idle', { changed: false, state: 'idle' }),
    outcome('away', { ok: false, previous: null, current: null, state: 'skipped' }),
  ]
  const plans = [plan('well', asked), plan('nobody asked', [{ step: 'activate' }]), plan('ill', asked), plan('idle', [])]
  const rows = hostRows({ hosts: outcomes, plans }, [{ ...TARGET, hosts: [HOST] }])
  expect(rows.map(({ host, from, to, health, durationMs }) => [host, from, to, health, durationMs])).toEqual([
    ['well', 'v01', 'v02', 'good', 10],
    ['nobody asked', 'v01', 'v02', '-', 10],
    ['ill', 'v01', 'v01 (stays behind)', '-', 10],
    ['idle', 'v01', 'v02', '-', null],
    ['away', '-', 'left out', '-', null],
  ])
})
