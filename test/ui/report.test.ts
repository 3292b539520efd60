import { expect, test } from 'vitest'
import type { Progress } from '../../src/model/plan.ts'
import { createReport, type Show } from '../../src/ui/report.ts'

const NORMAL: Show = { steps: true, output: false }
const VERBOSE: Show = { steps: true, output: true }
const QUIET: Show = { steps: false, output: false }

/** Plays events, each so many milliseconds after the start. */
function play(show: Show, events: readonly (readonly [number, Progress])[]): string[] {
  const report = createReport()
  return events.flatMap(([at, event]) => report(event, show, at))
}

const step = (host: string | null, step: string, state: 'start' | 'ok' | 'failed' | 'undone', detail?: string): Progress => ({
  event: 'step',
  host,
  step,
  state,
  ...(detail === undefined ? {} : { detail }),
})
const output = (line: string): Progress => ({ event: 'output', host: 'web1', step: 'command', line })
const sent = (done: number): Progress => ({ event: 'progress', host: 'web1', step: 'send', done, total: 10_000_000 })

test('a line for each finished step, headed by its host', () => {
  expect(
    play(NORMAL, [
      [0, step(null, 'build', 'start')],
      [2300, step(null, 'build', 'ok')],
      [2300, step('web1', 'connect', 'start')],
      [2400, step('web1', 'connect', 'ok')],
      [2400, { event: 'note', host: 'web1', message: 'the first deploy here' }],
      [2400, step('web1', 'pre-activate', 'start')],
      [2500, step('web1', 'pre-activate', 'ok')],
      [2600, step('web1', 'link', 'ok', '2 of shared')],
    ]),
  ).toEqual([
    'built in 2.3 s',
    'web1: connected',
    'web1: the first deploy here',
    'web1: pre-activate run',
    'web1: shared linked: 2 of shared',
  ])
})

test('what is routine is silent unless it takes its time, and what the error tells is told once', () => {
  const events = [
    [0, step(null, 'build', 'start')],
    [0, { event: 'output', host: null, step: 'build', line: 'no luck' }],
    [900, step(null, 'build', 'ok')],
    [900, step('web1', 'facts', 'start')],
    [2100, step('web1', 'facts', 'ok')],
    [2100, step('web2', 'connect', 'failed')],
    [2200, step('web1', 'send', 'ok', '3 files sent, 4,965 reused')],
  ] as const satisfies Parameters<typeof play>[1]
  expect(play(NORMAL, events)).toEqual(['web1: facts read in 1.2 s', 'web1: 3 files sent, 4,965 reused'])
  expect(play(VERBOSE, events)).toEqual([
    '| no luck',
    'built',
    'web1: facts read in 1.2 s',
    'web2: failed while connecting',
    'web1: 3 files sent, 4,965 reused',
  ])
})

test('how far a transfer is, every few seconds', () => {
  expect(
    play(NORMAL, [
      [0, step('web1', 'send', 'start')],
      [0, sent(0)],
      [1000, sent(1_000_000)],
      [5000, sent(5_000_000)],
      [6000, sent(6_000_000)],
      [10_000, sent(10_000_000)],
      [16_000, sent(10_000_000)],
      [16_000, step('web1', 'send', 'ok')],
    ]),
  ).toEqual([
    'web1: sending files  5.0 MB of 10.0 MB, 50%, 1.0 MB/s, 5.0 s left',
    'web1: sending files  10.0 MB of 10.0 MB, 100%, 1.0 MB/s',
    'web1: files sent in 16 s',
  ])
})

const failing: readonly (readonly [number, Progress])[] = [
  [0, step('web1', 'command', 'start', 'post-activate')],
  ...Array.from({ length: 25 }, (_, index) => [0, output(`line ${index + 1}\u001b[0m`)] as const),
  [0, step('web1', 'command', 'failed', 'post-activate ended with exit code 3')],
  [0, step('web1', 'activate', 'undone')],
  [0, step('web1', 'undo', 'undone', 'current is 1.3.9 again')],
]
const tail = Array.from({ length: 20 }, (_, index) => `web1: | line ${index + 6}\\x1b[0m`)

test('the last 20 lines of a step that failed', () => {
  expect(play(NORMAL, failing)).toEqual([
    'web1: failed while running a command: post-activate ended with exit code 3',
    ...tail,
    'web1: taken back: current switched',
    'web1: taken back: current is 1.3.9 again',
  ])
})

test('quiet: the last lines of a failed step only', () => {
  expect(play(QUIET, failing)).toEqual(tail)
})

test('verbose: every line when it comes, and none again', () => {
  const lines = play(VERBOSE, failing)
  expect(lines.slice(0, 2)).toEqual(['web1: | line 1\\x1b[0m', 'web1: | line 2\\x1b[0m'])
  expect(lines.slice(25)).toEqual([
    'web1: failed while running a command: post-activate ended with exit code 3',
    'web1: taken back: current switched',
    'web1: taken back: current is 1.3.9 again',
  ])
})
