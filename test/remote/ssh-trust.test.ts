import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Server } from 'ssh2'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connector } from '../../src/remote/connect.ts'
import { generateKeyPair } from '../../src/remote/embedded.ts'
import { fingerprint } from '../../src/remote/known-hosts.ts'
import { startHosts, type TestHost, type TestHosts } from '../support/hosts.ts'
import { run } from '../support/run.ts'

const { Server: SshServer } = createRequire(import.meta.url)('ssh2') as { Server: typeof Server }

let tests: TestHosts
let host: TestHost
let known: string
let other: string

beforeAll(async () => {
  tests = await startHosts(1)
  host = tests.hosts[0]
  known = join(tests.dir, 'mine')
  other = (await generateKeyPair('other')).publicKey.split(' ').slice(0, 2).join(' ')
})
afterAll(() => tests.stop())

/** Connects with these lines as known_hosts: `in`, or the error. */
async function enter(
  lines: readonly string[],
  settings: { hostKeys?: readonly string[]; at?: TestHost; identity?: string } = {},
): Promise<unknown> {
  writeFileSync(known, lines.map((line) => `${line}\n`).join(''))
  const at = settings.at ?? host
  const connect = connector(at.host('shop'), {
    identity: settings.identity ?? tests.identity,
    knownHosts: known,
    agent: false,
    ...(settings.hostKeys ? { hostKeys: settings.hostKeys } : {}),
  })
  try {
    const line = await connect()
    const { stdout } = await run(line, ['echo', 'in'])
    await line.close()
    return stdout.trim()
  } catch (error) {
    return error
  }
}

const mark = (key: string): string => fingerprint(Buffer.from(key.split(' ')[1] ?? '', 'base64'))

describe('a host key', () => {
  test('that known_hosts holds is accepted: plain, hashed, among others, by a pattern, without a port', async () => {
    expect(await enter([`[127.0.0.1]:${host.port} ${host.hostKey}`])).toBe('in')
    expect(await enter([`[127.0.0.1]:${host.port} ${other}`, `[127.0.0.1]:${host.port} ${host.hostKey} comment`])).toBe('in')
    expect(await enter([`[127.0.0.*]:* ${host.hostKey}`])).toBe('in')
    expect(await enter([`127.0.0.1 ${host.hostKey}`])).toBe('in')
    writeFileSync(known, `[127.0.0.1]:${host.port} ${host.hostKey}\n`)
    execFileSync('ssh-keygen', ['-q', '-H', '-f', known], { stdio: 'ignore' })
    expect(await enter(readFileSync(known, 'utf8').trim().split('\n'))).toBe('in')
  })

  test('that is not known is refused, with its fingerprint and the command that records it', async () => {
    expect(await enter([`[127.0.0.1]:${host.port + 1} ${host.hostKey}`])).toMatchObject({
      code: 'HOST_KEY',
      exitCode: 3,
      message: `the host key of h1 is not known: ssh-ed25519 ${mark(host.hostKey)}`,
      hint: `compare it on the host (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), then: ssh-keyscan -t ed25519 -p ${host.port} 127.0.0.1 >> ${known}`,
    })
  })

  test('is accepted after the command of the hint', async () => {
    const error = (await enter([])) as { hint: string }
    execFileSync('sh', ['-c', error.hint.split('then: ')[1] ?? 'false'], { stdio: 'ignore' })
    expect(await enter(readFileSync(known, 'utf8').trim().split('\n'))).toBe('in')
  })

  test('that has changed is refused, with both fingerprints, the file and the line', async () => {
    expect(await enter(['# mine', `[127.0.0.1]:${host.port} ${other}`])).toMatchObject({
      code: 'HOST_KEY',
      message: `the host key of h1 has changed: it shows ssh-ed25519 ${mark(host.hostKey)}, but ${known}:2 knows ssh-ed25519 ${mark(other)}`,
      hint: `somebody may be in between; only if the host was really set up anew: ssh-keygen -R '[127.0.0.1]:${host.port}' -f ${known}`,
    })
  })

  test('that is revoked is refused, known or not', async () => {
    expect(await enter([`[127.0.0.1]:${host.port} ${host.hostKey}`, `@revoked * ${host.hostKey}`])).toMatchObject({
      code: 'HOST_KEY',
      message: `the host key of h1 is revoked in ${known}:2: ssh-ed25519 ${mark(host.hostKey)}`,
    })
  })

  test('for which only a certificate authority is known is refused where the host shows no certificate', async () => {
    expect(await enter([`@cert-authority [127.0.0.1]:${host.port} ${other}`])).toMatchObject({
      code: 'HOST_KEY',
      message: expect.stringContaining(`the host key of [127.0.0.1]:${host.port} is not known`),
    })
  })

  test('may be pinned in the config', async () => {
    expect(await enter([], { hostKeys: [mark(host.hostKey)] })).toBe('in')
    expect(await enter([`[127.0.0.1]:${host.port} ${host.hostKey}`], { hostKeys: [mark(other)] })).toMatchObject({
      code: 'HOST_KEY',
      message: `the host key of h1 is not one of hostKeys: it shows ssh-ed25519 ${mark(host.hostKey)}, but hostKeys has ${mark(other)}`,
    })
  })
})

test('a host that is known by its RSA key alone shows that one, though it has others', async () => {
  const rsa = join(tests.dir, 'rsa')
  execFileSync('ssh-keygen', ['-q', '-t', 'rsa', '-b', '2048', '-N', '', '-f', rsa])
  const two = await startHosts(1, { sshdConfig: [`HostKey ${rsa}`] })
  const [at] = two.hosts
  const rsaKey = readFileSync(`${rsa}.pub`, 'utf8').split(' ').slice(0, 2).join(' ')
  const name = `[127.0.0.1]:${at.port}`
  expect(await enter([`${name} ${rsaKey}`], { at, identity: two.identity })).toBe('in')
  expect(await enter([`${name} ${at.hostKey}`], { at, identity: two.identity })).toBe('in')
  await two.stop()
})

test('a host that has no key of the known type is refused', async () => {
  const rsa = readFileSync(join(tests.dir, 'rsa.pub'), 'utf8').split(' ').slice(0, 2).join(' ')
  expect(await enter([`[127.0.0.1]:${host.port} ${rsa}`])).toMatchObject({
    code: 'HOST_KEY',
    message: `h1 shows a host key of another type than the known one: ssh-ed25519 ${mark(host.hostKey)}, but ${known}:1 knows ssh-rsa ${mark(rsa)}`,
  })
})

test('somebody in between gets no login, not even a try', async () => {
  const { privateKey } = await generateKeyPair('man in the middle')
  const seen: string[] = []
  const server = new SshServer({ hostKeys: [privateKey] }, (client) => {
    client
      .on('handshake', () => seen.push('handshake'))
      .on('authentication', ({ method }) => seen.push(method))
      .on('error', () => {})
  })
  const port = await new Promise<number>((done) =>
    server.listen(0, '127.0.0.1', () => done((server.address() as AddressInfo).port)),
  )
  writeFileSync(known, `[127.0.0.1]:${port} ${host.hostKey}\n`)
  const connect = connector({ ...host.host('shop'), port }, { identity: tests.identity, knownHosts: known, agent: false })
  await expect(connect()).rejects.toMatchObject({ code: 'HOST_KEY', message: expect.stringContaining('has changed') })
  await new Promise((done) => server.close(done))
  expect(seen).toEqual([])
})
