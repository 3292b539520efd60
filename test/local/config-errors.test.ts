import { describe, expect, test } from 'vitest'
import { loadConfig } from '../../src/local/config.ts'
import { ReleaserError } from '../../src/model/errors.ts'
import { project } from '../support/project.ts'

/** What is wrong with a configuration, in the words a person sees; FILE stands for its path. */
async function problem(config: unknown): Promise<{ message: string; hint: string | undefined }> {
  const dir = await project({ 'releaser.config.json': JSON.stringify(config) })
  const error = await loadConfig({ cwd: dir }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof ReleaserError)) throw new Error(`no error of ours: ${error}`)
  expect([error.code, error.exitCode]).toEqual(['CONFIG', 2])
  const plain = (text: string) => text.replaceAll(`${dir}/releaser.config.json`, 'FILE')
  return { message: plain(error.message), hint: error.hint === undefined ? undefined : plain(error.hint) }
}

const prod = { hosts: ['web1'], path: '/srv/shop' }
const withTarget = (settings: object) => ({ app: 'shop', targets: { prod: { ...prod, ...settings } } })
const withBuilder = (settings: object) => ({
  app: 'shop',
  targets: {},
  builders: { site: { type: 'command', run: 'make', output: 'out', ...settings } },
})

test('a mistyped key: its path, the file, and what may have been meant', async () => {
  expect(await problem(withTarget({ kep: 3 }))).toEqual({
    message: 'targets.prod.kep is not a known key, in FILE',
    hint: 'did you mean "keep"?',
  })
})

test('several problems are all told', async () => {
  const config = { ...withTarget({ kep: 3, keep: 0, watch: {}, confirm: '1 minute' }), defualts: {} }
  expect(await problem(config)).toEqual({
    message: `5 problems in FILE:
  targets.prod.watch is not supported by this version of releaser (leave it out)
  targets.prod.keep must be a whole number of at least 1, not 0
  targets.prod.confirm must be a duration such as '30s', '5m', '4h' or '7d'
  targets.prod.kep is not a known key (did you mean "keep"?)
  defualts is not a known key (did you mean "defaults"?)`,
    hint: 'mend them in FILE',
  })
})

