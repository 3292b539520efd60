import { expect, test } from 'vitest'
import type { Progress } from '../../src/model/plan.ts'
import { advance, lines, newRow, type Row } from '../../src/ui/board.ts'

const wide = { columns: 100, most: 10 }

function step(host: string, step: string, state: 'start' | 'ok' | 'failed' | 'undone', detail?: string): Progress {
  return { event: 'step', host, step, state, ...(detail === undefined ? {} : { detail }) }
}

/** Plays events a second apart. */
function play(hosts: readonly string[], events: readonly Progress[]): Row[] {
  return events.reduce(
    (rows, event, second) => rows.map((row) => (row.host === event.host ? advance(row, event, second * 1000) : row)),
    hosts.map(newRow),
  )
}

function show(rows: readonly Row[], now: number, closed = false, size = wide): string[] {
  return lines(rows, now, size, closed).map(({ state, text }) => `${state}: ${text}`)
}

test('a row tells what its host is doing, and how far the transfer is', () => {
  const rows = play(
    ['web1', 'web10'],
    [
      step('web1', 'receive', 'start'),
      step('web1', 'send', 'start'),
      { event: 'progress', host: 'web1', step: 'send', done: 0, total: 9_400_000 },
      { event: 'progress', host: 'web1', step: 'send', done: 4_230_000, total: 9_400_000 },
    ],
  )
  expect(show(rows, 4000)).toEqual([
    'busy: web1   sending files  4.2 MB of 9.4 MB, 45%, 2.1 MB/s, 2.4 s left',
    'waiting: web10  waiting',
  ])
})

test('rows that went well say how long it took and what was sent', () => {
  const rows = play(
    ['web1', 'web2'],
    [
      step('web1', 'send', 'start'),
      { event: 'progress', host: 'web1', step: 'send', done: 18_211, total: 18_211 },
      step('web1', 'send', 'ok'),
      step('web1', 'confirm', 'start'),
      step('web1', 'confirm', 'ok'),
    ],
  )
  expect(show(rows, 9000, true)).toEqual(['ok: web1  done in 4.0 s, 18.2 kB sent', 'ok: web2  not touched'])
})

test('a failure stays in its row while the host takes back, and after', () => {
  const failed = play(
    ['web1'],
    [
      step('web1', 'activate', 'start'),
      step('web1', 'activate', 'ok'),
      step('web1', 'command', 'start', 'post-activate'),
      step('web1', 'command', 'failed', 'post-activate ended with exit code 1'),
      step('web1', 'undo', 'start'),
    ],
  )
  expect(show(failed, 5000)).toEqual([
    'failed: web1  failed while running a command: post-activate ended with exit code 1; taking back',
  ])
  const back = failed.map((row) =>
    advance(advance(row, step('web1', 'undo', 'ok'), 5000), step('web1', 'activate', 'undone'), 5000),
  )
  expect(show(back, 6000, true)).toEqual([
    'failed: web1  failed while running a command: post-activate ended with exit code 1; taken back',
  ])
})

test('a row that is closed in the middle of a step was stopped there', () => {
  expect(show(play(['web1'], [step('web1', 'command', 'start', 'pre-activate')]), 1000, true)).toEqual([
    'failed: web1  stopped while running a command pre-activate',
  ])
})

test('more hosts than lines: the telling ones, and a count of the rest', () => {
  const hosts = ['a', 'b', 'c', 'd', 'e', 'f']
  const rows = play(hosts, [
    step('c', 'connect', 'start'),
    step('e', 'connect', 'start'),
    step('f', 'connect', 'start'),
    step('e', 'connect', 'failed', 'no route'),
  ])
  expect(show(rows, 4000, false, { columns: 100, most: 3 })).toEqual([
    'failed: e  failed while connecting: no route',
    'busy: c  connecting',
    'busy: and 4 more: 1 at work, 3 waiting',
  ])
})

test('who is between two steps gives way to those at work', () => {
  const hosts = ['a', 'b', 'c', 'd', 'e']
  const rows = play(hosts, [
    ...hosts.flatMap((host) => [step(host, 'lock', 'start'), step(host, 'lock', 'ok')]),
    step('e', 'send', 'start'),
  ])
  expect(show(rows, 4000, false, { columns: 100, most: 2 })).toEqual(['busy: e  sending files', 'waiting: and 4 more: 4 waiting'])
})

test('no line is wider than the terminal, and none obeys what came from a host', () => {
  const rows = play(['web1'], [step('web1', 'command', 'failed', 'boom\u001b[2J\nsecond line')])
  expect(show(rows, 0, true)).toEqual(['failed: web1  failed while running a command: boom\\x1b[2J\\x0asecond line'])
  expect(show(rows, 0, true, { columns: 30, most: 5 })).toEqual(['failed: web1  failed while running a…'])
})
