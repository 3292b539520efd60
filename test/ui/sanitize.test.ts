import { expect, test } from 'vitest'
import { manyLines, oneLine, safeJson } from '../../src/ui/sanitize.ts'

test('escape sequences from outside are shown, not obeyed', () => {
  expect(oneLine('\u001b[2J\u001b]0;title\u0007 ok\r\n\t\u009b31m \u202egnp')).toBe(
    '\\x1b[2J\\x1b]0;title\\x07 ok\\x0d\\x0a \\x9b31m \\u202egnp',
  )
})

test('lines and tabs stay where several lines are wanted', () => {
  expect(manyLines('a\tb\r\nc\rd\u001b[0m')).toBe('a\tb\nc\\x0dd\\x1b[0m')
})

test('names in other scripts stay as they are', () => {
  expect(oneLine('größe 漢字 😀 é')).toBe('größe 漢字 😀 é')
})

test('JSON says the same and holds nothing a terminal obeys', () => {
  const value = { name: 'a\u009b31m\u202e\u001b\u2028"\\' }
  const text = safeJson(value)
  expect(text).toBe('{"name":"a\\u009b31m\\u202e\\u001b\\u2028\\"\\\\"}')
  expect(JSON.parse(text)).toEqual(value)
})