describe('a single problem', () => {
  test.each<[string, unknown, string, string?]>([
    ['no object', [], 'the configuration must be an object, not a list'],
    ['null', null, 'the configuration must be an object, not null'],
    ['no targets', { app: 'shop' }, 'targets is missing'],
    ['no app', { targets: {} }, 'app is missing', "name what is deployed: app: 'shop'"],
    ['app and apps', { app: 'a', apps: { b: {} }, targets: {} }, 'app and apps exclude each other', 'keep one of them'],
    [
      'a bad app',
      { app: 'my shop', targets: {} },
      'app "my shop" is not a name: letters, digits and . _ + ~ - (at most 100, the first a letter or digit)',
    ],
    [
      'a bad target name',
      { app: 'shop', targets: { 'a/b': prod } },
      'targets.a/b "a/b" is not a name: letters, digits and . _ + ~ - (at most 100, the first a letter or digit)',
    ],
    ['which app', { apps: { a: {}, b: {} }, targets: { prod } }, 'targets.prod.app is missing', 'name one of a, b'],
    [
      'an unknown app',
      withTarget({ app: 'shopp' }),
      'targets.prod.app names "shopp", which is no app of this configuration',
      'did you mean "shop"?',
    ],
    [
      'an unknown builder',
      withTarget({ builder: 'x' }),
      'targets.prod.builder names "x", which is no builder of this configuration',
      'there is nothing to choose from',
    ],
    [
      'an unknown group member',
      { ...withTarget({}), groups: { all: ['prod', 'prd'] } },
      'groups.all[1] names "prd", which is no target and no group',
      'did you mean "prod"?',
    ],
    [
      'a group that is a target',
      { ...withTarget({}), groups: { prod: [] } },
      'groups.prod has the name of a target',
      'give it another name',
    ],
    [
      'no hosts',
      { app: 'shop', targets: { prod: { path: '/srv' } } },
      'targets.prod.hosts is missing',
      "write hosts: ['user@host']",
    ],
    ['empty hosts', withTarget({ hosts: [] }), 'targets.prod.hosts is empty', "write hosts: ['user@host']"],
    [
      'no path',
      { app: 'shop', targets: { prod: { hosts: ['web1'] } } },
      'targets.prod.path is missing',
      "write path: '/srv/shop'",
    ],
    ['a number as host', withTarget({ hosts: ['web1', 3] }), 'targets.prod.hosts[1] must be a string or an object, not 3'],
    [
      'a host that is an option',
      withTarget({ hosts: ['-oX=y'] }),
      'targets.prod.hosts[0] "-oX=y" starts with a dash, which ssh would take for an option',
      "write 'host', 'user@host', 'user@host:port' or 'user@[::1]:22'",
    ],
    [
      'a bad port',
      withTarget({ hosts: [{ host: 'web1', port: 70_000 }] }),
      'targets.prod.hosts[0].port must be a port from 1 to 65535',
    ],
    [
      'a mistyped host key',
      withTarget({ hosts: [{ host: 'web1', portt: 22 }] }),
      'targets.prod.hosts[0].portt is not a known key',
      'did you mean "port"?',
    ],
    [
      'an option as a host on the way',
      withTarget({ jump: 'bastion,-oX=y' }),
      'targets.prod.jump "-oX=y" starts with a dash, which ssh would take for an option',
    ],
    [
      'a range backwards',
      withTarget({ hosts: ['web[3:1]'] }),
      'targets.prod.hosts[0] "web[3:1]" has a range that cannot be: [3:1]',
      "write 'web[01:20].example.com'",
    ],
    [
      'one name for several hosts',
      withTarget({ hosts: [{ host: 'web[1:3]', name: 'web' }] }),
      'targets.prod.hosts[0].name cannot be the name of 3 hosts',
      'leave it out',
    ],
    [
      'no part of hosts',
      withTarget({ strategy: { batch: '0%' } }),
      'targets.prod.strategy.batch "0%" is not a part from 1% to 100%',
    ],
    ['a bad user', withTarget({ hosts: [{ host: 'web1', user: '$(x)' }] }), 'targets.prod.hosts[0].user "$(x)" is no user name'],
    [
      'two users',
      withTarget({ hosts: [{ host: 'a@web1', user: 'b' }] }),
      'targets.prod.hosts[0] names its user twice',
      'leave it out of "a@web1"',
    ],
    [
      'two ports',
      withTarget({ hosts: [{ host: 'web1:1', port: 2 }] }),
      'targets.prod.hosts[0] names its port twice',
      'leave it out of "web1:1"',
    ],
    [
      'two hosts of one name',
      withTarget({ hosts: ['a@web1', 'b@web1'] }),
      'targets.prod.hosts[1] is called "web1", as is hosts[0]',
      "give it a name of its own: { host: …, name: 'web2' }",
    ],
    [
      'one directory twice',
      withTarget({ hosts: ['web1', { host: 'web1', name: 'web2' }] }),
      'targets.prod.hosts[1] is the same directory as hosts[0]',
      'give it another path, or leave it out',
    ],
    ['the root', withTarget({ path: '//' }), 'targets.prod.path is the root of the file system'],
    [
      'a pin that is no fingerprint',
      withTarget({ hostKeys: [`SHA256:${'x'.repeat(42)}`] }),
      `targets.prod.hostKeys[0] "SHA256:${'x'.repeat(42)}" is no fingerprint: write what ssh-keygen -lf says, SHA256: and 43 characters`,
    ],
    ['an empty path', withTarget({ path: ' ' }), 'targets.prod.path is empty'],
    ['a path with ..', withTarget({ path: '/srv/../x' }), 'targets.prod.path "/srv/../x" holds ..'],
    ['a path with a newline', withTarget({ path: '/srv\n' }), 'targets.prod.path holds a control character'],
    [
      'another home',
      withTarget({ path: '~ana/x' }),
      `targets.prod.path "~ana/x" names another user's home: write ~/… or an absolute path`,
    ],
    ['an option as path', withTarget({ path: '-x' }), 'targets.prod.path "-x" starts with a dash: write ./-x'],
    [
      'a bad default path',
      { app: 'shop', defaults: { path: '/' }, targets: { prod } },
      'defaults.path is the root of the file system',
    ],
    [
      'an absolute shared dir',
      withTarget({ shared: { dirs: ['/x'] } }),
      'targets.prod.shared.dirs[0] "/x" must be relative to the release',
    ],
    ['a shared dir with ..', withTarget({ shared: { dirs: ['a/../b'] } }), 'targets.prod.shared.dirs[0] "a/../b" holds ..'],
    ['the release as shared', withTarget({ shared: { dirs: ['./'] } }), 'targets.prod.shared.dirs[0] "./" is the release itself'],
    [
      'shared env',
      withTarget({ shared: { files: ['env'] } }),
      `targets.prod.shared.files[0] "env" is taken: releaser keeps the app's environment in shared/env`,
    ],
    [
      'shared in shared',
      withTarget({ shared: { dirs: ['a'], files: ['./a/b'] } }),
      'targets.prod.shared holds "a/b", which lies in "a"',
      'leave "a/b" out',
    ],
    ['shared twice', withTarget({ shared: { dirs: ['a', 'a/'] } }), 'targets.prod.shared names "a" twice', 'leave "a" out'],
    ...(
      [
        [{ from: '/a', to: 'b' }, '.from "/a" must be relative to the release'],
        [{ from: 'a', to: '../b' }, '.to "../b" holds ..'],
        [{ from: 'a', to: './' }, '.to "./" is the release itself'],
        [{ from: 'a' }, '.to is missing'],
        [{ from: 'a', to: 'b', mode: '4755' }, ".mode must be permissions such as '0600' or '0644', readable for the owner"],
        [{ from: 'a', to: 'b', mode: '0200' }, ".mode must be permissions such as '0600' or '0644', readable for the owner"],
      ] as const
    ).map(([template, says]): [string, unknown, string] => [
      `the template ${JSON.stringify(template)}`,
      withTarget({ templates: [template] }),
      `targets.prod.templates[0]${says}`,
    ]),
    ...(
      [
        ['from', 'a/b', 'a'],
        ['to', 'a', 'a/b'],
      ] as const
    ).map(([key, path, shared]): [string, unknown, string, string] => [
      `a template whose ${key} is shared`,
      withTarget({ templates: [{ from: 'x', to: 'y', [key]: path }], shared: { dirs: [shared] } }),
      `targets.prod.templates[0].${key} "${path}" and "${shared}" of shared lie in one another`,
      'what is shared is no part of a release: choose another path',
    ]),
    [
      'a file rendered twice',
      withTarget({ templates: ['a', 'b'].map((from) => ({ from, to: 'c' })) }),
      'targets.prod.templates renders "c" twice',
      'leave one of them out, or choose another path',
    ],
    [
      'a hook here that no host waits for',
      withTarget({ confirm: false, hooks: { 'post-start': { run: 'x', on: 'local' } } }),
      "targets.prod.hooks.post-start.on cannot be 'local' with confirm: false, since no host waits for it then",
      "leave confirm: false out, or write the hook as 'post-deploy'",
    ],
    ['keep 0', withTarget({ keep: 0 }), 'targets.prod.keep must be a whole number of at least 1, not 0'],
    ['keep 1.5', withTarget({ keep: 1.5 }), 'targets.prod.keep must be a whole number of at least 1, not 1.5'],
    ['keep as text', withTarget({ keep: '5' }), 'targets.prod.keep must be a whole number of at least 1, not "5"'],
    ['confirm true', withTarget({ confirm: true }), 'targets.prod.confirm must be a string or false, not true'],
    ['confirm 0', withTarget({ confirm: '0s' }), `targets.prod.confirm must be a duration such as '30s', '5m', '4h' or '7d'`],
    [
      'a bad choice',
      withTarget({ reuse: 'hardlinks' }),
      `targets.prod.reuse must be 'copy' or 'hardlink', not "hardlinks"`,
      'did you mean "hardlink"?',
    ],
    [
      'an unknown hook',
      withTarget({ hooks: { 'pre-deplyo': 'x' } }),
      'targets.prod.hooks.pre-deplyo is not a known key',
      'did you mean "pre-deploy"?',
    ],
    ['a hook without command', withTarget({ hooks: { 'pre-deploy': {} } }), 'targets.prod.hooks.pre-deploy.run is missing'],
    ['an empty hook', withTarget({ hooks: { 'pre-deploy': ' ' } }), 'targets.prod.hooks.pre-deploy is empty'],
    [
      'a hook of another kind',
      withTarget({ hooks: { 'pre-deploy': ['a'] } }),
      'targets.prod.hooks.pre-deploy must be a string or an object, not a list',
    ],
    [
      'a NUL in a command',
      withTarget({ hooks: { 'pre-deploy': 'a\0' } }),
      'targets.prod.hooks.pre-deploy holds a control character',
    ],
    [
      'a build hook elsewhere',
      withBuilder({ hooks: { 'pre-build': { run: 'x', on: 'remote' } } }),
      `builders.site.hooks.pre-build.on must be 'local', not "remote"`,
      'there is: local',
    ],
    [
      'a deploy hook of a builder',
      withBuilder({ hooks: { 'pre-deploy': 'x' } }),
      'builders.site.hooks.pre-deploy is not a known key',
      'there is: pre-build, post-build',
    ],
    [
      'no type of builder',
      withBuilder({ type: undefined }),
      'builders.site.type is missing',
      "write 'command' or 'docker' or 'ssh' or 'module'",
    ],
    ['no command', withBuilder({ run: undefined }), 'builders.site.run is missing'],
    [
      'a bad environment',
      withBuilder({ env: { 'A-B': 'x' } }),
      'builders.site.env.A-B is not a name for an environment variable',
    ],
    ['our environment', withBuilder({ env: { RELEASER_APP: 'x' } }), 'builders.site.env.RELEASER_APP is set by releaser itself'],
    [
      'a bad version',
      withBuilder({ version: '1 0' }),
      'builders.site.version "1 0" is not a name: letters, digits and . _ + ~ - (at most 100, the first a letter or digit)',
    ],
    ['clean everything', withBuilder({ clean: ['**'] }), 'builders.site.clean[0] "**" would remove the whole project'],
    ['clean outside', withBuilder({ clean: ['../x'] }), 'builders.site.clean[0] "../x" leads out of the project'],
    [
      'clean the repository',
      withBuilder({ clean: ['.git'] }),
      'builders.site.clean[0] ".git" would remove what cannot be built again',
    ],
    [
      'clean this',
      withBuilder({ clean: ['*.json'] }),
      'builders.site.clean[0] "*.json" would remove this configuration',
      'name what the build makes',
    ],
    [
      'clean the store',
      { ...withBuilder({ clean: ['var/st*/x'] }), store: 'var/store' },
      'builders.site.clean[0] "var/st*/x" would remove the store',
      'name what the build makes',
    ],
    [
      'a journal without systemd',
      withTarget({ logs: ['a.log', 'journal'], runner: { start: 'x' } }),
      'targets.prod.logs[1] names the journal, which has only what systemd runs',
      "have systemd run the app (runner: 'systemd'), or name files below path",
    ],
  ])('%s', async (_, config, message, hint = 'mend it in FILE') => {
    expect(await problem(config)).toEqual({ message: `${message}, in FILE`, hint })
  })
})

