import fc from 'fast-check'
import { expect, test } from 'vitest'
import { foldNames } from '../../src/model/fold-names.ts'
import { expandRanges } from '../../src/model/host-range.ts'

test.each<readonly [string, string]>([
  ['', ''],
  ['web', 'web'],
  ['web01 web02 web03 db1', 'web[01:03], db1'],
  ['db1 web1 web2', 'db1, web1, web2'],
  ['web3 web1 web2 web1', 'web[1:3]'],
  ['web8 web9 web10', 'web[8:10]'],
  ['web08 web09 web10', 'web[08:10]'],
  ['web8 web09 web10 web11', 'web8, web[09:11]'],
  ['web1 web2 web3 web5 web7 web8 web9', 'web[1:3], web5, web[7:9]'],
  ['web1.eu1 web2.eu1 web3.eu1 web1.eu2', 'web[1:3].eu1, web1.eu2'],
  ['r1-n1 r1-n2 r1-n3 r2-n1 r2-n2 r2-n3', 'r1-n[1:3], r2-n[1:3]'],
  ['10.0.0.7 10.0.0.8 10.0.0.9 10.0.1.1', '10.0.0.[7:9], 10.0.1.1'],
  ['a1:2222 a2:2222 a3:2222', 'a[1:3]:2222'],
  ['host99999999999 host99999999998 host99999999997', 'host99999999999, host99999999998, host99999999997'],
])('%j reads %j', (names, folded) => {
  expect(foldNames(names.split(' '))).toBe(folded)
})

test('more than one word may mean are two words', () => {
  const names = Array.from({ length: 1003 }, (_, index) => `n${index + 1}`)
  expect(foldNames(names)).toBe('n[1:1000], n[1001:1003]')
})

test('what it says means the same names again, whatever they are', () => {
  const name = fc
    .array(
      fc.oneof(
        fc.constantFrom('web', 'db', '-', '.', 'r'),
        fc.nat(12).map(String),
        fc.nat(12).map((n) => String(n).padStart(2, '0')),
      ),
      {
        minLength: 1,
        maxLength: 4,
      },
    )
    .map((parts) => parts.join(''))
  fc.assert(
    fc.property(fc.array(name, { maxLength: 40 }), (names) => {
      const folded = foldNames(names)
      const meant = folded === '' ? [] : folded.split(', ').flatMap((word) => expandRanges(word) as readonly string[])
      expect(meant.toSorted()).toEqual([...new Set(names)].toSorted())
    }),
  )
})
