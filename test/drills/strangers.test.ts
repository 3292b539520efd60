import { execFileSync, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { type AddressInfo, createServer, type Server as NetServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Server } from 'ssh2'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Target } from '../../src/model/config.ts'
import { connector, sshTarget } from '../../src/remote/connect.ts'
import { generateKeyPair } from '../../src/remote/embedded.ts'
import { fingerprint } from '../../src/remote/known-hosts.ts'
import { openLine } from '../../src/remote/ssh.ts'
import { CLI } from '../support/cli.ts'
import { startHosts, type TestHost, type TestHosts } from '../support/hosts.ts'
import { type Laptop, laptop } from '../support/laptop.ts'
import { run } from '../support/run.ts'
import { openTerminal, type Terminal } from '../support/terminal.ts'

const { Server: SshServer } = createRequire(import.meta.url)('ssh2') as { Server: typeof Server }

/** Who is let near: keys of every type, and those who only pretend to be a host. */
const TYPES = ['ed25519', 'ecdsa-256', 'ecdsa-384', 'ecdsa-521', 'rsa'] as const
const MODERN = [
  'KexAlgorithms curve25519-sha256,curve25519-sha256@libssh.org',
  'Ciphers chacha20-poly1305@openssh.com,aes256-gcm@openssh.com',
  'MACs hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com',
  'HostKeyAlgorithms ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,rsa-sha2-512,rsa-sha2-256',
  'PubkeyAcceptedAlgorithms ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,rsa-sha2-512,rsa-sha2-256',
]
const BOTH = ['ssh2', 'openssh'] as const

let keys: string
let tests: TestHosts
let host: TestHost

beforeAll(async () => {
  keys = await mkdtemp(join(tmpdir(), 'releaser-keys-'))
  for (const type of TYPES) {
    const [kind = '', bits] = type.split('-')
    const words = ['-t', kind, ...(kind === 'rsa' ? ['-b', '2048'] : bits === undefined ? [] : ['-b', bits])]
    execFileSync('ssh-keygen', ['-q', ...words, '-N', '', '-C', type, '-f', join(keys, type)])
  }
  // The host has the same keys as its user: what is tested is their types.
  tests = await startHosts(2, { sshdConfig: [...MODERN, ...TYPES.map((type) => `HostKey ${join(keys, type)}`)] })
  host = tests.hosts[0]
  const allowed = TYPES.map((type) => readFileSync(join(keys, `${type}.pub`), 'utf8')).join('')
  writeFileSync(join(host.home, '.ssh', 'authorized_keys'), allowed, { flag: 'a' })
})
afterAll(async () => {
  await tests?.stop()
  await rm(keys, { recursive: true, force: true })
})

const publicKey = (type: string): string =>
  readFileSync(join(keys, `${type}.pub`), 'utf8')
    .split(' ')
    .slice(0, 2)
    .join(' ')

test.each(TYPES)('keys of the type %s, of the host and of its user, with modern algorithms only', async (type) => {
  const known = join(tests.dir, `known-${type}`)
  await writeFile(known, `[127.0.0.1]:${host.port} ${publicKey(type)}\n`)
  for (const transport of BOTH) {
    const settings = { identity: join(keys, type), knownHosts: known, agent: false, transport }
    const line = await connector(host.host('shop'), settings, { configFile: '/dev/null' })()
    expect(await run(line, ['id', '-un'])).toMatchObject({ stdout: `${host.user}\n` })
    await line.close()
  }
})

test('ten handshakes at once come through a server that takes two', async () => {
  const few = await startHosts(1, { sshdConfig: ['MaxStartups 2:100:2'] })
  const settings = { identity: few.identity, knownHosts: few.knownHosts, agent: false }
  const own = await sshTarget(few.hosts[0].host('shop'), settings, { configFile: '/dev/null' })
  const lines = await Promise.allSettled(Array.from({ length: 10 }, () => openLine(own)))
  await Promise.all(lines.map((line) => line.status === 'fulfilled' && line.value.close()))
  await few.stop()
  expect(lines.flatMap((line) => (line.status === 'rejected' ? [String(line.reason)] : []))).toEqual([])
})

