import fc from 'fast-check'
import { expect, test } from 'vitest'
import { redact } from '../../src/model/redact.ts'

test('secrets become ***, wherever they stand', () => {
  expect(redact('DB=s3cr3t&again=s3cr3t', ['s3cr3t'])).toBe('DB=***&again=***')
  expect(redact('s3cr3ts3cr3t', ['s3cr3t'])).toBe('******')
  expect(redact('nothing here', ['s3cr3t'])).toBe('nothing here')
})

test('the longest wins, and what overlaps leaves no rest', () => {
  expect(redact('a long secret', ['secret', 'long secret'])).toBe('a ***')
  expect(redact('abcdef', ['abcd', 'cdef'])).toBe('***')
  expect(redact('xaaaaaaax', ['aaaa'])).toBe('x***x')
})

test('a secret of several lines is found line by line', () => {
  const key = '-----BEGIN KEY-----\r\n  c2VjcmV0\nbQ==\nx\n-----END KEY-----\n'
  expect(redact(`key: ${key}`, [key])).toBe('key: ***\n')
  expect(redact('read c2VjcmV0, then bQ== and x', [key])).toBe('read ***, then *** and x')
})

test('what is shorter than four characters stays, and is no pattern', () => {
  expect(redact('yes: 1.0 🚀🚀🚀', ['yes', '', '1', '🚀🚀🚀'])).toBe('yes: 1.0 🚀🚀🚀')
  expect(redact('abcd a.c*', ['a.c*'])).toBe('abcd ***')
})

test('nothing of a secret is left, and nothing else is taken', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 7 })
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', 'b', 'c', '\n'), maxLength: 60 }),
      fc.array(letters, { maxLength: 4 }),
      (text, secrets) => {
        const shown = redact(text, secrets)
        const wanted = secrets.filter((secret) => secret.length >= 4)
        for (const secret of wanted) expect(shown).not.toContain(secret)
        const hidden = Array.from(text, (_, at) =>
          wanted.some((secret) =>
            Array.from(secret, (_, back) => at - back).some((from) => from >= 0 && text.startsWith(secret, from)),
          ),
        )
        expect(shown.replaceAll('***', '')).toBe(Array.from(text, (letter, at) => (hidden[at] ? '' : letter)).join(''))
      },
    ),
    { numRuns: 2000 },
  )
})
