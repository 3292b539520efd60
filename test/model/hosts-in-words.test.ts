import { expect, test } from 'vitest'
import { hostsInWords } from '../../src/model/hosts-in-words.ts'

const of = (target: string, ...names: readonly string[]) => names.map((host) => ({ target, host }))
const many = (count: number, name: (index: number) => string) => Array.from({ length: count }, (_, index) => name(index))

test.each([
  [of('prod', 'web1'), '1 host of prod: web1'],
  [of('prod', 'web1', 'db1', 'web2', 'web3'), '4 hosts of prod: web[1:3], db1'],
  [of('prod', ...many(50, (index) => `web${String(index + 1).padStart(2, '0')}`)), '50 hosts of prod: web[01:50]'],
  [[...of('eu', 'web1', 'web2'), ...of('us', 'web1')], '2 hosts of eu: web1, web2; 1 host of us: web1'],
  // Names that no range takes together.
  [of('prod', ...'abcdefgh'), '8 hosts of prod: a, b, c, d, e, f, g, h'],
  [of('prod', ...'abcdefghi'), '9 hosts of prod: a, b, c, d, e, ..., i'],
])('%#', (hosts, words) => {
  expect(hostsInWords(hosts)).toBe(words)
})