describe('somebody in between', () => {
  let middle: Middle
  let mine: Laptop
  beforeAll(async () => {
    middle = await startMiddle()
    mine = await laptop(
      { 'app/payload': randomBytes(200_000).toString('base64'), 'app/package.json': '{"version":"1.0.0"}' },
      { keep: true },
    )
    await mine.configure({ prod: target('ssh2', '') })
    const built = await mine.call('build')
    expect(built.code, built.stderr).toBe(0)
  })
  afterAll(async () => {
    middle?.stop()
    if (mine) await rm(join(mine.dir, '..'), { recursive: true, force: true })
  })

  const target = (transport: (typeof BOTH)[number], knownHosts: string, hostKeys?: readonly string[]): Target => ({
    hosts: [{ host: '127.0.0.1', port: middle.port, user: host.user, name: 'h1' }],
    path: 'app',
    identity: join(keys, 'ed25519'),
    knownHosts: join(mine.dir, knownHosts || 'nobody'),
    agent: false,
    transport,
    ...(hostKeys && { hostKeys }),
  })

  const name = (): string => `[127.0.0.1]:${middle.port}`
  const CASES = [
    {
      what: 'whose key is not the known one',
      known: () => `${name()} ${publicKey('ed25519')}\n`,
      says: /has changed/,
      words: ['deploy', 'status'],
    },
    { what: 'whom nobody knows', known: () => '', says: /is not known/, words: ['deploy', 'status'] },
    {
      what: 'whose key is not pinned',
      known: () => `${name()} ${middle.hostKey}\n`,
      pinned: true,
      says: /is not one of hostKeys/,
      words: ['deploy'],
    },
  ]

  test.each(BOTH.flatMap((transport) => CASES.map((one) => ({ ...one, transport }))))(
    '$what learns nothing over $transport',
    async ({ transport, known, pinned, says, words }) => {
      await writeFile(join(mine.dir, 'known'), known())
      const pin = fingerprint(Buffer.from(publicKey('ed25519').split(' ')[1] ?? '', 'base64'))
      await mine.configure({ prod: target(transport, 'known', pinned ? [pin] : undefined) })
      for (const command of words) {
        middle.forget()
        const { code, last } = await mine.call(command, 'target=prod', '--yes')
        expect({ code, message: last['message'] }).toEqual({ code: 3, message: expect.stringMatching(says) })
        expect(middle.asked()).toEqual([])
        // Somebody did call, and said no more than how to agree on a key.
        expect(middle.bytes()).toBeGreaterThan(100)
        expect(middle.bytes()).toBeLessThan(10_000)
        expect(middle.heard()).not.toContain(host.user)
      }
      expect(readFileSync(join(mine.dir, 'known'), 'utf8')).toBe(known())
    },
  )

  test('would learn all of it, were its key the known one', async () => {
    for (const transport of BOTH) {
      middle.forget()
      await writeFile(join(mine.dir, 'known'), `${name()} ${middle.hostKey}\n`)
      await mine.configure({ prod: target(transport, 'known') })
      expect((await mine.call('status', 'target=prod')).code).not.toBe(0)
      expect(middle.asked()).toContain(`publickey of ${host.user}`)
    }
  })
})

