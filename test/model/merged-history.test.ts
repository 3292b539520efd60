import { expect, test } from 'vitest'
import { type Entry, mergedHistory } from '../../src/model/merged-history.ts'
import { ENTRY } from '../support/facts.ts'

const entry = (host: string, rest: Partial<Entry> = {}): Entry => ({ ...ENTRY, host, ...rest })

const many = (count: number, rest: Partial<Entry> = {}) =>
  Array.from({ length: count }, (_, index) => entry(`web${index + 1}`, rest))

test('a rollout is one entry: all its hosts, when the last had ended, what the slowest took', () => {
  const late = entry('web3', { at: '2026-10-20T12:00:09.000Z', durationMs: 9000 })
  const merged = mergedHistory([late, entry('web1'), entry('web2')])
  expect(merged).toEqual([entry('web[1:3]', { at: late.at, durationMs: 9000 })])
})

test('who did not go along is told, with why', () => {
  const all = many(8).map((one) =>
    one.host === 'web3'
      ? { ...one, ok: false, result: 'taken back: the app is not healthy' }
      : ['web7', 'web8'].includes(one.host)
        ? { ...one, ok: false, result: 'unchanged: back' }
        : one,
  )
  expect(mergedHistory(all)).toEqual([
    entry('web[1:8]', {
      ok: false,
      result: '5 ok; web3 taken back: the app is not healthy; web7, web8 unchanged',
    }),
  ])
  const none = many(3, { ok: false, result: 'unchanged: back' })
  expect(mergedHistory(none)).toEqual([entry('web[1:3]', { ok: false, result: 'web[1:3] unchanged' })])
})

test('too many names become a number', () => {
  const names = ['amber', 'birch', 'cedar', 'dogwood', 'elm']
  expect(mergedHistory(names.map((name) => entry(name)))).toEqual([entry('5 hosts')])
})

test('another rollout, and another release of the same one, are others; one host stays as it is', () => {
  const entries = [
    entry('web1', { rollout: 'c', ok: false, result: 'unchanged: x: back' }),
    entry('web1', { rollout: 'b' }),
    entry('web2', { rollout: 'b' }),
    entry('web1'),
    entry('web1', { release: null, action: 'unlock' }),
    entry('eu1', { target: 'eu' }),
  ]
  expect(mergedHistory(entries)).toEqual([
    entry('web1', { rollout: 'c', ok: false, result: 'unchanged: x' }),
    entry('web1, web2', { rollout: 'b' }),
    entry('eu1, web1', { target: 'prod,eu' }),
    entry('web1', { release: null, action: 'unlock' }),
  ])
})