const WHOM =
  "write 'age1…' as age-keygen prints it, or the public key of a pair made by ssh-keygen (ed25519, or rsa of 2048 bits)"

test.each([
  ['nothing', {}, 'backup names nothing to back up', "write paths: ['shared/uploads'], or a command that dumps"],
  ['itself', { paths: ['backups/x'] }, 'backup.paths[0] "backups/x" would have backups in backups: name what the app keeps'],
  ['what is elsewhere', { paths: ['/etc'] }, 'backup.paths[0] "/etc" must be relative to the target\'s path'],
  [
    'no day',
    { command: 'x', schedule: 'dayly' },
    "backup.schedule \"dayly\" is no schedule: write 'hourly', 'daily', 'weekly' or 'monthly', as in 'daily at 03:30', or the five fields of a crontab",
  ],
  ['a lock without key', { command: 'x', encryptTo: '' }, `backup.encryptTo names nobody: ${WHOM}`],
  [
    'a lock with another key',
    { command: 'x', encryptTo: 'age1x' },
    `backup.encryptTo holds what is no public key of age or SSH (entry 1 of 1): ${WHOM}`,
  ],
  [
    'a key beside the lock',
    { command: 'x', encryptTo: 'AGE-SECRET-KEY-1Y543P9H5GJLWRJ3SJMNSAWW3N5R0XVUGGT97J6JXWR5XV38VJEYQA9U92R' },
    'backup.encryptTo is a private key, which opens backups: keep it away from here and from hosts, and write the public key that belongs to it',
  ],
  [
    'which nobody hears',
    { command: 'x', heartbeat: 'example.com' },
    'backup.heartbeat is no address: write https://…, in ASCII and without blanks',
  ],
  [
    'which tells nobody',
    { command: 'x', onFailure: 'https://example.com/a b' },
    'backup.onFailure is no address: write https://…, in ASCII and without blanks',
  ],
  [
    'a proof of what the host cannot read',
    { command: 'x', encryptTo: 'age1pgs2aa2v0ld334xx0lujq4yge9ngv8rkcxtfjgydwq6sq4qqzddsskqw47', verifyEvery: 'weekly' },
    'backup.verifyEvery cannot be where there is encryptTo: a host cannot open what is encrypted',
    'leave it out, and let a machine of yours that has the key run releaser backup-verify identity=FILE',
  ],
  [
    'no rhythm',
    { command: 'x', verifyEvery: '3d' },
    "backup.verifyEvery \"3d\" is no schedule: write 'hourly', 'daily', 'weekly' or 'monthly', as in 'daily at 03:30', or the five fields of a crontab",
  ],
  ['a thing twice', { paths: ['shared', './shared//a/'] }, 'backup.paths holds "shared/a" twice', 'leave "shared/a" out'],
])('a backup of %s', async (_, backup, message, hint = 'mend it in FILE') => {
  expect(await problem(withTarget({ backup }))).toEqual({ message: `targets.prod.${message}, in FILE`, hint })
})

