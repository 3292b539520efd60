import { expect, test } from 'vitest'
import { ago, span } from '../../src/ui/time.ts'

const now = new Date('2026-11-20T12:00:00Z')

test.each([
  [-30, 'just now'],
  [9, 'just now'],
  [10, '10 s ago'],
  [180, '3 min ago'],
  [7200, '2 h ago'],
  [172_799, '47 h ago'],
  [172_800, '2 days ago'],
  [86_400 * 60, '2026-09-21'],
])('%d seconds are %s', (seconds, text) => {
  expect(ago(new Date(now.getTime() - seconds * 1000), now)).toBe(text)
})

test.each([
  [-5, '0.0 s'],
  [420, '0.4 s'],
  [9949, '9.9 s'],
  [9950, '10 s'],
  [185_000, '3 min 5 s'],
  [7_800_000, '2 h 10 min'],
])('%d ms span %s', (milliseconds, text) => {
  expect(span(milliseconds)).toBe(text)
})
