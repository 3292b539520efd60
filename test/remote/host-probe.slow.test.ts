import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, unlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { HttpCheck, PortCheck } from '../../src/model/health.ts'
import { hostProbe } from '../../src/remote/host-probe.ts'
import { type App, freePort, httpApp, tcpApp } from '../support/apps.ts'
import { pathOf, SHELLS } from '../support/shells.ts'
import { until } from '../support/until.ts'

const dir = mkdtempSync(join(tmpdir(), 'releaser-probe-'))
const apps: App[] = []
let app: App
let six: App
let nobody: number
let closes: App
let alien: App

beforeAll(async () => {
  ;[app, six, nobody, closes, alien] = await Promise.all([
    httpApp(),
    httpApp('::1'),
    freePort(),
    tcpApp((socket) => socket.end()),
    tcpApp((socket) => socket.end('SSH-2.0-Test\r\n')),
  ])
  apps.push(app, six, closes, alien)
})
afterAll(async () => {
  await Promise.all(apps.map((one) => one.close()))
  rmSync(dir, { recursive: true })
})

/** What may be there to ask with; `busybox` stands for its wget. */
const TOOLS = ['curl', 'bash', 'wget', 'busybox'] as const
type Tool = (typeof TOOLS)[number] | 'none'

/** A PATH with one shell and one tool, beside what every host has. */
function hostWith(shell: (typeof SHELLS)[number], tool: Tool): string {
  const place = mkdtempSync(join(dir, 'bin-'))
  pathOf(shell, place)
  if (shell === 'busybox') unlinkSync(join(place, 'wget'))
  else for (const name of ['sleep', 'head', 'cat', 'awk', 'printf']) symlinkSync(which(name), join(place, name))
  if (tool !== 'none') symlinkSync(which(tool), join(place, tool === 'busybox' ? 'wget' : tool))
  return place
}

function which(name: string): string {
  return execFileSync('which', [name], { encoding: 'utf8' }).trim()
}

/** What the script says on such a host, with the port left out of the words; empty where all is well. */
async function ask(path: string, check: PortCheck, seconds = 5): Promise<string> {
  const env = { PATH: path, http_proxy: 'http://127.0.0.1:1', LANG: 'C.UTF-8' }
  const running = promisify(execFile)(join(path, 'sh'), ['-c', hostProbe(check, seconds)], { env, cwd: dir })
  running.child.stdin?.end()
  const ended = await running.then(
    ({ stdout }) => ({ code: 0, stdout }),
    (error: { code: number; stdout: string }) => error,
  )
  expect(ended.code).toBe(ended.stdout === '' ? 0 : 1)
  return ended.stdout.replaceAll(String(check.port), 'N')
}

function http(path: string, extra: Partial<HttpCheck> = {}): HttpCheck {
  return { kind: 'http', port: app.port, path, host: 'localhost', expectStatus: null, expectBody: null, ...extra }
}

describe.each(SHELLS.flatMap((shell) => TOOLS.map((tool) => [shell, tool] as const)))('in %s with %s', (shell, tool) => {
  let path: string
  beforeAll(() => {
    path = hostWith(shell, tool)
  })
  const wget = tool === 'wget' || tool === 'busybox'
  // GNU's says nothing at all where it gets no answer. Busybox's shell takes its own wget first.
  const silent = tool === 'wget' && shell !== 'busybox'

  test('an app that is healthy is', async () => {
    const healthy = [
      http('/ok'),
      http('/ok', { expectBody: 'all is well' }),
      http('/ok', { expectStatus: 200 }),
      http('/empty'),
      http('/away', { expectStatus: 302 }),
      http('/500', { expectStatus: 500 }),
      http('/headers', { host: 'localhost:81', expectBody: 'localhost:81 releaser' }),
      http("/query?a=$(id)&b='%20", { expectBody: "/query?a=$(id)&b='%20" }),
      http('/ok', { port: six.port }),
    ]
    expect(await Promise.all(healthy.map((check) => ask(path, check)))).toEqual(healthy.map(() => ''))
  })

  test('one that is not is told from others that are not', async () => {
    const said = await Promise.all([
      ask(path, http('/500')),
      ask(path, http('/missing?token=secret')),
      ask(path, http('/ok', { expectStatus: 204 })),
      ask(path, http('/ok', { expectBody: 'a"$(id)*' })),
      ask(path, http('/huge', { expectBody: 'y' })),
      ask(path, http('/closes')),
      ask(path, http('/', { port: closes.port })),
      ask(path, http('/', { port: alien.port })),
      ask(path, http('/', { port: nobody })),
      ask(path, http('/hangs'), 1),
      ask(path, http('/trickles', { expectBody: 'y' }), 1),
    ])
    const closed = silent
      ? 'nobody listens there, or the connection was closed without an answer'
      : 'the connection was closed without an answer'
    expect(said).toEqual(
      // Of an answer that is an error no wget shows the body.
      [
        `GET /500 on port N answered 500, not 200-399${wget ? '' : ': the database is gone'}`,
        `GET /missing on port N answered 404, not 200-399${wget ? '' : ': no such page'}`,
        'GET /ok on port N answered 200, not 204: all is well',
        'GET /ok on port N answered 200 without "a\\"$(id)*" in its body: all is well',
        `GET /huge on port N answered 200 without "y" in the first 64 kB of its body: ${'x'.repeat(120)}`,
        `GET /closes on port N: ${closed}`,
        `GET / on port N: ${closed}`,
        expect.stringMatching(/^GET \/ on port N: what answers is not HTTP: (SSH-2.0-Test|curl: [(]1[)].*|wget: .*)\n$/),
        silent ? `GET / on port N: ${closed}` : 'nobody listens on port N',
        'GET /hangs on port N: no answer within 1 s',
        expect.stringMatching(/^GET \/trickles on port N answered 200 without "y" in what came of its body within 1 s: [.]+\n$/),
      ].map((line) => (typeof line === 'string' ? `${line}\n` : line)),
    )
    await until(async () => app.open() === 0)
  })
})

describe.each(SHELLS)('in %s', (shell) => {
  test.each(['bash', 'none'] as const)('a port is asked with %s', async (tool) => {
    const path = hostWith(shell, tool)
    const ports = [app.port, six.port, nobody]
    const said = await Promise.all(ports.map((port) => ask(path, { kind: 'tcp', port })))
    expect(said).toEqual(['', '', 'nobody listens on port N\n'])
  })

  test('nothing is left running', async () => {
    const path = hostWith(shell, 'curl')
    for (let round = 0; round < 30; round++) expect(await ask(path, http('/ok'), 1_000_000)).toBe('')
    // Whoever carries an agent in its environment has much to show.
    const all = () => execFileSync('ps', ['axewww', '-o', 'args'], { encoding: 'utf8', maxBuffer: 2 ** 28 })
    await until(async () => !all().includes(`PATH=${path}`), 5)
  })
})

// Busybox's shell has its wget in itself.
test.each(SHELLS.filter((shell) => shell !== 'busybox'))('in %s a host without any tool is told what it lacks', async (shell) => {
  expect(await ask(hostWith(shell, 'none'), http('/ok'))).toBe(
    'to ask port N from the host itself, curl, wget or bash is missing there\n',
  )
})
