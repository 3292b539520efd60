import { execFileSync, spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { appendFileSync, chmodSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Server } from 'ssh2'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { type ConnectSettings, connector } from '../../src/remote/connect.ts'
import { generateKeyPair } from '../../src/remote/embedded.ts'
import { startHosts, type TestHost, type TestHosts } from '../support/hosts.ts'
import { run } from '../support/run.ts'

const { Server: SshServer } = createRequire(import.meta.url)('ssh2') as { Server: typeof Server }

let tests: TestHosts
let host: TestHost
let agent: { readonly socket: string; stop(): void }

beforeAll(async () => {
  tests = await startHosts(1, { sshdConfig: ['LogLevel VERBOSE'] })
  host = tests.hosts[0]
  agent = await startAgent(join(tests.dir, 'agent'))
})
afterAll(async () => {
  agent.stop()
  await tests.stop()
})
beforeEach(() => {
  vi.stubEnv('SSH_AUTH_SOCK', agent.socket)
  vi.stubEnv('RELEASER_KEY_PASSPHRASE', '')
  vi.stubEnv('RELEASER_SSH_CONFIG', '/dev/null')
})
afterEach(() => {
  vi.unstubAllEnvs()
  execFileSync('ssh-add', ['-q', '-D'], { env: { ...process.env, SSH_AUTH_SOCK: agent.socket }, stdio: 'ignore' })
})

async function startAgent(socket: string): Promise<typeof agent> {
  const child = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'ignore'] })
  await once(child.stdout, 'data')
  return { socket, stop: () => child.kill() }
}

/** Makes a key; with `allowed`, one that the host lets in. */
function makeKey(name: string, options: { words?: readonly string[]; passphrase?: string; allowed?: boolean } = {}): string {
  const file = join(tests.dir, name)
  execFileSync('ssh-keygen', [
    '-q',
    '-t',
    'ed25519',
    '-N',
    options.passphrase ?? '',
    '-C',
    name,
    ...(options.words ?? []),
    '-f',
    file,
  ])
  if (options.allowed) appendFileSync(join(host.home, '.ssh', 'authorized_keys'), readFileSync(`${file}.pub`))
  return file
}

function add(...files: readonly string[]): void {
  for (const file of files)
    execFileSync('ssh-add', ['-q', file], { env: { ...process.env, SSH_AUTH_SOCK: agent.socket }, stdio: 'ignore' })
}

async function enter(settings: ConnectSettings = {}, user = host.user): Promise<unknown> {
  try {
    const line = await connector({ ...host.host('shop'), user }, { knownHosts: tests.knownHosts, ...settings })()
    const { stdout } = await run(line, ['echo', 'in'])
    await line.close()
    return stdout.trim()
  } catch (error) {
    return error
  }
}

const mark = (file: string): string => execFileSync('ssh-keygen', ['-lf', file], { encoding: 'utf8' }).split(' ')[1] ?? ''

