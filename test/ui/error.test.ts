import { expect, test } from 'vitest'
import { ReleaserError } from '../../src/model/errors.ts'
import { errorText, warningText } from '../../src/ui/error.ts'
import { loadStyle, PLAIN, wantsColour } from '../../src/ui/style.ts'

const error = new ReleaserError('PARTIAL', 'hosts differ\nweb1: 1.4.0\nweb2: \u001b[2J', {
  hint: 'look: releaser status',
  cause: new ReleaserError('CONNECTION', 'web2 is gone'),
})

test('what happened, and what to type', () => {
  expect(errorText(error, PLAIN, false)).toBe(
    'releaser: error: hosts differ\n  web1: 1.4.0\n  web2: \\x1b[2J\nreleaser: hint: look: releaser status',
  )
})

test('verbose tells the causes', () => {
  expect(errorText(error, PLAIN, true)).toBe(
    'releaser: error: hosts differ\n  web1: 1.4.0\n  web2: \\x1b[2J\nreleaser: cause: web2 is gone\nreleaser: hint: look: releaser status',
  )
})

test('a bug shows its stack without being asked', () => {
  const cause = new TypeError('x is not a function')
  cause.stack = 'TypeError: x is not a function\n    at f (a.js:1:2)'
  expect(errorText(new ReleaserError('BUG', cause.message, { cause }), PLAIN, false)).toBe(
    'releaser: error: x is not a function\nreleaser: cause: TypeError: x is not a function\n      at f (a.js:1:2)',
  )
})

test('colours only around the label', async () => {
  expect(warningText('two files differ only in case', await loadStyle(true))).toBe(
    'releaser: \u001b[33mwarning:\u001b[39m two files differ only in case',
  )
})

test.each([
  ['a terminal', true, false, {}, true],
  ['a pipe', false, false, {}, false],
  ['a dumb terminal', true, false, { TERM: 'dumb' }, false],
  ['NO_COLOR', true, false, { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
  ['an empty NO_COLOR', true, false, { NO_COLOR: '' }, true],
  ['--no-color', true, true, { FORCE_COLOR: '1' }, false],
  ['FORCE_COLOR in a pipe', false, false, { FORCE_COLOR: '' }, true],
  ['FORCE_COLOR=0', true, false, { FORCE_COLOR: '0' }, false],
])('colours with %s: %#', (_, isTTY, noColor, env, wanted) => {
  expect(wantsColour(isTTY, noColor, env)).toBe(wanted)
})
