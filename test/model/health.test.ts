import { describe, expect, test } from 'vitest'
import { parseHealth } from '../../src/model/health.ts'

const patience = { delay: 0, interval: 1, timeout: 30, settle: 3 }

test.each([
  [':4000/health', { port: 4000, path: '/health', host: 'localhost:4000' }],
  [':4000', { port: 4000, path: '/', host: 'localhost:4000' }],
  ['http://localhost:4000/health?full=1#top', { port: 4000, path: '/health?full=1', host: 'localhost:4000' }],
  ['http://127.0.0.1/up', { port: 80, path: '/up', host: '127.0.0.1' }],
  ['http://[::1]:4000/a b/ü', { port: 4000, path: '/a%20b/%C3%BC', host: '[::1]:4000' }],
  ['localhost:4000/health', { port: 4000, path: '/health', host: 'localhost:4000' }],
])('http %s', (http, asked) => {
  expect(parseHealth({ http })).toEqual({
    health: { kind: 'http', ...asked, expectStatus: null, expectBody: null, ...patience },
  })
})

test('a number is the status, a text is in the body', () => {
  expect(parseHealth({ http: ':1', expect: 204 })).toMatchObject({ health: { expectStatus: 204, expectBody: null } })
  expect(parseHealth({ http: ':1', expect: '204' })).toMatchObject({ health: { expectStatus: null, expectBody: '204' } })
})

test('a port, a command, and how patiently they are asked', () => {
  expect(parseHealth({ tcp: 4000, delay: '5s', timeout: '2m' })).toEqual({
    health: { kind: 'tcp', port: 4000, ...patience, delay: 5, timeout: 120 },
  })
  expect(parseHealth({ command: 'bin/app ping', interval: '2s', settle: '0s' })).toEqual({
    health: { kind: 'command', run: 'bin/app ping', ...patience, interval: 2, settle: 0 },
  })
})

describe('what cannot be meant is refused, with a hint', () => {
  const EXAMPLES = "':4000/health' or 'http://localhost:4000/health'"

  test.each([
    ['/health', '"/health" names no port', "write ':4000/health', with the port that the app listens on"],
    [':99999/', '":99999/" is not an address', `write ${EXAMPLES}`],
    [':0/', '":0/" has a port that is not a number from 1 to 65535', `write ${EXAMPLES}`],
    [
      'https://localhost/',
      '"https://localhost/" needs more than plain http',
      `ask the app's own port, such as ${EXAMPLES}, or write a command`,
    ],
    [
      'http://me:pw@localhost/',
      '"http://me:pw@localhost/" needs more than plain http',
      `ask the app's own port, such as ${EXAMPLES}, or write a command`,
    ],
    [
      'http://shop.example.com/health',
      '"http://shop.example.com/health" asks shop.example.com, and each host is asked by itself',
      `name the port that the app listens on there, such as ${EXAMPLES}, or write a command`,
    ],
  ])('http %s', (http, says, hint) => {
    expect(parseHealth({ http })).toEqual({ problems: [{ path: 'http', says, hint }] })
  })

  test('nothing, or two things', () => {
    expect(parseHealth({ timeout: '3s' })).toEqual({
      problems: [{ path: '', says: 'asks for nothing', hint: `write http: ${EXAMPLES}, tcp: 4000, or command` }],
    })
    expect(parseHealth({ http: ':1', tcp: 1 })).toEqual({
      problems: [{ path: '', says: 'names http and tcp', hint: 'one of them only: a command can ask for more' }],
    })
  })

  test('all that is wrong at once', () => {
    expect(parseHealth({ tcp: 1, expect: 200, delay: 'soon', settle: '3' })).toEqual({
      problems: [
        { path: 'expect', says: 'goes with http only', hint: 'leave it out, or let a command look at the answer' },
        { path: 'delay', says: 'is not a duration', hint: "write '30s' or '5m'" },
        { path: 'settle', says: 'is not a duration', hint: "write '30s' or '5m'" },
      ],
    })
  })

  test.each([
    ['', 'is empty', 'write a text that the body holds, or leave it out'],
    [100, '100 is not a status that an app answers with', 'write a number from 200 to 599, or a text that the body holds'],
    [200.5, '200.5 is not a status that an app answers with', 'write a number from 200 to 599, or a text that the body holds'],
  ])('expect %o', (expected, says, hint) => {
    expect(parseHealth({ http: ':1', expect: expected })).toEqual({ problems: [{ path: 'expect', says, hint }] })
  })
})
