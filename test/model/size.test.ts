import { expect, test } from 'vitest'
import { bytesOf, count, size } from '../../src/model/size.ts'

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [9_437_184, '9.4 MB'],
  [99_940, '99.9 kB'],
  [99_950, '100 kB'],
  [999_400, '999 kB'],
  [999_600, '1.0 MB'],
  [120_000_000_000, '120 GB'],
  [5e15, '5000 TB'],
])('%d bytes are %s', (bytes, text) => {
  expect(size(bytes)).toBe(text)
})

test.each([
  [0, '0 files'],
  [1, '1 file'],
  [4123, '4,123 files'],
  [1_234_567, '1,234,567 files'],
])('%d counts %s', (number, text) => {
  expect(count(number, 'file')).toBe(text)
})

test.each([
  ['500MB', 500_000_000],
  ['1.5 GB', 1_500_000_000],
  ['20B', 20],
  ['2g', undefined],
  ['MB', undefined],
  ['-1GB', undefined],
  ['', undefined],
])('%s is so many bytes: %j', (text, bytes) => {
  expect(bytesOf(text)).toBe(bytes)
})