test('groups that contain each other', async () => {
  const { message } = await problem({ ...withTarget({}), groups: { a: ['b'], b: ['a', 'prod'] } })
  expect(message).toBe(`2 problems in FILE:
  groups.a contains itself (take it out of the groups that it names)
  groups.b contains itself (take it out of the groups that it names)`)
})

describe('not supported yet', () => {
  const cases: [unknown, string][] = [
    [{ ...withTarget({}), notify: [] }, 'notify'],
    [{ ...withTarget({}), store: 's3://bucket/x' }, 'store'],
    ...(
      [
        ['watch', { follow: 'store' }],
        ['notify', []],
        ['onFailure', 'keep'],
      ] as const
    ).map(([key, value]): [unknown, string] => [withTarget({ [key]: value }), `targets.prod.${key}`]),
    ...['pre-upgrade', 'post-upgrade'].map((hook): [unknown, string] => [
      withTarget({ hooks: { [hook]: 'x' } }),
      `targets.prod.hooks.${hook}`,
    ]),
    ...[
      ['pre-deploy', 'remote'],
      ['pre-configure', 'local'],
      ['pre-start', 'local'],
      ['post-backup', 'local'],
      ['post-backup', 'first'],
      ['on-failure', 'remote'],
    ].map(([hook = '', on]): [unknown, string] => [
      withTarget({ hooks: { [hook]: { run: 'x', on } } }),
      `targets.prod.hooks.${hook}.on`,
    ]),
  ]

  test.each(cases)('%j', async (config, path) => {
    const { message } = await problem(config)
    // What else is wrong within it is another version's business, so it may come with company only outside of it.
    expect(message.split('\n').filter((line) => line.includes('is not supported by this version of releaser'))).toEqual([
      expect.stringContaining(`${path} is not supported by this version of releaser`),
    ])
  })

  test('but the values that are as if left out are fine', async () => {
    const dir = await project({
      'releaser.config.json': JSON.stringify({
        ...withTarget({ runner: 'none', transport: 'ssh2', onFailure: 'rollback' }),
        ...{ groups: { all: ['prod'] } },
      }),
    })
    expect((await loadConfig({ cwd: dir })).targets.get('prod')).toMatchObject({
      runner: 'none',
      transport: 'ssh2',
      onFailure: 'rollback',
    })
  })
})
