import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Host } from '../../src/model/target.ts'
import { connector, sshTarget } from '../../src/remote/connect.ts'
import { resolve } from '../../src/remote/ssh-config.ts'
import { startHosts } from '../support/hosts.ts'
import { run } from '../support/run.ts'

const dir = mkdtempSync(join(tmpdir(), 'releaser-config-'))
const configFile = join(dir, 'config')
const home = homedir()

beforeEach(() => {
  vi.stubEnv('SSH_AUTH_SOCK', '/run/agent.sock')
  vi.stubEnv('KEYS', dir)
})
afterEach(() => vi.unstubAllEnvs())
afterAll(() => rmSync(dir, { recursive: true }))

const host = (name: string, over: Partial<Host> = {}): Host => ({
  name,
  host: name,
  user: undefined,
  port: undefined,
  path: 'shop',
  env: {},
  tags: [],
  identity: undefined,
  ...over,
})

function configured(text: string): { configFile: string } {
  writeFileSync(configFile, text)
  return { configFile }
}

const plain = {
  hostname: 'web1',
  port: 22,
  user: userInfo().username,
  alias: undefined,
  chosen: false,
  identitiesOnly: false,
  agent: '/run/agent.sock',
  userKnownHosts: [`${home}/.ssh/known_hosts`, `${home}/.ssh/known_hosts2`],
  globalKnownHosts: ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2'],
  connectTimeout: undefined,
  family: 0,
  beyond: [],
}

test('a host that no configuration names has the defaults', async () => {
  expect(await resolve(host('web1'), configured(''))).toMatchObject({
    ...plain,
    identities: expect.arrayContaining([`${home}/.ssh/id_ed25519`]),
  })
})

test('an alias is what ssh makes of it', async () => {
  const text = `
    Host web1
      HostName 10.0.0.7
      Port 2222
      User deploy
      IdentityFile "\${KEYS}/%n %r key"
      IdentityFile ~/.ssh/second
      IdentitiesOnly yes
      IdentityAgent ~/agent.sock
      UserKnownHostsFile ~/.ssh/mine "${dir}/with space"
      GlobalKnownHostsFile none
      HostKeyAlias shop
      ConnectTimeout 7
      AddressFamily inet6
      ProxyJump none`
  expect(await resolve(host('web1'), configured(text))).toEqual({
    hostname: '10.0.0.7',
    port: 2222,
    user: 'deploy',
    alias: 'shop',
    identities: [`${dir}/web1 deploy key`, `${home}/.ssh/second`],
    chosen: true,
    identitiesOnly: true,
    agent: `${home}/agent.sock`,
    userKnownHosts: [`${home}/.ssh/mine`, `${dir}/with space`],
    globalKnownHosts: [],
    connectTimeout: 7,
    family: 6,
    beyond: [],
  })
})

test('user, port and identity of the config win', async () => {
  const text = 'Host web1\n User other\n Port 2222\n IdentityFile ~/.ssh/other\nMatch user deploy\n HostName 10.0.0.8\n'
  const found = await resolve(host('web1', { user: 'deploy', port: 22, identity: '~/.ssh/deploy' }), configured(text))
  expect(found).toMatchObject({
    hostname: '10.0.0.8',
    port: 22,
    user: 'deploy',
    identities: [`${home}/.ssh/deploy`],
    chosen: true,
    identitiesOnly: true,
  })
})

test('the settings of the target stand above all', async () => {
  const text = 'Host web1\n UserKnownHostsFile ~/.ssh/mine\n GlobalKnownHostsFile none\n ConnectTimeout 7\n'
  const found = await sshTarget(
    host('web1'),
    { identity: '~/key', agent: false, knownHosts: '~/known', connectTimeout: '1m', hostKeys: ['SHA256:x'] },
    configured(text),
  )
  expect(found).toMatchObject({
    name: 'web1',
    identities: [`${home}/key`],
    agent: undefined,
    connectSeconds: 60,
    trust: { host: 'web1', port: 22, alias: undefined, files: [`${home}/known`], pins: ['SHA256:x'] },
  })
  expect((await sshTarget(host('web1'), {}, { configFile })).connectSeconds).toBe(7)
  expect((await sshTarget(host('web2'), {}, { configFile })).connectSeconds).toBe(20)
})

test.each([
  ['none', undefined],
  ['SSH_AUTH_SOCK', '/run/agent.sock'],
  ['$KEYS', dir],
])('IdentityAgent %s', async (said, agent) => {
  expect((await resolve(host('web1'), configured(`IdentityAgent ${said}\n`))).agent).toBe(agent)
})

test.each([['ProxyJump bastion'], ['ProxyCommand nc %h %p'], ['CertificateFile /keys/one-cert.pub']])(
  '%s is told, since only ssh itself can do it',
  async (line) => {
    expect(await resolve(host('web1'), configured(`${line}\n`))).toMatchObject({ beyond: [line] })
    await expect(connector(host('web1'), { transport: 'ssh2' }, configured(`${line}\n`))()).rejects.toMatchObject({
      code: 'CONNECTION',
      message: `web1 is reached with ${line}, which transport: 'ssh2' cannot do`,
    })
  },
)

test('a configuration that ssh refuses is CONFIG, in the words of ssh', async () => {
  await expect(resolve(host('web1'), configured('Host web1\n Prot 22\n'))).rejects.toMatchObject({
    code: 'CONFIG',
    message: `ssh cannot say how to reach web1: ${configFile}: line 2: Bad configuration option: prot`,
    hint: `see what ssh says: ssh -G -F ${configFile} web1`,
  })
})

test('a host called like an option stays a host', async () => {
  const found = await resolve(host('-oProxyCommand=touch /tmp/never'), configured('')).catch((error: unknown) => error)
  expect(found).toMatchObject(found instanceof Error ? { code: 'CONFIG' } : { hostname: '-oproxycommand=touch /tmp/never' })
})

test('where there is no ssh, OpenSSH’s defaults', async () => {
  expect(await resolve(host('web1', { user: 'deploy' }), { ssh: join(dir, 'no-ssh') })).toEqual({
    ...plain,
    user: 'deploy',
    identities: [`${home}/.ssh/id_ed25519`, `${home}/.ssh/id_ecdsa`, `${home}/.ssh/id_rsa`],
  })
})

test('an alias reaches a real host, by option or by RELEASER_SSH_CONFIG', async () => {
  const tests = await startHosts(1)
  const [at] = tests.hosts
  const text = `
    Host shop
      HostName 127.0.0.1
      Port ${at.port}
      User ${at.user}
      IdentityFile ${tests.identity}
      UserKnownHostsFile ${tests.knownHosts}`
  const options = configured(text)
  vi.stubEnv('SSH_AUTH_SOCK', '')
  vi.stubEnv('RELEASER_SSH_CONFIG', configFile)
  for (const connect of [connector(host('shop'), {}, options), connector(host('shop'), {})]) {
    const line = await connect()
    expect(await run(line, ['id', '-un'])).toMatchObject({ stdout: `${at.user}\n` })
    await line.close()
  }
  await tests.stop()
})
