import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { ReleaserError } from '../../src/model/errors.ts'
import { type ConnectSettings, connector } from '../../src/remote/connect.ts'
import { generateKeyPair } from '../../src/remote/embedded.ts'
import { keyringOf } from '../../src/remote/keyring.ts'
import { fingerprint } from '../../src/remote/known-hosts.ts'
import { startHosts, type TestHost, type TestHosts } from '../support/hosts.ts'
import { run } from '../support/run.ts'

/** What the environment, an agent and a person give to log in with, over both transports. */
let tests: TestHosts
let host: TestHost
let agent: { readonly socket: string; stop(): void }
const BOTH = ['ssh2', 'openssh'] as const

beforeAll(async () => {
  tests = await startHosts(1)
  host = tests.hosts[0]
  const socket = join(tests.dir, 'agent')
  const child = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'ignore'] })
  await once(child.stdout, 'data')
  agent = { socket, stop: () => child.kill() }
})
afterAll(async () => {
  agent.stop()
  await tests.stop()
})
beforeEach(() => {
  vi.stubEnv('SSH_AUTH_SOCK', '')
  vi.stubEnv('RELEASER_SSH_KEY', '')
  vi.stubEnv('RELEASER_KEY_PASSPHRASE', '')
  vi.stubEnv('RELEASER_SSH_CONFIG', '/dev/null')
})
afterEach(() => {
  vi.unstubAllEnvs()
  expect(folders()).toEqual([])
})

function makeKey(name: string, passphrase = '', ...words: readonly string[]): string {
  const file = join(tests.dir, name)
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-a', '1', '-N', passphrase, '-C', name, ...words, '-f', file])
  return file
}

function allow(file: string, options = ''): void {
  appendFileSync(join(host.home, '.ssh', 'authorized_keys'), options + readFileSync(`${file}.pub`, 'utf8'))
}

function add(...files: readonly string[]): void {
  for (const file of files)
    execFileSync('ssh-add', ['-q', file], { env: { ...process.env, SSH_AUTH_SOCK: agent.socket }, stdio: 'ignore' })
}

/** The folders of connections that know this host by name, and what lies in them. */
function folders(): readonly string[] {
  const ours = (dir: string): boolean => {
    try {
      return readFileSync(join(dir, 'config'), 'utf8').includes(`${tests.dir}/ssh_config`)
    } catch {
      return false
    }
  }
  const all = readdirSync(tmpdir()).filter((name) => name.startsWith('rlsr-'))
  return all.map((name) => join(tmpdir(), name)).filter(ours)
}

async function enter(settings: ConnectSettings): Promise<unknown> {
  try {
    const connect = connector(host.host('shop'), { knownHosts: tests.knownHosts, ...settings })
    const line = await connect()
    const { stdout } = await run(line, ['echo', 'in'])
    await line.close()
    return stdout.trim()
  } catch (error) {
    return error
  }
}

const mark = (file: string): string => execFileSync('ssh-keygen', ['-lf', file], { encoding: 'utf8' }).split(' ')[1] ?? ''
const textOf = (file: string): string => readFileSync(file, 'utf8')

describe.each(BOTH)('RELEASER_SSH_KEY over %s', (transport) => {
  test('lets in, whatever a variable has done to its lines', async () => {
    const ed = makeKey(`given-${transport}`)
    const pem = makeKey(`pem-${transport}`, '', '-t', 'rsa', '-b', '2048', '-m', 'PEM')
    const locked = makeKey(`locked-${transport}`, 'open sesame')
    for (const file of [ed, pem, locked]) allow(file)
    for (const text of [textOf(ed), textOf(ed).trim(), textOf(ed).replaceAll('\n', '\r\n'), textOf(pem).trim()]) {
      vi.stubEnv('RELEASER_SSH_KEY', text)
      expect(await enter({ transport })).toBe('in')
    }
    vi.stubEnv('RELEASER_SSH_KEY', textOf(locked))
    expect(await enter({ transport })).toMatchObject({ code: 'AUTH', hint: expect.stringContaining('RELEASER_KEY_PASSPHRASE') })
    vi.stubEnv('RELEASER_KEY_PASSPHRASE', 'wrong')
    expect(await enter({ transport })).toMatchObject({ code: 'AUTH' })
    vi.stubEnv('RELEASER_KEY_PASSPHRASE', 'open sesame')
    expect(await enter({ transport })).toBe('in')
  })

  test('comes after the key that the config names, and in place of agents and default keys', async () => {
    vi.stubEnv('RELEASER_SSH_KEY', textOf(makeKey(`second-${transport}`)))
    vi.stubEnv('SSH_AUTH_SOCK', agent.socket)
    add(tests.identity)
    const identity = makeKey(`named-${transport}`)
    const error = (await enter({ transport, identity })) as ReleaserError
    expect(error.code).toBe('AUTH')
    const both = [mark(identity), mark(join(tests.dir, `second-${transport}`))]
    expect(error.message.match(/SHA256:[\w+/]+/g)).toEqual(both)
    expect(((await enter({ transport })) as ReleaserError).message.match(/SHA256:[\w+/]+/g)).toEqual(both.slice(1))
    expect(await enter({ transport, identity: tests.identity })).toBe('in')
  })
})

