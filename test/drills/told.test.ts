import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, createServer as createSocket } from 'node:net'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { SHELLS } from '../support/shells.ts'
import { RELEASE, type TimerHost, timerHost } from '../support/timer-host.ts'

const SECRET = `s3cr"e't\\`
const ADDRESS_OF_SECRET = encodeURI(SECRET)

interface Request {
  readonly what: string
  readonly type: string | undefined
  readonly body: string
}

let server: Server
let at: string
let answer = 200
const asked: Request[] = []
/** Command lines that showed the secret while we were called. */
const shown: string[] = []
beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
        const file = `/proc/${pid}/cmdline`
        const line = existsSync(file) ? tryRead(file) : ''
        if (line.includes('s3cr')) shown.push(line)
      }
      const body = Buffer.concat(chunks).toString('latin1')
      asked.push({ what: `${request.method} ${request.url}`, type: request.headers['content-type'], body })
      response.writeHead(answer).end('answered')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  at = `127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => void server.close())
beforeEach(() => {
  asked.length = 0
  answer = 200
})

function tryRead(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return '' // it has ended
  }
}

/** As all that `PATH` has, without these. */
function without(host: TimerHost, ...tools: readonly string[]): string {
  const dir = join(dirname(host.script), `without-${tools.join('-')}`)
  mkdirSync(dir)
  for (const from of ['/usr/bin', '/bin'])
    for (const name of readdirSync(from))
      if (![...tools, 'sh'].includes(name) && !existsSync(join(dir, name))) symlinkSync(join(from, name), join(dir, name))
  return `${join(dirname(host.script), 'bin')}:${dir}`
}

function run(host: TimerHost, PATH = host.env['PATH'] ?? ''): Promise<number | null> {
  const child = spawn(join(dirname(host.script), 'bin/sh'), [host.script, host.root, 'run', 'backup'], {
    env: { ...host.env, PATH },
    stdio: 'ignore',
  })
  return new Promise((resolve) => child.on('exit', resolve))
}

// busybox has a wget that shows its address to all, and no other; its nc serves for what is not encrypted.
const CALLERS = [
  ['dash', 'curl'],
  ['bash', 'wget'],
  ['busybox', 'nc'],
  ['mksh', 'curl'],
] as const satisfies readonly (readonly [(typeof SHELLS)[number], string])[]

describe.each(CALLERS)('where sh is %s, by %s', (shell, by) => {
  let host: TimerHost
  let path: string
  beforeAll(() => {
    host = timerHost(shell)
    writeFileSync(join(host.root, 'shared/one'), 'one')
    const bin = join(dirname(host.script), 'bin')
    path = shell === 'busybox' ? bin : by === 'curl' ? `${bin}:/usr/bin:/bin` : without(host, 'curl')
  })
  afterAll(() => host.remove())

  const install = (path: string) =>
    host.install('backup', [
      ['path', path],
      ['onFailure', `http://${at}/hook/${ADDRESS_OF_SECRET}?a=1&b={2}`],
      ['heartbeat', `http://${at}/beat/${ADDRESS_OF_SECRET}`],
    ])

  it('tells of a change, and only then, and beats when it is good', async () => {
    install('shared/one')
    expect(await run(host, path)).toBe(0)
    expect(asked).toEqual([{ what: `GET /beat/${ADDRESS_OF_SECRET}`, type: undefined, body: '' }])
    asked.length = 0
    install('shared/"grün"')
    answer = 500
    expect(await run(host, path)).toBe(1)
    expect(asked.map(({ what }) => decodeURI(what))).toEqual([`POST /hook/${SECRET}?a=1&b={2}`])
    expect(host.log('backup')).toMatch(new RegExp(`could not tell ${at}: .*(500|exit code 8)$`, 'm'))
    asked.length = 0
    answer = 200
    // What nobody was told is told by the next run, and not again.
    expect(await run(host, path)).toBe(1)
    expect(await run(host, path)).toBe(1)
    expect(asked).toHaveLength(1)
    expect(asked[0]?.type).toBe('application/json')
    const why = 'shared/"gr??n" is no file and no directory'
    expect(JSON.parse(asked[0]?.body ?? '')).toEqual({
      job: 'backup',
      app: 'shop',
      target: 'prod',
      host: 'h1',
      path: host.root,
      ok: false,
      message: why,
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      text: `backup of shop (prod) on h1 failed: ${why}`,
    })
    asked.length = 0
    install('shared/one')
    expect(await run(host, path)).toBe(0)
    expect(asked.map(({ what }) => what.split('/', 2).join('/')).sort()).toEqual(['GET /beat', 'POST /hook'])
    expect(JSON.parse(asked.find(({ body }) => body !== '')?.body ?? '')).toMatchObject({
      ok: true,
      text: 'backup of shop (prod) on h1 is good again',
    })
    expect(shown).toEqual([])
    expect(host.log('backup')).not.toContain('s3cr')
    expect(host.log('backup')).toContain(`told ${at}: failed\n`)
    expect(readdirSync(join(host.root, '.releaser/timer/backup')).sort()).toEqual(['job', 'lock', 'log', 'now', 'state', 'told'])
  })

  // Waiting costs seconds: each shell and each caller waits once.
  const only = (...shells: readonly string[]) => shells.filter((one) => one === shell)
  it.each(only('mksh', 'busybox'))('has a command told, of a run that was cut off too, and is not held up by it', async () => {
    writeFileSync(host.script, readFileSync(host.script, 'utf8').replace('TELL_SECONDS=20', 'TELL_SECONDS=1'))
    writeFileSync(join(host.root, '.releaser/env'), 'env\tWORD\tit is\n')
    const tell = `echo "$WORD $RELEASER_RESULT: $RELEASER_APP $RELEASER_JOB $RELEASER_MESSAGE" >>"$RELEASER_PATH/heard"; pwd >>"$RELEASER_PATH/heard"`
    const install = (onFailure: string) =>
      host.install('backup', [
        ['env', 'RELEASER_APP', 'shop'],
        ['path', 'shared/one'],
        ['onFailure', onFailure],
      ])
    install(tell)
    const state = join(host.root, '.releaser/timer/backup/state')
    const cutOff = () => writeFileSync(state, readFileSync(state, 'utf8').replace(/^(ended|exit)\t.*\n/gm, ''))
    cutOff()
    expect(await run(host, path)).toBe(0)
    const dir = join(host.root, 'releases', RELEASE)
    expect(readFileSync(join(host.root, 'heard'), 'utf8').split('\n')).toEqual([
      'it is failed: shop backup the run before was cut off',
      dir,
      'it is good: shop backup ',
      dir,
      '',
    ])
    install('echo never; sleep 1000')
    cutOff()
    expect(await run(host, path)).toBe(0)
    expect(readdirSync(join(host.root, '.releaser/timer/backup')).sort()).toEqual(['job', 'lock', 'log', 'now', 'state', 'told'])
    // Between the two mksh says whom it has ended.
    expect(host.log('backup')).toMatch(/\nnever\n(.*\n)*could not tell onFailure: no answer within 1 s\n/)
  })

  it.each(only('dash', 'bash', 'busybox'))(
    'is not held up by a server that hangs, and not failed by one that is not there',
    async () => {
      writeFileSync(host.script, readFileSync(host.script, 'utf8').replace('TELL_SECONDS=20', 'TELL_SECONDS=2'))
      const mute = createSocket(() => {})
      await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
      const { port } = mute.address() as AddressInfo
      host.install('backup', [
        ['path', 'shared/one'],
        ['heartbeat', `http://127.0.0.1:${port}/s3cret`],
      ])
      const began = Date.now()
      expect(await run(host, path)).toBe(0)
      expect(Date.now() - began).toBeLessThan(8000)
      mute.close()
      expect(host.log('backup')).toContain(`could not tell 127.0.0.1:${port}: `)
      host.install('backup', [
        ['path', 'shared/one'],
        ['heartbeat', 'http://127.0.0.1:1/s3cret'],
      ])
      expect(await run(host, path)).toBe(0)
      expect(host.log('backup')).toContain('could not tell 127.0.0.1:1: ')
      expect(host.log('backup')).not.toContain('s3cr')
    },
  )
})