describe('a key file', () => {
  test.each([
    ['rsa', ['-t', 'rsa', '-b', '2048']],
    ['ecdsa', ['-t', 'ecdsa']],
    ['rsa in PEM', ['-t', 'rsa', '-b', '2048', '-m', 'PEM']],
  ])('may be %s', async (name, words) => {
    expect(await enter({ identity: makeKey(`of type ${name}`, { words, allowed: true }) })).toBe('in')
  })

  test('that the host does not know is AUTH, and names the key, the user and what to do', async () => {
    const identity = makeKey('stranger')
    expect(await enter({ identity })).toMatchObject({
      code: 'AUTH',
      exitCode: 3,
      message: `${host.user}@h1 (127.0.0.1:${host.port}) lets none of these keys in: ${identity} (${mark(identity)})`,
      hint: `let a key in with ssh-copy-id -p ${host.port} ${host.user}@127.0.0.1, or name the right one with identity`,
    })
  })

  test('that is encrypted is opened with RELEASER_KEY_PASSPHRASE, or asked for by name', async () => {
    const identity = makeKey('locked', { passphrase: 'open sesame', allowed: true })
    expect(await enter({ identity })).toMatchObject({
      code: 'AUTH',
      message: `there is no key to log in as ${host.user}@h1 (127.0.0.1:${host.port}): ${identity} is encrypted`,
      hint: `ssh-add ${identity}, or set RELEASER_KEY_PASSPHRASE`,
    })
    vi.stubEnv('RELEASER_KEY_PASSPHRASE', 'wrong')
    expect(await enter({ identity })).toMatchObject({
      code: 'AUTH',
      message: expect.stringContaining(`RELEASER_KEY_PASSPHRASE does not open ${identity}`),
    })
    vi.stubEnv('RELEASER_KEY_PASSPHRASE', 'open sesame')
    expect(await enter({ identity })).toBe('in')
  })

  test('that is encrypted is taken from the agent where it holds it', async () => {
    const identity = makeKey('lent', { passphrase: 'x', allowed: true })
    const open = join(tests.dir, 'lent open')
    copyFileSync(identity, open)
    execFileSync('ssh-keygen', ['-q', '-p', '-P', 'x', '-N', '', '-f', open])
    add(open)
    expect(await enter({ identity })).toBe('in')
    expect(await enter({ identity: `${identity}.pub` })).toBe('in')
    expect(await enter({ identity, agent: false })).toMatchObject({ code: 'AUTH' })
  })

  test('in PKCS#8 is named with its remedy, which works', async () => {
    const identity = join(tests.dir, 'pkcs8')
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    writeFileSync(identity, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
    appendFileSync(join(host.home, '.ssh', 'authorized_keys'), execFileSync('ssh-keygen', ['-yf', identity]))
    const error = (await enter({ identity })) as { message: string; hint: string }
    expect(error.message).toContain(`${identity} is in the PKCS#8 format, which cannot be read here`)
    expect(error.hint).toBe(`ssh-keygen -p -f ${identity} writes it in OpenSSH's`)
    execFileSync('ssh-keygen', ['-q', '-p', '-P', '', '-N', '', '-f', identity])
    expect(await enter({ identity })).toBe('in')
  })

  test('that others may read, that is missing, or that is none, is said', async () => {
    const identity = makeKey('open to all', { allowed: true })
    chmodSync(identity, 0o644)
    expect(await enter({ identity })).toMatchObject({
      code: 'AUTH',
      message: expect.stringContaining('can be read by other users'),
      hint: `chmod 600 '${identity}'`,
    })
    expect(await enter({ identity: '/no/such/key' })).toMatchObject({
      code: 'AUTH',
      message: expect.stringContaining('/no/such/key cannot be read'),
    })
    expect(await enter({ identity: tests.knownHosts, agent: false })).toMatchObject({ code: 'AUTH' })
  })
})

describe('the agent', () => {
  test('offers its keys', async () => {
    add(makeKey('first in agent'), makeKey('second in agent', { allowed: true }))
    expect(await enter()).toBe('in')
    expect(await enter({ agent: false })).toMatchObject({ code: 'AUTH' })
  })

  test('does not come before the key that the config names, however many it has', async () => {
    add(...Array.from({ length: 8 }, (_, number) => makeKey(`crowd ${number}`)))
    expect(await enter({ identity: tests.identity })).toBe('in')
    // Six tries are all that a server takes: it would hang up at the seventh.
    const error = (await enter()) as { code: string; message: string }
    expect(error.code).toBe('AUTH')
    expect(error.message.match(/of the agent/g)).toHaveLength(6)
  })

  test('that is gone leaves the key files', async () => {
    vi.stubEnv('SSH_AUTH_SOCK', join(tests.dir, 'no agent'))
    expect(await enter({ identity: tests.identity })).toBe('in')
  })
})

test('a user that is not there is AUTH', async () => {
  expect(await enter({ identity: tests.identity }, 'nobody-here')).toMatchObject({
    code: 'AUTH',
    message: expect.stringMatching(/^nobody-here@h1 .* lets none of these keys in/),
  })
})

test('a host that takes no keys is AUTH, and says what it takes', async () => {
  const closed = await startHosts(1, { sshdConfig: ['PubkeyAuthentication no', 'PasswordAuthentication yes'] })
  const connect = connector(closed.hosts[0].host('shop'), { identity: closed.identity, knownHosts: closed.knownHosts })
  await expect(connect()).rejects.toMatchObject({
    code: 'AUTH',
    message: expect.stringContaining('takes no keys, only password'),
  })
  await closed.stop()
})

test('a host that wants a key and more is AUTH', async () => {
  const both = await startHosts(1, { sshdConfig: ['AuthenticationMethods publickey,password', 'PasswordAuthentication yes'] })
  const connect = connector(both.hosts[0].host('shop'), { identity: both.identity, knownHosts: both.knownHosts })
  await expect(connect()).rejects.toMatchObject({
    code: 'AUTH',
    message: expect.stringContaining('wants more than a key to log in (password)'),
  })
  await both.stop()
})

test('a login that is refused is not tried again', async () => {
  const { privateKey, publicKey } = await generateKeyPair('refuses')
  let connections = 0
  const server = new SshServer({ hostKeys: [privateKey] }, (client) => {
    connections++
    client.on('authentication', (context) => context.reject(['publickey'])).on('error', () => {})
  })
  const port = await new Promise<number>((done) =>
    server.listen(0, '127.0.0.1', () => done((server.address() as AddressInfo).port)),
  )
  const knownHosts = join(tests.dir, 'refuses')
  writeFileSync(knownHosts, `[127.0.0.1]:${port} ${publicKey}\n`)
  const connect = connector({ ...host.host('shop'), port }, { identity: tests.identity, knownHosts })
  await expect(connect()).rejects.toMatchObject({ code: 'AUTH' })
  await new Promise((done) => server.close(done))
  expect(connections).toBe(1)
})
