import { expect, test } from 'vitest'
import { ReleaserError } from '../../src/model/errors.ts'
import { createDiscretion } from '../../src/ui/discretion.ts'

test('what is concealed shows in no text, whatever holds it', () => {
  const discretion = createDiscretion()
  expect(discretion.text('token tok-en-123')).toBe('token tok-en-123')
  discretion.conceal(['tok-en-123'])
  discretion.conceal(['a\tb\x1bc123'])
  expect(discretion.text('token tok-en-123')).toBe('token ***')
  expect(discretion.text('a b\\x1bc123')).toBe('***')
  expect(discretion.value({ lines: ['x tok-en-123'], deep: { n: 1, why: 'tok-en-123', none: null } })).toEqual({
    lines: ['x ***'],
    deep: { n: 1, why: '***', none: null },
  })
})

test('names that the configuration gave and ids stay, so that a script finds them', () => {
  const discretion = createDiscretion()
  discretion.conceal(['prod', '2026'])
  const event = { event: 'step', host: 'prod', release: '20261122101500-3f2a9c1d', detail: 'prod said 2026' }
  expect(discretion.value(event)).toEqual({ ...event, detail: '*** said ***' })
})

test('errors lose them in message, hint, result and every cause, and stay what they are', () => {
  const discretion = createDiscretion()
  discretion.conceal(['tok-en-123'])
  const root = new TypeError('bad tok-en-123')
  const cause = new ReleaserError('REMOTE_COMMAND', 'it said tok-en-123', { cause: root })
  const error = new ReleaserError('NOT_CHANGED', 'tok-en-123', {
    hint: 'not tok-en-123',
    cause,
    result: { hosts: [{ why: 'tok-en-123' }] },
  })
  const told = discretion.error(error)
  expect(told).toMatchObject({
    code: 'NOT_CHANGED',
    exitCode: 6,
    message: '***',
    hint: 'not ***',
    result: { hosts: [{ why: '***' }] },
  })
  expect(told.cause).toMatchObject({ name: 'ReleaserError', message: 'it said ***' })
  expect((told.cause as Error).cause).toMatchObject({ name: 'TypeError', message: 'bad ***' })
  expect(((told.cause as Error).cause as Error).stack).not.toContain('tok-en-123')
})
