import { homedir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type LoadedConfig, loadConfig, pickBuilder, pickTargets } from '../../src/local/config.ts'
import type { Target } from '../../src/model/target.ts'
import { project } from '../support/project.ts'

async function load(config: unknown): Promise<LoadedConfig> {
  return loadConfig({ cwd: await project({ 'releaser.config.json': JSON.stringify(config) }) })
}

async function target(settings: object, more: object = {}): Promise<Target> {
  const loaded = await load({ app: 'shop', targets: { prod: { hosts: ['web1'], path: '/srv/shop', ...settings } }, ...more })
  return (await pickTargets(loaded, 'prod'))[0] as Target
}

const plain = {
  host: 'web1',
  name: 'web1',
  user: undefined,
  port: undefined,
  path: '/srv/shop',
  env: {},
  tags: [],
  identity: undefined,
}

test('a small configuration, resolved', async () => {
  const config = { app: 'shop', targets: { prod: { hosts: ['web1'], path: '/srv/shop' } } }
  const loaded = await load(config)
  expect(loaded).toEqual({
    file: join(loaded.dir, 'releaser.config.json'),
    dir: loaded.dir,
    config,
    storeDir: join(loaded.dir, '.releaser'),
    asked: new Map(),
    apps: ['shop'],
    targets: new Map([
      ['prod', { name: 'prod', app: 'shop', path: '/srv/shop', hosts: [plain], keep: 5, hooks: {}, confirmSeconds: 60 }],
    ]),
  })
})

test('defaults lie under every target, deeply where maps meet', async () => {
  const loaded = await load({
    app: 'shop',
    defaults: {
      path: '/srv/shop',
      keep: 3,
      confirm: '2m',
      protected: true,
      hooks: { 'pre-deploy': 'a', 'post-deploy': 'b' },
      shared: { dirs: ['log'], files: ['x.json'] },
    },
    targets: {
      prod: { hosts: ['web1'], keep: 7, hooks: { 'post-deploy': 'c' }, shared: { dirs: ['./up loads//'] } },
      staging: { hosts: ['web2'], path: 'apps/shop', confirm: false, protected: false },
    },
  })
  const base = { app: 'shop', protected: true }
  expect(await pickTargets(loaded, 'prod,staging')).toEqual([
    {
      ...base,
      name: 'prod',
      path: '/srv/shop',
      hosts: [plain],
      keep: 7,
      confirmSeconds: 120,
      hooks: { 'pre-deploy': 'a', 'post-deploy': 'c' },
      shared: { dirs: ['up loads'], files: ['x.json'] },
    },
    {
      ...base,
      name: 'staging',
      path: 'apps/shop',
      hosts: [{ ...plain, host: 'web2', name: 'web2', path: 'apps/shop' }],
      keep: 3,
      confirmSeconds: 0,
      hooks: { 'pre-deploy': 'a', 'post-deploy': 'b' },
      shared: { dirs: ['log'], files: ['x.json'] },
      protected: false,
    },
  ])
})

test('hosts as strings and as entries', async () => {
  const hosts = [
    'deploy@web1:2222',
    '[::1]:22',
    { host: 'web1', port: 2223, user: 'deploy', tags: ['eu'], path: '/srv/two' },
    { host: '::1', port: 24, name: 'six' },
    { host: 'ana@web3:25' },
  ]
  expect((await target({ hosts })).hosts).toEqual([
    { ...plain, name: 'web1:2222', user: 'deploy', port: 2222 },
    { ...plain, name: '[::1]:22', host: '::1', port: 22 },
    { ...plain, name: 'web1:2223', user: 'deploy', port: 2223, tags: ['eu'], path: '/srv/two' },
    { ...plain, name: 'six', host: '::1', port: 24 },
    { ...plain, name: 'web3:25', host: 'web3', user: 'ana', port: 25 },
  ])
})

test('files of this machine lie beside the configuration, or at home', async () => {
  const hosts = ['web1', { host: 'web2', identity: 'keys/two' }]
  const dir = await project({
    'releaser.config.json': JSON.stringify({
      app: 'shop',
      store: '~/releases',
      targets: { prod: { hosts, path: '~/shop', identity: '~/.ssh/id', knownHosts: 'known_hosts' } },
    }),
  })
  const loaded = await loadConfig({ cwd: dir })
  expect(loaded.storeDir).toBe(join(homedir(), 'releases'))
  expect(loaded.targets.get('prod')).toMatchObject({
    path: '~/shop',
    identity: join(homedir(), '.ssh/id'),
    knownHosts: join(dir, 'known_hosts'),
    hosts: [{ identity: join(homedir(), '.ssh/id') }, { identity: join(dir, 'keys/two') }],
  })
})

test('of several apps a target names one', async () => {
  const loaded = await load({
    apps: { shop: {}, admin: {} },
    targets: { one: { hosts: ['a'], path: '/srv/a', app: 'admin' }, two: { hosts: ['a'], path: '/srv/b', app: 'shop' } },
  })
  expect(loaded.apps).toEqual(['shop', 'admin'])
  expect([...loaded.targets.values()].map(({ app }) => app)).toEqual(['admin', 'shop'])
})

