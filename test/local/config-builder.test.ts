import { homedir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadConfig } from '../../src/local/config.ts'
import { buildHost, type SshBuilder } from '../../src/local/config-builder.ts'
import { project } from '../support/project.ts'

const SSH = { type: 'ssh', host: 'ci@build1.example.com:2222', path: '~/builds/shop', run: 'make', output: 'out' }

const PIN = `SHA256:${'a'.repeat(43)}`

async function loaded(builder: object, more: object = {}) {
  const dir = await project({
    'releaser.config.json': JSON.stringify({ app: 'shop', targets: {}, builders: { far: builder }, ...more }),
  })
  const config = await loadConfig({ cwd: dir })
  return { dir, host: buildHost(config.config.builders?.['far'] as SshBuilder, config) }
}

test('a build host is reached as its builder says, else as `defaults` say for targets', async () => {
  const plain = await loaded(SSH)
  expect(plain.host).toEqual({
    host: {
      name: 'build1.example.com:2222',
      host: 'build1.example.com',
      user: 'ci',
      port: 2222,
      path: '~/builds/shop',
      env: {},
      tags: [],
      identity: undefined,
    },
    settings: {},
  })
  const defaults = { identity: 'key', knownHosts: '~/known', agent: true, hostKeys: [PIN], connectTimeout: '5s' }
  const { dir, host } = await loaded({ ...SSH, identity: 'own', agent: false }, { defaults })
  expect(host).toMatchObject({
    host: { identity: join(dir, 'own') },
    settings: {
      identity: join(dir, 'own'),
      knownHosts: join(homedir(), 'known'),
      agent: false,
      hostKeys: [PIN],
      connectTimeout: '5s',
    },
  })
})

test.each<[object, string]>([
  [{ ...SSH, host: '-oX=y' }, 'builders.far.host "-oX=y" starts with a dash, which ssh would take for an option'],
  [{ ...SSH, path: '/' }, 'builders.far.path is the root of the file system'],
  [{ ...SSH, path: undefined }, 'builders.far.path is missing'],
  [{ ...SSH, clean: ['..'] }, 'builders.far.clean[0] ".." leads out of the project'],
  [{ ...SSH, connectTimeout: '5' }, "builders.far.connectTimeout must be a duration such as '30s', '5m', '4h' or '7d'"],
  [{ ...SSH, hostKeys: ['MD5:00:11'] }, 'builders.far.hostKeys[0] "MD5:00:11" is no fingerprint'],
  [{ ...SSH, hots: 'x' }, 'builders.far.hots is not a known key'],
])('%j is refused', async (builder, message) => {
  await expect(loaded(builder)).rejects.toMatchObject({ code: 'CONFIG', message: expect.stringContaining(message) })
})

test('what is cleaned there may have the name of the configuration or the store here', async () => {
  await expect(loaded({ ...SSH, clean: ['*.json', '**/cache'] }, { store: 'cache' })).resolves.toBeDefined()
})