test.each([
  ['a word', 'hunter2-is-no-key', /holds no private key/],
  ['half a key', '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ', /holds no private key/],
  ['a public key', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUE0PYtgSjgc4SRURCJ9/JYcTvSN9i61BunrbzHFcpm x', /holds a public key/],
])('%s in RELEASER_SSH_KEY is an error that does not repeat it', async (_what, value, says) => {
  vi.stubEnv('RELEASER_SSH_KEY', value)
  for (const transport of BOTH) {
    const error = (await enter({ transport })) as ReleaserError
    expect(error).toMatchObject({ code: 'CONFIG', exitCode: 2, message: expect.stringMatching(says) })
    const said = JSON.stringify([error.message, error.hint, error.stack, String(error.cause)])
    for (const part of value.split(/\s/)) if (part.length > 20) expect(said).not.toContain(part)
    expect(said).not.toContain('hunter2')
  }
})

test('over the system’s ssh it lies nowhere once the line stands', async () => {
  writeFileSync(join(tests.dir, 'ssh_config'), '')
  vi.stubEnv('RELEASER_SSH_CONFIG', join(tests.dir, 'ssh_config'))
  vi.stubEnv('RELEASER_SSH_KEY', textOf(tests.identity))
  const line = await connector(host.host('shop'), { knownHosts: tests.knownHosts, transport: 'openssh' })()
  const [dir = '', ...others] = folders()
  expect(others).toEqual([])
  const kept = readdirSync(dir).filter((name) => name !== 's')
  expect(kept).toContain('config')
  for (const name of kept) expect(readFileSync(join(dir, name), 'utf8')).not.toContain('PRIVATE KEY')
  await line.close()
})

test.each(BOTH)(
  'over %s, who is not let in for want of a passphrase is told which, and what opens it is kept',
  async (transport) => {
    const identity = makeKey(`asked-${transport}`, 'open sesame')
    allow(identity)
    const keys = keyringOf({})
    const connect = connector(host.host('shop'), { identity, knownHosts: tests.knownHosts, agent: false, transport })
    const error = await connect(keys).catch((failed: unknown) => failed)
    expect(error).toMatchObject({ code: 'AUTH', question: { about: 'passphrase', key: identity } })
    const question = error instanceof ReleaserError ? error.question : undefined
    if (question?.about !== 'passphrase') throw new Error('no question')
    expect(await question.open('open')).toBe(false)
    expect(await question.open('open sesame')).toBe(true)
    for (const line of [await connect(keys), await connect()]) {
      expect(await run(line, ['echo', 'in'])).toMatchObject({ stdout: 'in\n' })
      await line.close()
    }
  },
)

test('a certificate in the agent is used, by the system’s ssh', async () => {
  const [authority, key] = [makeKey('authority'), makeKey('certified')]
  allow(authority, `cert-authority,principals="${host.user}" `)
  vi.stubEnv('SSH_AUTH_SOCK', agent.socket)
  execFileSync('ssh-add', ['-q', '-D'], { env: process.env, stdio: 'ignore' })
  add(key)
  expect(await enter({})).toMatchObject({ code: 'AUTH', message: expect.stringContaining(mark(key)) })
  execFileSync('ssh-keygen', ['-q', '-s', authority, '-I', 'me', '-n', host.user, `${key}.pub`])
  add(key)
  expect(await enter({})).toBe('in')
  expect(await enter({ transport: 'ssh2' })).toMatchObject({ code: 'AUTH' })
})

test('pins over the system’s ssh: one that fits is enough, and no list stands above them', async () => {
  const pin = fingerprint(Buffer.from(host.hostKey.split(' ')[1] ?? '', 'base64'))
  const other = (await generateKeyPair('other')).publicKey.split(' ').slice(0, 2).join(' ')
  const wrong = fingerprint(Buffer.from(other.split(' ')[1] ?? '', 'base64'))
  const known = join(tests.dir, 'pinned')
  const settings = { identity: tests.identity, knownHosts: known, agent: false, transport: 'openssh' } as const
  const name = `[127.0.0.1]:${host.port}`
  writeFileSync(known, '')
  expect(await enter({ ...settings, hostKeys: [wrong, pin] })).toBe('in')
  writeFileSync(known, `${name} ${other}\n`)
  expect(await enter({ ...settings, hostKeys: [pin] })).toBe('in')
  writeFileSync(known, `${name} ${host.hostKey}\n`)
  expect(await enter({ ...settings, hostKeys: [wrong] })).toMatchObject({
    code: 'HOST_KEY',
    exitCode: 3,
    message: `the host key of h1 is not one of hostKeys: it shows ssh-ed25519 ${pin}, but hostKeys has ${wrong}`,
  })
  writeFileSync(known, `@revoked * ${host.hostKey}\n`)
  expect(await enter({ ...settings, hostKeys: [pin] })).toMatchObject({ message: expect.stringContaining('is revoked') })
  expect(readFileSync(known, 'utf8')).toBe(`@revoked * ${host.hostKey}\n`)
})
