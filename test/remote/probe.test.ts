import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { HttpCheck, ProbeResult } from '../../src/model/health.ts'
import { probe } from '../../src/remote/probe.ts'
import { type App, freePort, httpApp, tcpApp } from '../support/apps.ts'
import { until } from '../support/until.ts'
import { overSshd, WAYS, type Way } from '../support/ways.ts'

let app: App
const apps: App[] = []
const ways: Way[] = []

beforeAll(async () => {
  app = await httpApp()
  apps.push(app)
})
afterAll(async () => {
  await Promise.all(ways.map((way) => way.end()))
  await Promise.all(apps.map((one) => one.close()))
})

/** Port 0 stands for the app's. */
function http(path: string, extra: Partial<HttpCheck> = {}): HttpCheck {
  return { kind: 'http', port: 0, path, host: 'localhost', expectStatus: null, expectBody: null, ...extra }
}

describe.each(Object.entries(WAYS))('over %s', (_, open) => {
  let way: Way
  beforeAll(async () => {
    way = await open()
    ways.push(way)
  })
  /** What came of it, with the port left out of the words, as another one is free each time. */
  const ask = async (check: HttpCheck, seconds = 5): Promise<ProbeResult> => {
    const port = check.port || app.port
    const result = await probe(way.remote, { ...check, port }, seconds)
    if (result.ok) return result
    const { bare, ...rest } = result
    // What the app said itself comes last.
    if (bare !== undefined) expect(result.why.slice(0, bare.length + 2)).toBe(`${bare}: `)
    return { ...rest, why: result.why.replaceAll(String(port), 'N') }
  }
  const no = (why: string) => ({ ok: false, why })

  test.each([
    [http('/ok')],
    [http('/ok', { expectBody: 'is well' })],
    [http('/ok', { expectStatus: 200 })],
    [http('/empty')],
    [http('/away')],
    [http('/away', { expectStatus: 302 })],
    [http('/500', { expectStatus: 500 })],
    [http('/missing', { expectStatus: 404 })],
    [http('/headers', { host: 'localhost:81', expectBody: 'localhost:81 releaser' })],
    [http('/query?a=b%20c&d', { expectBody: '/query?a=b%20c&d' })],
    // What is known already is not waited for.
    [http('/hangs-in-body')],
    [http('/hangs-in-body', { expectBody: 'first' })],
    [http('/huge')],
    [http('/trickles', { expectBody: '...' })],
  ])('%o is healthy', async (check) => {
    const since = performance.now()
    expect(await ask(check)).toEqual({ ok: true })
    expect(performance.now() - since).toBeLessThan(3000)
  })

  test.each([
    [http('/500'), 'GET /500 on port N answered 500, not 200-399: the database is gone'],
    [http('/missing?token=secret'), 'GET /missing on port N answered 404, not 200-399: no such page'],
    [http('/ok', { expectStatus: 204 }), 'GET /ok on port N answered 200, not 204: all is well'],
    [http('/empty', { expectBody: 'a' }), 'GET /empty on port N answered 204 without "a" in its body'],
    [http('/ok', { expectBody: 'il' }), 'GET /ok on port N answered 200 without "il" in its body: all is well'],
    [
      http('/huge', { expectBody: 'y' }),
      `GET /huge on port N answered 200 without "y" in the first 64 kB of its body: ${'x'.repeat(120)}`,
    ],
    [
      http('/breaks-off', { expectBody: 'y' }),
      'GET /breaks-off on port N answered 200 without "y" in its body, which broke off: half',
    ],
    [http('/closes'), 'GET /closes on port N: the connection was closed without an answer'],
  ])('%o is not: %s', async (check, why) => {
    expect(await ask(check)).toEqual(no(why))
  })

  test.each([
    [http('/hangs'), 'GET /hangs on port N: no answer within 0.3 s'],
    [
      http('/hangs-in-body', { expectBody: 'y' }),
      'GET /hangs-in-body on port N answered 200 without "y" in what came of its body within 0.3 s: first line',
    ],
    [
      http('/trickles', { expectBody: 'y' }),
      expect.stringMatching(/^GET \/trickles on port N answered 200 without "y" in what came of its body within 0.3 s: [.]+$/),
    ],
  ])('%o takes too long: %s', async (check, why) => {
    const since = performance.now()
    expect(await ask(check, 0.3)).toEqual(no(why))
    expect(performance.now() - since).toBeLessThan(2000)
  })

  test.each([
    ['closes at once', (socket: NodeJS.WritableStream) => socket.end(), 'the connection was closed without an answer'],
    ['speaks first', (socket: NodeJS.WritableStream) => socket.end('SSH-2.0-Test\r\n'), 'what answers is not HTTP: SSH-2.0-Test'],
    [
      'speaks TLS',
      (socket: NodeJS.WritableStream) => socket.end('\x15\x03\x01\x00\x02\x02\x46'),
      'TLS is spoken there, not plain HTTP',
    ],
    [
      'breaks off in its head',
      (socket: NodeJS.WritableStream) => socket.end('HTTP/1.1 200 OK\r\nA: b'),
      'the connection was closed without an answer',
    ],
  ])('what %s is no app', async (_, meet, why) => {
    const other = await tcpApp(meet)
    apps.push(other)
    expect(await ask(http('/', { port: other.port }))).toEqual(no(`GET / on port N: ${why}`))
  })

  test('nobody listens on the wrong port', async () => {
    const port = await freePort()
    expect(await ask(http('/ok', { port }))).toEqual(no('nobody listens on port N'))
    expect(await probe(way.remote, { kind: 'tcp', port }, 5)).toEqual(no(`nobody listens on port ${port}`))
  })

  test('an app on ::1 alone is healthy too', async () => {
    const six = await httpApp('::1')
    apps.push(six)
    expect(await ask(http('/ok', { port: six.port, expectBody: 'well' }))).toEqual({ ok: true })
    expect(await probe(way.remote, { kind: 'tcp', port: six.port }, 5)).toEqual({ ok: true })
  })

  test('nothing is left open, however often it is asked', async () => {
    const paths = ['/ok', '/huge', '/500', '/trickles', '/away']
    for (let round = 0; round < 20; round++) await Promise.all(paths.map((path) => ask(http(path))))
    await until(async () => app.open() === 0)
  })

  test('a line that is lost says nothing about the app', async () => {
    const own = await open()
    ways.push(own)
    const asking = probe(own.remote, http('/hangs', { port: app.port }), 20)
    const failed = expect(asking).rejects.toMatchObject({ code: 'CONNECTION', message: expect.stringContaining('line') })
    await until(async () => app.open() === 1)
    await own.lose()
    await failed
  })
})

test('where sshd lets nobody through, that is told', async () => {
  const way = await overSshd({ sshdConfig: ['AllowTcpForwarding no'] })
  ways.push(way)
  expect(await probe(way.remote, http('/ok', { port: app.port }), 5)).toEqual({
    ok: false,
    why: `sshd lets nobody through to port ${app.port} (AllowTcpForwarding, PermitOpen)`,
    forbidden: true,
  })
})
