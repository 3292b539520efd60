import { expect, test } from 'vitest'
import { atOnce, parseStrategy, type Strategy, type WrittenStrategy, wavesOf } from '../../src/model/strategy.ts'

function targetOf(name: string, written: WrittenStrategy | undefined) {
  const strategy = written && parseStrategy(written)
  if (strategy && 'says' in strategy) throw new Error(strategy.says)
  return { name, ...(strategy && { strategy }) }
}

/** So many hosts of a target with this strategy: `a1`, `a2`, … */
function hostsOf(name: string, many: number, written?: WrittenStrategy) {
  const target = targetOf(name, written)
  return Array.from({ length: many }, (_, index) => ({ name: `${name}${index + 1}`, target }))
}

const inWords = (hosts: readonly { readonly name: string; readonly target: { name: string; strategy?: Strategy } }[]): string =>
  wavesOf(hosts)
    .map((wave) => `${wave.canary ? 'canary ' : ''}${wave.hosts.map(({ name }) => name).join(' ')}`)
    .join(' | ')

test.each<readonly [number, WrittenStrategy | undefined, string]>([
  [3, undefined, 'a1 | a2 | a3'],
  [3, {}, 'a1 | a2 | a3'],
  [5, { batch: 2 }, 'a1 a2 | a3 a4 | a5'],
  [5, { batch: 9 }, 'a1 a2 a3 a4 a5'],
  [5, { batch: '50%' }, 'a1 a2 a3 | a4 a5'],
  [5, { batch: '1%' }, 'a1 | a2 | a3 | a4 | a5'],
  [5, { batch: '100%' }, 'a1 a2 a3 a4 a5'],
  [5, { batch: 2, canary: 1 }, 'canary a1 | a2 a3 | a4 a5'],
  [6, { batch: '50%', canary: 2 }, 'canary a1 a2 | a3 a4 a5 | a6'],
  [2, { batch: 5, canary: 9 }, 'canary a1 a2'],
  [0, { canary: 1 }, ''],
])('%i hosts with %o go as %s', (many, strategy, waves) => {
  expect(inWords(hostsOf('a', many, strategy))).toBe(waves)
})

test('each target has its own waves, and is finished before the next begins', () => {
  const [a, b] = [hostsOf('a', 3, { batch: 2 }), hostsOf('b', 3, { canary: 1, batch: 5 })]
  expect(inWords([...a, ...b])).toBe('a1 a2 | a3 | canary b1 | b2 b3')
  expect(inWords([...b, ...a])).toBe('canary b1 | b2 b3 | a1 a2 | a3')
})

test('hosts hold out as long as their target says', () => {
  const hosts = [...hostsOf('a', 1, { pause: '2m' }), ...hostsOf('b', 1)]
  expect(wavesOf(hosts).map(({ pauseSeconds }) => pauseSeconds)).toEqual([120, 0])
})

test.each(['0%', '-5%', '101%', 'NaN%'] as const)('%s is no part of hosts', (batch) => {
  expect(parseStrategy({ batch: batch as `${number}%` })).toEqual({
    path: 'batch',
    says: `"${batch}" is not a part from 1% to 100%`,
  })
})

test('the narrowest target says how many hosts may be worked on at once', () => {
  expect(atOnce(hostsOf('a', 3), 8)).toBe(8)
  expect(atOnce([...hostsOf('a', 3), ...hostsOf('b', 1, { parallel: 2 })], 8)).toBe(2)
  expect(atOnce(hostsOf('a', 3, { parallel: 20 }), 8)).toBe(20)
})
