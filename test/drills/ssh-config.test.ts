import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type ConnectSettings, connector } from '../../src/remote/connect.ts'
import { resolve } from '../../src/remote/ssh-config.ts'
import { startProxy } from '../support/freezing-proxy.ts'
import { startHosts, type TestHost, type TestHosts } from '../support/hosts.ts'
import { run } from '../support/run.ts'

/** Each key of ssh_config that we promise, at a real sshd: read by ssh and by ourselves, by the library and by the system's ssh. */
let tests: TestHosts
let host: TestHost
let configFile: string
beforeAll(async () => {
  vi.stubEnv('SSH_AUTH_SOCK', '')
  tests = await startHosts(1)
  host = tests.hosts[0]
  configFile = join(tests.dir, 'ssh_config')
})
afterAll(() => {
  vi.unstubAllEnvs()
  return tests.stop()
})

type Way = 'ssh -G, the library' | 'our reader, the library' | "the system's ssh"
const WAYS: readonly Way[] = ['ssh -G, the library', 'our reader, the library', "the system's ssh"]
const none = (): string => join(tests.dir, 'no-ssh')
const meant = (name = 'shop') => ({ ...host.host('x'), name, host: name, user: undefined, port: undefined })

async function line(way: Way, settings: ConnectSettings = {}) {
  const by: ConnectSettings = way === "the system's ssh" ? { transport: 'openssh' } : { transport: 'ssh2' }
  return connector(meant(), { ...by, ...settings }, { configFile, ...(way === 'our reader, the library' && { ssh: none() }) })()
}

/** Who is let in with this configuration, or with which code it fails. */
async function enter(way: Way, text: string): Promise<string> {
  writeFileSync(configFile, text)
  try {
    const opened = await line(way)
    const { stdout } = await run(opened, ['id', '-un'])
    await opened.close()
    return stdout.trim()
  } catch (error) {
    return String((error as { readonly code?: string }).code ?? error)
  }
}

/** The lines that let in, but for those that a case writes itself. */
function lines(...own: readonly string[]): string {
  const all = {
    HostName: '127.0.0.1',
    Port: String(host.port),
    User: host.user,
    IdentityFile: tests.identity,
    UserKnownHostsFile: tests.knownHosts,
    GlobalKnownHostsFile: 'none',
  }
  const said = own.map((each) => each.split(' ')[0])
  const rest = Object.entries(all).flatMap(([key, value]) => (said.includes(key) ? [] : [`${key} ${value}`]))
  return `Host shop\n  ${[...own, ...rest].join('\n  ')}\n`
}

test.each(WAYS)('every key that says how a host is reached holds: %s', { timeout: 400_000 }, async (way) => {
  const me = host.user
  const cases: readonly (readonly [string, string])[] = [
    [lines(), me],
    [lines('HostName 127.0.0.77'), 'CONNECTION'],
    [lines('Port 1'), 'CONNECTION'],
    [lines('User nobody-of-that-name'), 'AUTH'],
    [lines('UserKnownHostsFile none'), 'HOST_KEY'],
    [lines('UserKnownHostsFile none', `GlobalKnownHostsFile ${tests.knownHosts}`), me],
  ]
  for (const [text, wanted] of cases) expect.soft(await enter(way, text), text).toBe(wanted)

  const alias = join(tests.dir, 'alias')
  writeFileSync(alias, `the-shop ${host.hostKey}\n`)
  expect.soft(await enter(way, lines('HostKeyAlias the-shop', `UserKnownHostsFile ${alias}`)), 'HostKeyAlias').toBe(me)
  expect.soft(await enter(way, lines(`UserKnownHostsFile ${alias}`)), 'without HostKeyAlias').toBe('HOST_KEY')

  const socket = join(tests.dir, `agent-${WAYS.indexOf(way)}`)
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'ignore'] })
  await once(agent.stdout, 'data')
  execFileSync('ssh-add', ['-q', tests.identity], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: 'ignore' })
  const other = join(tests.dir, `other-${WAYS.indexOf(way)}`)
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', other])
  expect.soft(await enter(way, lines(`IdentityFile ${other}`)), 'IdentityFile').toBe('AUTH')
  expect.soft(await enter(way, lines(`IdentityFile ${other}`, `IdentityAgent ${socket}`)), 'IdentityAgent').toBe(me)
  const only = lines(`IdentityFile ${other}`, `IdentityAgent ${socket}`, 'IdentitiesOnly yes')
  expect.soft(await enter(way, only), 'IdentitiesOnly').toBe('AUTH')
  agent.kill()
  await once(agent, 'exit')

  expect
    .soft(
      await enter(way, lines('HostName localhost', 'AddressFamily inet', 'HostKeyAlias the-shop', `UserKnownHostsFile ${alias}`)),
    )
    .toBe(me)
  expect.soft(await enter(way, lines('HostName localhost', 'AddressFamily inet6')), 'AddressFamily').toBe('CONNECTION')

  mkdirSync(join(tests.dir, 'parts'), { recursive: true })
  writeFileSync(
    join(tests.dir, 'parts/one.conf'),
    `Match originalhost sh?p,!shep user ${host.user}\n  Port ${host.port}\nMatch all\n`,
  )
  writeFileSync(join(tests.dir, 'parts/not.text'), 'Port 1\n')
  const including = `Host other\n  Include ${tests.dir}/parts/not.text\nHost shop\n  User ${host.user}\nMatch all\n  Include ${tests.dir}/parts/*.conf\n  Port 1\n`
  expect.soft(await enter(way, including + lines('Port 1')), 'Include and Match').toBe(me)
})

