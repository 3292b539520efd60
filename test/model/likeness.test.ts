import { expect, test } from 'vitest'
import { likeness } from '../../src/model/likeness.ts'

const best = (typed: string, texts: readonly string[]) =>
  texts
    .flatMap((text) => {
      const worth = likeness(typed, text)
      return worth === undefined ? [] : [{ text, worth }]
    })
    .sort((a, b) => b.worth - a.worth)
    .map(({ text }) => text)

test('what stands there as it is goes before letters with gaps, and the start of a word before its middle', () => {
  expect(best('rod', ['rxoxd', 'a rod', 'prod', 'other'])).toEqual(['a rod', 'prod', 'rxoxd'])
})

test('each word has to fit, in any order and case', () => {
  expect(best('PROD 1.4', ['1.4.0 prod', '1.5.0 prod', '1.4.0 staging'])).toEqual(['1.4.0 prod'])
})

test('letters far from each other are no match', () => {
  expect(likeness('conect', '1.0.0 built 2 h ago, live on prod; cookie set')).toBeUndefined()
})

test('signs that mean something elsewhere are letters here', () => {
  expect(likeness('(', 'a (b)')).toBeGreaterThan(0)
  expect(likeness('.*', 'abc')).toBeUndefined()
})
