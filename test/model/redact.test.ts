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

const SECRETS = ['p4ss "w\'o$r\\d` & <ü>', 'one line\nand a second one', 'short']

test.each([
  ['JSON', (secret: string) => JSON.stringify({ secret })],
  ['JSON in JSON', (secret: string) => JSON.stringify({ said: JSON.stringify({ secret }) })],
  ['a URL', (secret: string) => `https://x/?token=${encodeURIComponent(secret)}&a=b`],
  ['a form', (secret: string) => new URLSearchParams({ secret }).toString()],
  ['base64', (secret: string) => Buffer.from(secret).toString('base64')],
  ['base64 behind a byte', (secret: string) => Buffer.from(`x${secret}`).toString('base64')],
  ['base64 of user and password', (secret: string) => Buffer.from(`me:${secret}\n`).toString('base64url')],
  ['hex', (secret: string) => Buffer.from(secret).toString('hex')],
  ['single quotes', (secret: string) => `+ echo '${secret.replaceAll("'", "'\\''")}'`],
  ['double quotes', (secret: string) => `S="${secret.replace(/["\\$`]/g, '\\$&')}"`],
  [
    'a page',
    (secret: string) => secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;'),
  ],
])('a secret is found in %s too', (_, disguise) => {
  for (const secret of SECRETS) {
    const shown = redact(disguise(secret), SECRETS)
    expect(shown).toContain('***')
    // What is left of it is too little to be of use.
    const parts = disguise(secret).split(/[^A-Za-z0-9+/]+/)
    for (const part of parts.filter((one) => one.length > 8 && !disguise('').includes(one))) expect(shown).not.toContain(part)
  }
})

test('a secret that was cut or folded is found by its parts', () => {
  const secret = 'abcdefghijklmnopqrstuvwxyz0123456789'
  const folded = secret.replace(/.{10}/g, '$&\n')
  expect(redact(`it is ${folded} and so on`, [secret])).toBe('it is ***\n***\n***\n456789 and so on')
  expect(redact('...rstuvwxyz0123456789', [secret])).toBe('...rstuvwxyz0123456789')
  expect(redact('rstuvwxyz0123456789 was cut', [secret])).toBe('*** was cut')
  expect(redact('and this was abcdefghijkl', [secret])).toBe('and this was ***')
  expect(redact('abcdefg and 3456789', [secret])).toBe('abcdefg and 3456789')
  const long = 'x1'.repeat(90)
  const wrapped = Buffer.from(`a${long}`).toString('base64').replace(/.{76}/g, '$&\n')
  expect(redact(wrapped, [long]).replace(/[*\n]/g, '').length).toBeLessThan(8)
})