test.each(WAYS)('a line that falls silent, and one that does not come, are given up as configured: %s', async (way) => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const { port } = silent.address() as { port: number }
  writeFileSync(configFile, lines(`Port ${port}`, 'ConnectTimeout 1'))
  await expect(line(way)).rejects.toMatchObject({ code: 'CONNECTION', message: expect.stringContaining('within 1 s') })
  silent.close()

  const proxy = await startProxy(host.port)
  const known = join(tests.dir, 'proxied')
  writeFileSync(known, `[127.0.0.1]:${proxy.port} ${host.hostKey}\n`)
  const to = [`Port ${proxy.port}`, `UserKnownHostsFile ${known}`]
  writeFileSync(configFile, lines(...to))
  const patient = await line(way)
  writeFileSync(configFile, lines(...to, 'ServerAliveInterval 1', 'ServerAliveCountMax 3'))
  const opened = await line(way)
  proxy.freeze()
  expect(await Promise.race([opened.closed.then(() => 'configured'), patient.closed.then(() => 'ours')])).toBe('configured')
  await patient.close()
  proxy.close()
})

test('our reader and ssh -G understand the same', async () => {
  const texts = [
    'Host shop\n HostName %h.example.com\n Port=2222\n User "deploy"\n',
    'Host *\n User a\nHost shop\n User b\n IdentityFile ~/one\n IdentityFile "~/with space"\n IdentityFile ~/one\n',
    'Host !shop *\n Port 1\nHost s*p ?\n Port 2\n',
    'Host other shop # a comment\n ConnectTimeout 1m30s\n ServerAliveInterval 5\n',
    'Match host shop.example.com\n Port 3\nHost shop\n HostName shop.example.com\nMatch host shop.example.com originalhost shop\n Port 4\n',
    'Match !host shop\n Port 5\nMatch all\n IdentitiesOnly true\nMatch user deploy\n Port 6\n',
    'IdentityAgent none\nAddressFamily INET6\nUserKnownHostsFile ~/a "/b c"\nGlobalKnownHostsFile none\nHostKeyAlias x\n',
    '\thost\tshop\n\tport 22\n\n# Port 7\n  User=x\nHost shop\n',
    'Match localuser root,nobody\n HostName there\n',
    'Host shop\n IdentityAgent SSH_AUTH_SOCK\n UserKnownHostsFile none\n',
  ]
  for (const text of texts) {
    writeFileSync(configFile, text)
    const [ssh, own] = await Promise.all([resolve(meant(), { configFile }), resolve(meant(), { configFile, ssh: none() })])
    const comparable = (one: typeof ssh) => ({ ...one, identities: one.chosen ? one.identities : [] })
    expect.soft(comparable(own), text).toEqual(comparable(ssh))
  }
})

test('what only ssh could do or decide is an error that names it, where there is no ssh', async () => {
  const cases: readonly (readonly [string, string])[] = [
    ['ProxyJump bastion', 'shop is reached with ProxyJump bastion, which needs ssh, and there is no'],
    ['ProxyCommand nc "%h" %p', 'ProxyCommand nc "%h" %p, which needs ssh'],
    ['RevokedHostKeys /keys', 'RevokedHostKeys /keys, which needs ssh'],
    ['Match exec "true"', 'ssh_config:1: Match exec can be decided only by ssh, which is not there'],
    ['Include %d/x/*', ''],
    ['Port many', 'ssh_config:1: many is nothing that port can be'],
    ['User "x', 'ssh_config:1: a quote is not closed'],
  ]
  for (const [text, message] of cases) {
    writeFileSync(configFile, `${text}\n`)
    const told = await resolve(meant(), { configFile, ssh: none() }).then(
      () => '',
      (error: { readonly code: string; readonly message: string }) => `${error.code}: ${error.message}`,
    )
    expect.soft(told, text).toContain(message === '' ? '' : 'CONFIG: ')
    expect.soft(told, text).toContain(message)
  }
  writeFileSync(configFile, `Include ${configFile}\n`)
  await expect(resolve(meant(), { configFile, ssh: none() })).rejects.toMatchObject({ message: expect.stringContaining('deep') })
  expect(readFileSync(configFile, 'utf8')).toBe(`Include ${configFile}\n`)
})
