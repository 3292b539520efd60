import { expect, test } from 'vitest'
import { ReleaserError } from '../../src/model/errors.ts'
import { createJsonEvents, errorLine, resultLine } from '../../src/ui/json.ts'

test('steps and progress as the contract writes them', () => {
  const events = createJsonEvents(false)
  expect([
    ...events({ event: 'step', host: 'web1', step: 'activate', state: 'start' }, 0),
    ...events({ event: 'progress', host: 'web1', step: 'send', done: 1_048_576, total: 9_437_184 }, 1000),
    ...events({ event: 'progress', host: 'web1', step: 'send', done: 2_000_000, total: 9_437_184 }, 1100),
    ...events({ event: 'progress', host: 'web1', step: 'send', done: 9_437_184, total: 9_437_184 }, 1200),
    ...events({ event: 'output', host: 'web1', step: 'command', line: 'x' }, 1300),
    ...events({ event: 'note', host: null, message: 'hello' }, 1300),
  ]).toEqual([
    '{"event":"step","host":"web1","step":"activate","state":"start"}',
    '{"event":"progress","host":"web1","step":"send","done":1048576,"total":9437184}',
    '{"event":"progress","host":"web1","step":"send","done":9437184,"total":9437184}',
    '{"event":"note","host":null,"message":"hello"}',
  ])
})

test('output where it is asked for', () => {
  expect(createJsonEvents(true)({ event: 'output', host: null, step: 'build', line: 'a\u009b1m' }, 0)).toEqual([
    '{"event":"output","host":null,"step":"build","line":"a\\u009b1m"}',
  ])
})

test('the result, and the error with what the result would have held', () => {
  expect(resultLine('deploy', 0, { target: 'prod', hosts: [] })).toBe(
    '{"event":"result","command":"deploy","ok":true,"exit":0,"target":"prod","hosts":[]}',
  )
  const error = new ReleaserError('ROLLED_BACK', 'web1 did not get healthy', {
    hint: 'see releaser logs',
    result: { hosts: ['web1'] },
  })
  expect(errorLine('deploy', error)).toBe(
    '{"event":"error","command":"deploy","ok":false,"exit":7,"code":"ROLLED_BACK","message":"web1 did not get healthy","hint":"see releaser logs","hosts":["web1"]}',
  )
  expect(errorLine('show', new ReleaserError('NOT_FOUND', 'no release'))).toBe(
    '{"event":"error","command":"show","ok":false,"exit":9,"code":"NOT_FOUND","message":"no release","hint":null}',
  )
})