test.each(BOTH)('a key of the environment reaches no child, no file and no screen, over %s', async (transport) => {
  const mine = await laptop({ 'app/package.json': '{"version":"1.0.0"}' })
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', 'battery staple', '-f', join(keys, `ci-${transport}`)])
  writeFileSync(join(host.home, '.ssh', 'authorized_keys'), readFileSync(join(keys, `ci-${transport}.pub`), 'utf8'), {
    flag: 'a',
  })
  const key = readFileSync(join(keys, `ci-${transport}`), 'utf8')
  Object.assign(mine.env, { RELEASER_SSH_KEY: key, RELEASER_KEY_PASSPHRASE: 'battery staple' })
  await writeFile(join(mine.dir, 'known'), `[127.0.0.1]:${host.port} ${publicKey('ed25519')}\n`)
  const prod = {
    hosts: [host.configEntry],
    path: `ci-${transport}`,
    knownHosts: join(mine.dir, 'known'),
    transport,
    hooks: { 'pre-deploy': 'env >>told', 'post-deploy': 'env >>told', 'pre-activate': 'env >told' },
  }
  const build = {
    type: 'command',
    run: 'mkdir -p out && env >out/env && cp app/package.json out',
    output: 'out',
    hooks: { 'pre-build': 'env >>told' },
  }
  await mine.configure({ prod }, { builders: { copy: build } })
  const said = [
    await mine.say('build', '--verbose'),
    await mine.say('deploy', 'target=prod', '--yes', '--verbose'),
    await mine.call('status', 'target=prod'),
  ]
  expect(said.map(({ code, stderr }) => (code === 0 ? 0 : stderr))).toEqual([0, 0, 0])
  const places = [join(mine.dir, '..'), join(host.home, prod.path)]
  const written = execFileSync('grep', ['-rac', '^PATH=', ...places], { encoding: 'utf8' })
  // What they were told was written down, so that it could be found.
  expect(written).toMatch(/told:[1-9]/)
  const pieces = ['battery staple', ...key.split('\n').filter((line) => line.length > 30 && !line.startsWith('-----'))]
  for (const piece of pieces) {
    expect(spawnSync('grep', ['-raF', '--', piece, ...places]).status).toBe(1)
    expect(said.map(({ stdout, stderr }) => stdout + stderr).join('')).not.toContain(piece)
  }
})

describe('a person at a terminal', () => {
  let mine: Laptop
  const PASSPHRASE = 'correct horse'
  const known = (): string => join(mine.dir, 'known')
  beforeAll(async () => {
    mine = await laptop({ 'app/package.json': '{"version":"1.0.0"}' }, { keep: true })
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', PASSPHRASE, '-f', join(keys, 'locked')])
    for (const { home } of tests.hosts)
      writeFileSync(join(home, '.ssh', 'authorized_keys'), readFileSync(join(keys, 'locked.pub'), 'utf8'), { flag: 'a' })
  })
  afterAll(async () => {
    if (mine) await rm(join(mine.dir, '..'), { recursive: true, force: true })
  })

  const prod = (transport: (typeof BOTH)[number], identity: string): Target => ({
    hosts: tests.hosts.map(({ configEntry }) => configEntry),
    path: 'app',
    identity,
    knownHosts: known(),
    agent: false,
    transport,
  })

  async function open(...words: readonly string[]): Promise<Terminal> {
    const terminal = await openTerminal([process.execPath, CLI, ...words], {
      cwd: mine.dir,
      columns: 300,
      env: { HOME: mine.env['HOME'] ?? '', RELEASER_SSH_CONFIG: '/dev/null', SSH_AUTH_SOCK: '' },
    })
    onTestFinished(() => terminal.close())
    return terminal
  }

  /** It shows the first of its keys. */
  const line = ({ port }: TestHost, key = publicKey('ed25519')): string => `[127.0.0.1]:${port} ${key}\n`

  test.each(BOTH)('is asked about each key that nobody knows, whatever --yes says, over %s', async (transport) => {
    const [one, two] = tests.hosts as readonly [TestHost, TestHost]
    await mine.configure({ prod: prod(transport, tests.identity) })
    await writeFile(known(), '')
    const mark = fingerprint(Buffer.from(publicKey('ed25519').split(' ')[1] ?? '', 'base64'))

    const no = await open('status', 'target=prod', 'host=h1', '--yes')
    expect(await no.shows(/is not known: .*\?/, 60)).toContain(
      `The host key of h1 ([127.0.0.1]:${one.port}) is not known: ssh-ed25519 ${mark}`,
    )
    await no.type('Enter')
    expect(await no.shows(/^exit \d/m, 60)).toContain('exit 3')
    expect(readFileSync(known(), 'utf8')).toBe('')

    const yes = await open('status', 'target=prod', '--yes')
    await yes.shows(/host key of h1 .*\?/, 60)
    await yes.type('y')
    await yes.shows(/host key of h2 .*\?/, 60)
    await yes.type('y')
    const screen = await yes.shows(/^exit \d/m, 60)
    expect(screen).toContain('exit 0')
    expect(screen).not.toContain('stopped')
    expect(readFileSync(known(), 'utf8')).toBe(line(one) + line(two))

    // One that has changed, or is revoked, is no question.
    for (const text of [line(one, two.hostKey), `@revoked * ${publicKey('ed25519')}\n`]) {
      await writeFile(known(), text)
      const refused = await open('status', 'target=prod', 'host=h1')
      const screen = await refused.shows(/^exit \d/m, 60)
      expect(screen).toMatch(/(has changed|is revoked)[\s\S]*exit 3/)
      expect(screen).not.toContain('?')
    }
  })

  test.each(BOTH)('opens a key once for all hosts and connections, over %s', { timeout: 180_000 }, async (transport) => {
    await mine.configure({ prod: prod(transport, join(keys, 'locked')) })
    await writeFile(known(), tests.hosts.map((at) => line(at)).join(''))
    const question = /Passphrase of .*locked:/
    expect((await mine.call('build')).code).toBe(0)
    const deploy = await open('deploy', 'target=prod', '--yes', '--force')
    await deploy.shows(question, 60)
    await deploy.type('wrong', 'Enter')
    await deploy.shows(/does not open[\s\S]*Passphrase of .*locked:/, 60)
    await deploy.type(`${PASSPHRASE}x`, 'BSpace', 'Enter')
    const screen = await deploy.shows(/^exit \d/m, 60)
    expect(screen).toContain('exit 0')
    expect(screen).not.toMatch(/correct|wrong|stopped/)
    expect(screen.match(new RegExp(question, 'g'))).toHaveLength(2)

    const stopped = await open('status', 'target=prod')
    await stopped.shows(question, 60)
    await stopped.type('C-c')
    expect(await stopped.shows(/^exit \d/m, 60)).toContain('exit 130')

    const refused = await open('status', 'target=prod')
    for (const tries of [1, 2, 3]) {
      await refused.shows(new RegExp(`(Passphrase of (.|\\n)*){${tries}}`), 60)
      await refused.type('no', 'Enter')
    }
    expect(await refused.shows(/^exit \d/m, 60)).toMatch(/RELEASER_KEY_PASSPHRASE[\s\S]*exit 3/)
    // Nobody to ask.
    expect(await mine.say('status', 'target=prod')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('RELEASER_KEY_PASSPHRASE'),
    })
  })
})

