import { describe, expect, test } from 'vitest'
import { parseHealth } from '../../src/model/health.ts'
import type { Facts } from '../../src/model/plan.ts'
import type { Target } from '../../src/model/target.ts'
import { type AppState, appState, elsewhere, lookAt, type Seen } from '../../src/tasks/app-state.ts'
import { A, B, factsWith, HOST, onHost, TARGET } from '../support/facts.ts'

const parsed = parseHealth({ http: ':4000/' })
const health = 'health' in parsed ? parsed.health : undefined
const [old, current] = [onHost(A, { version: '1.4.0' }), onHost(B, { version: '1.5.0' })]
const RUNS: Target = { ...TARGET, runner: { start: './server', version: './version' }, ...(health && { health }) }
const HERE: Partial<Facts> = { app: { pid: 42, dir: B } }

function stateOf(target: Target, facts: Partial<Facts>, seen: Partial<Seen>): AppState | null {
  const look = lookAt({ target, host: HOST, facts: factsWith([old, current], [A, B], facts) })
  return look && appState(look, { pid: null, version: null, health: null, ...seen })
}

const ill: Seen['health'] = {
  ok: false,
  why: 'GET / on port 4000 answered 500: the key is hush',
  bare: 'GET / on port 4000 answered 500',
}
const well: Partial<Seen> = { pid: 42, version: { said: 'shop 1.5.0' }, health: { ok: true } }

describe('how an app is', () => {
  test.each<[string, Target, Partial<Facts>, Partial<Seen>, AppState]>([
    ['well', RUNS, HERE, well, { app: { running: true, pid: 42, version: 'shop 1.5.0' }, healthy: true, problem: null }],
    [
      'down',
      RUNS,
      {},
      {},
      { app: { running: false, pid: null, version: null }, healthy: false, problem: 'the app does not run' },
    ],
    [
      'not healthy; what it said itself may be a secret',
      RUNS,
      HERE,
      { ...well, health: ill },
      { app: { running: true, pid: 42, version: 'shop 1.5.0' }, healthy: false, problem: 'GET / on port 4000 answered 500' },
    ],
    [
      'started from another release than the one that is current',
      RUNS,
      { app: { pid: 42, dir: A } },
      { pid: 42, health: { ok: true } },
      {
        app: { running: true, pid: 42, version: '1.4.0' },
        healthy: true,
        problem: `pid 42 runs from releases/${A}, not from current`,
      },
    ],
    [
      'another version than what is current',
      RUNS,
      HERE,
      { ...well, version: { said: '1.4.0' } },
      { app: { running: true, pid: 42, version: '1.4.0' }, healthy: true, problem: 'it says that it is 1.4.0, not 1.5.0' },
    ],
    [
      'without words',
      RUNS,
      HERE,
      { ...well, version: { failed: 'exit code 1' } },
      { app: { running: true, pid: 42, version: null }, healthy: true, problem: 'it does not say its version: exit code 1' },
    ],
    [
      'without a version command: the version of its release',
      { ...RUNS, runner: { start: './server' } },
      HERE,
      { ...well, version: null },
      { app: { running: true, pid: 42, version: '1.5.0' }, healthy: true, problem: null },
    ],
    ['not ours to run', { ...TARGET, runner: 'none' }, {}, {}, { app: null, healthy: null, problem: null }],
    [
      'not ours to run, and asked all the same',
      { ...RUNS, runner: 'none' },
      {},
      { health: ill },
      { app: null, healthy: false, problem: 'GET / on port 4000 answered 500' },
    ],
  ])('%s', (_, target, facts, seen, state) => {
    expect(stateOf(target, facts, seen)).toEqual(state)
  })
})

test('nobody is asked where nothing serves, or in a path of another target', () => {
  expect(stateOf(RUNS, { current: { kind: 'none' } }, {})).toBe(null)
  expect(() => stateOf(RUNS, { identity: { app: 'shop', target: 'other' } }, {})).toThrow('belongs to shop (target other)')
})

test('an OTP release says the version that it was made with, whatever it is called here', () => {
  const facts = factsWith([onHost(A, { version: 'blue', layout: 'mix/shop/1.4.0' })], [A], { app: { pid: 42, dir: A } })
  const look = lookAt({ target: TARGET, host: HOST, facts })
  if (look === null) throw new Error('it serves')
  expect(elsewhere(look)).toBe(null)
  const said = (version: string) => appState(look, { pid: 42, version: { said: version }, health: null }).problem
  expect(said('1.4.0')).toBe(null)
  expect(said('1.3.0')).toBe('it says that it is 1.3.0, not 1.4.0')
})