test('commands keep their lines, tabs included', async () => {
  const run = 'set -e\n\tmake\n'
  expect((await target({ hooks: { 'post-activate': { run, timeout: '30s' } } })).hooks).toEqual({
    'post-activate': { run, timeout: '30s' },
  })
})

describe('pickTargets', () => {
  const config = {
    app: 'shop',
    targets: { prod: { hosts: ['a'], path: '/a' }, staging: { hosts: ['a'], path: '/b' } },
    groups: { all: ['staging', 'live'], live: ['prod'] },
  }
  const names = async (loaded: LoadedConfig, text: string | undefined) =>
    (await pickTargets(loaded, text)).map(({ name }) => name)

  test('takes targets and groups, each once, in order', async () => {
    const loaded = await load(config)
    expect(await names(loaded, 'prod')).toEqual(['prod'])
    expect(await names(loaded, 'staging,prod,staging')).toEqual(['staging', 'prod'])
    expect(await names(loaded, 'all')).toEqual(['staging', 'prod'])
    expect(await names(loaded, 'live,all')).toEqual(['prod', 'staging'])
  })

  test('refuses a name that is none, with what may have been meant', async () => {
    const loaded = await load(config)
    await expect(names(loaded, 'prodd')).rejects.toThrow(
      expect.objectContaining({
        code: 'USAGE',
        message: `there is no target "prodd" in ${loaded.file}`,
        hint: 'did you mean "prod"?',
      }),
    )
    await expect(names(loaded, 'constructor')).rejects.toThrow(expect.objectContaining({ code: 'USAGE' }))
  })

  test('without a name it says which there are, even if there is one', async () => {
    const hint = 'say which: target=prod or target=staging or target=all or target=live'
    const loaded = await load(config)
    await expect(names(loaded, undefined)).rejects.toThrow(
      expect.objectContaining({ code: 'USAGE', message: 'no target is named', hint }),
    )
    const one = await load({ app: 'shop', targets: { prod: { hosts: ['a'], path: '/a' } } })
    await expect(names(one, ' '.trim())).rejects.toThrow(
      expect.objectContaining({ code: 'USAGE', hint: 'say which: target=prod' }),
    )
  })
})

describe('pickBuilder', () => {
  const make = (run: string) => ({ type: 'command', run, output: 'out' })
  const targets = { prod: { hosts: ['a'], path: '/a' }, web: { hosts: ['a'], path: '/b', builder: 'api' } }
  const pick = (loaded: LoadedConfig, options: { builder?: string; target?: string }) =>
    pickBuilder(loaded, {
      builder: options.builder,
      target: options.target === undefined ? undefined : loaded.targets.get(options.target),
    })

  test('the one named, else the target’s, else the one of its name', async () => {
    const loaded = await load({ app: 'shop', targets, builders: { api: make('a'), prod: make('p'), web: make('w') } })
    expect(pick(loaded, { builder: 'api', target: 'prod' }).name).toBe('api')
    expect(pick(loaded, { target: 'web' }).name).toBe('api')
    expect(pick(loaded, { target: 'prod' })).toEqual({ name: 'prod', builder: { ...make('p'), hooks: {} } })
    expect(() => pick(loaded, {})).toThrow(
      expect.objectContaining({
        code: 'USAGE',
        message: 'there are 3 builders',
        hint: 'say which: builder=api or builder=prod or builder=web',
      }),
    )
    expect(() => pick(loaded, { builder: 'apo' })).toThrow(
      expect.objectContaining({ code: 'USAGE', hint: 'did you mean "api"?' }),
    )
  })

  test('else its app’s, else the only one', async () => {
    const loaded = await load({ app: 'shop', targets, builders: { api: make('a') } })
    expect(pick(loaded, {}).name).toBe('api')
    expect(pick(loaded, { target: 'prod' }).name).toBe('api')
    const apps = await load({
      apps: { shop: { builder: 'two' }, admin: {} },
      targets: { prod: { hosts: ['a'], path: '/a', app: 'shop' } },
      builders: { one: make('1'), two: make('2') },
    })
    expect(pick(apps, { target: 'prod' }).name).toBe('two')
    expect(pickBuilder(apps, { app: 'shop' }).name).toBe('two')
  })

  test('without any, it says how to get one', async () => {
    const loaded = await load({ app: 'shop', targets: { prod: targets.prod } })
    expect(() => pick(loaded, {})).toThrow(expect.objectContaining({ code: 'CONFIG', message: `${loaded.file} has no builder` }))
  })

  test('a target’s own build hooks stand in where the builder has none', async () => {
    const loaded = await load({
      app: 'shop',
      targets: { prod: { hosts: ['a'], path: '/a', hooks: { 'pre-build': 'target', 'post-build': 'target' } } },
      builders: { api: { ...make('a'), hooks: { 'pre-build': 'builder' } } },
    })
    expect(pick(loaded, { target: 'prod' }).builder.hooks).toEqual({ 'pre-build': 'builder', 'post-build': 'target' })
    expect(pick(loaded, {}).builder.hooks).toEqual({ 'pre-build': 'builder' })
  })
})