/** An SSH server with a key of its own, on a port of its own, which lets everybody in and hands what they do to the real one. */
interface Middle {
  readonly port: number
  readonly hostKey: string
  /** What anybody wanted of it: ways to log in, and whose. */
  asked(): readonly string[]
  /** How much it was sent, and what of it was in the clear. */
  bytes(): number
  heard(): string
  forget(): void
  stop(): void
}

async function startMiddle(): Promise<Middle> {
  const { privateKey, publicKey: hostKey } = await generateKeyPair('man in the middle')
  const asked: string[] = []
  let heard = Buffer.alloc(0)
  const ssh = new SshServer({ hostKeys: [privateKey] }, (client) => {
    client
      .on('error', () => {})
      .on('authentication', (context) => {
        asked.push(`${context.method} of ${context.username}`)
        // As any server does, so that the key itself is offered, too.
        if (context.method === 'none') context.reject(['publickey'])
        else context.accept()
      })
      .on('session', (accept) => {
        asked.push('session')
        accept().on('exec', (agree) => {
          const channel = agree()
          channel.exit(1)
          channel.end()
        })
      })
  })
  const sockets = new Set<Socket>()
  const server: NetServer = createServer((socket) => {
    sockets.add(socket)
    socket.on('data', (bytes) => {
      heard = Buffer.concat([heard, bytes])
    })
    ssh.injectSocket(socket)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    hostKey: hostKey.split(' ').slice(0, 2).join(' '),
    asked: () => asked,
    bytes: () => heard.length,
    heard: () => heard.toString('latin1'),
    forget: () => {
      asked.length = 0
      heard = Buffer.alloc(0)
    },
    stop: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
