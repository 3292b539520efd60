import { execFileSync } from 'node:child_process'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { loadConfig } from '../../src/local/config.ts'
import { ReleaserError } from '../../src/model/errors.ts'
import { hasControl } from '../../src/model/name.ts'
import { connector } from '../../src/remote/connect.ts'
import { startHosts, type TestHosts } from '../support/hosts.ts'
import { type Laptop, laptop, targetOn, trusting } from '../support/laptop.ts'
import { project } from '../support/project.ts'
import { run } from '../support/run.ts'
import { listTree } from '../support/tree.ts'

// Many calls of the command line; on a busy machine each takes seconds.
vi.setConfig({ testTimeout: 300_000 })

/** Names that peers have run, climbed out by, or lost. What they would do shows in a file `hit`. */
const NAMES = [
  ...[
    '-n',
    '--',
    '-oProxyCommand=touch hit',
    '--upload-pack=touch hit',
    '-',
    '.',
    '..',
    '../..',
    '../hit',
    'a/../../hit',
    '/',
    '/etc/passwd',
  ],
  ...[
    'a/b',
    '~',
    '~root',
    '~/hit',
    '$(touch hit)',
    '`touch hit`',
    '; touch hit',
    'a;touch hit',
    '&& touch hit',
    '| touch hit',
    '> hit',
  ],
  ...[
    'a>hit',
    '$HOME',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a shell's
    '${IFS}',
    "it's",
    "'; touch hit; '",
    '"; touch hit; "',
    '"',
    "'",
    '\\',
    'back\\slash',
    'a\nb',
    '\ntouch hit\n',
    'a\tb',
  ],
  ...[
    'a\rb',
    'a b',
    ' a',
    'a ',
    ' ',
    '',
    '*',
    '?',
    '[a-z]',
    '{a,b}',
    '!',
    '!!',
    '#',
    '#a',
    '%n',
    '%s%s%s',
    '%',
    '&',
    'a&b',
    '=',
    'a=b',
    'a,b',
  ],
  ...[
    '@',
    '@a',
    'a@b@c',
    ':',
    'a:b',
    '::1',
    '[::1]',
    '[::1]:22',
    'a:99999',
    'a:-1',
    '\u001b[2J',
    '\u001b]0;hit\u0007',
    '\u009b31m',
    '\u0000',
    'a\u0000b',
  ],
  ...[
    '\u202ecod.exe',
    '\ufeffa',
    '\u2028',
    'caf\u00e9',
    '漢字',
    '🚀',
    '__proto__',
    'constructor',
    'toString',
    'CON',
    'x'.repeat(101),
    'x'.repeat(70_000),
  ],
]
const harmless = (text: string): boolean => !['\u001b', '\u0007', '\u009b', '\u202e', '\u0000'].some((bad) => text.includes(bad))

let hosts: TestHosts
let mine: Laptop
beforeAll(async () => {
  hosts = await startHosts(1)
  mine = await laptop({ 'app/index.html': 'x' }, { keep: true })
  await mine.configure({ prod: targetOn(hosts, 'shop') })
  expect(await mine.call('build')).toMatchObject({ code: 0 })
  expect(await mine.call('deploy', 'target=prod', '--yes')).toMatchObject({ code: 0 })
})
afterAll(async () => {
  await hosts?.stop()
  if (mine) await rm(dirname(mine.dir), { recursive: true, force: true })
})

test(`${NAMES.length} hostile names, in each place of a configuration: refused in harmless words, or kept as they are`, async () => {
  expect(new Set(NAMES).size).toBeGreaterThanOrEqual(60)
  const dir = await project({})
  const file = join(dir, 'releaser.config.json')
  const target = { hosts: ['web1'], path: '/srv/shop' }
  const places: Readonly<Record<string, (name: string) => object>> = {
    app: (name) => ({ app: name, targets: { prod: target } }),
    apps: (name) => ({ apps: { [name]: {}, shop: {} }, targets: { prod: { ...target, app: 'shop' } } }),
    target: (name) => ({ app: 'shop', targets: { [name]: target, prod: target } }),
    group: (name) => ({ app: 'shop', targets: { prod: target }, groups: { [name]: ['prod'] } }),
    builder: (name) => ({
      app: 'shop',
      targets: { prod: target },
      builders: { [name]: { type: 'command', run: 'x', output: 'y' } },
    }),
    version: (name) => ({
      app: 'shop',
      targets: { prod: target },
      builders: { b: { type: 'command', run: 'x', output: 'y', version: name } },
    }),
    host: (name) => ({ app: 'shop', targets: { prod: { ...target, hosts: [name] } } }),
    'host.host': (name) => ({ app: 'shop', targets: { prod: { ...target, hosts: [{ host: name }] } } }),
    'host.name': (name) => ({ app: 'shop', targets: { prod: { ...target, hosts: [{ host: 'web1', name }] } } }),
    user: (name) => ({ app: 'shop', targets: { prod: { ...target, hosts: [{ host: 'web1', user: name }] } } }),
    tag: (name) => ({ app: 'shop', targets: { prod: { ...target, tags: [name] } } }),
    jump: (name) => ({ app: 'shop', targets: { prod: { ...target, jump: name } } }),
    command: (name) => ({ app: 'shop', targets: { prod: { ...target, commands: { [name]: 'true' } } } }),
    env: (name) => ({ app: 'shop', targets: { prod: { ...target, env: { [name]: 'x' } } } }),
  }
  const kept: Record<string, string[]> = {}
  for (const [place, configOf] of Object.entries(places))
    for (const name of NAMES) {
      await writeFile(file, JSON.stringify(configOf(name)))
      try {
        const loaded = await loadConfig({ file, cwd: dir })
        // The one key that no object of ours takes over: as if it were not there.
        if (name !== '__proto__')
          expect(JSON.stringify([loaded, [...loaded.targets]])).toContain(JSON.stringify(name).slice(1, -1))
        kept[place] = [...(kept[place] ?? []), name]
      } catch (error) {
        if (!(error instanceof ReleaserError)) throw error
        expect([place, name, error.code, error.exitCode]).toEqual([place, name, 'CONFIG', 2])
      }
    }
  // Where there is a grammar of names only these keep it; hosts and users are as ssh has them.
  const plain = ['constructor', 'toString', 'CON']
  for (const place of ['app', 'version', 'host.name', 'tag']) expect([place, kept[place]]).toEqual([place, plain])
  for (const place of ['apps', 'target', 'group', 'builder', 'command'])
    expect([place, kept[place]]).toEqual([place, ['__proto__', ...plain]])
  for (const place of ['host', 'host.host', 'user', 'jump'])
    for (const name of kept[place] ?? [])
      expect([place, /^-|[\s;|&$`'"<>()\\]|\p{C}/u.test(name), name.length < 300]).toEqual([place, false, true])
  expect((await listTree(dir)).map((line) => line.split(' ')[0])).toEqual(['releaser.config.json'])
})

test('the same names as words of commands, and none is obeyed', async () => {
  const git = (...words: readonly string[]) =>
    execFileSync('git', ['-c', 'user.name=me', '-c', 'user.email=me@x', ...words], {
      cwd: mine.dir,
      env: { ...process.env, ...mine.env },
    })
  git('init', '-q')
  await writeFile(join(mine.dir, '.gitignore'), '.releaser\nout\n')
  git('add', '.')
  git('commit', '-qm', "'; touch hit; \u001b]0;hit\u0007 $(touch hit)")
  for (const branch of ['a;$(touch$IFS-hit)`touch$IFS-hit`', `"it's"`, 'caf\u00e9\u202e']) {
    git('checkout', '-q', '-b', branch)
    const { code, last } = await mine.call('build', `ref=${branch}`)
    expect([branch, code, last]).toMatchObject([branch, 0, { release: { git: { branch } } }])
  }
  const before = (await listTree(mine.dir)).map((line) => line.split(' ')[0])
  const places = [
    'deploy target=',
    'deploy target=prod release=',
    'deploy target=prod host=',
    'build version=',
    'build tag=',
    'build ref=',
    'build app=',
    'build builder=',
    'restore target=prod backup=',
    'show release=',
    'rollback target=prod release=',
    'init template=generic name=',
  ]
  // Those that would do something; no process can be given a NUL.
  const worst = NAMES.filter((name) => /hit|^-|\.\./.test(name) && !name.includes('\0'))
  for (const [index, name] of worst.filter((_, at) => at % 2 === 0).entries()) {
    const [command = '', ...words] = (places[index % places.length] ?? '').split(' ')
    const last = words.pop() ?? ''
    const { code, stdout, stderr } = await mine.say(command, ...words, `${last}${name}`, '--yes', '--no-input')
    expect([name, code === 2 || code === 9 || (code === 0 && /^[\w-]/.test(name)), code, stderr.slice(0, 500)]).toMatchObject([
      name,
      true,
      code,
      expect.any(String),
    ])
    expect([name, harmless(stderr), harmless(stdout)]).toEqual([name, true, true])
  }
  expect(
    (await listTree(mine.dir))
      .map((line) => line.split(' ')[0])
      .filter((path) => !before.includes(path) && !path?.startsWith('.releaser')),
  ).toEqual([])
})

test('words go through ssh as they are, by the library and by the system’s own ssh', async () => {
  const [host] = hosts.hosts
  const words = [
    ...NAMES.filter((name) => !name.includes('\0')),
    ...Array.from({ length: 300 }, (_, n) =>
      Array.from({ length: n % 20 }, (_, k) => String.fromCodePoint(1 + ((n * 7919 + k * 104_729) % 0xd7fe))).join(''),
    ),
  ]
  for (const transport of ['ssh2', 'openssh'] as const) {
    const remote = await connector(host.host('shop'), { ...trusting(hosts), agent: false, transport })()
    try {
      for (let at = 0; at < words.length; at += 100) {
        const sent = words.slice(at, at + 100).filter((word) => word.length < 1000)
        const { stdout } = await run(remote, ['sh', '-c', 'for word; do printf "%s\\0" "$word"; done', 'sh', ...sent])
        expect(stdout.split('\0').slice(0, -1)).toEqual(sent)
      }
    } finally {
      await remote.close()
    }
  }
})

test('files with such names go to a host and come back as they were; what no release can hold is refused here', async () => {
  const files = NAMES.filter((name) => name !== '' && name.length < 200 && !/[/\0]|^\.{1,2}$/.test(name))
  const good = files.filter((name) => !hasControl(name))
  expect(good.length).toBeGreaterThan(45)
  for (const name of good) {
    await mkdir(join(mine.dir, 'app/odd', `d${name}`), { recursive: true })
    await writeFile(join(mine.dir, 'app/odd', `d${name}`, name), `in ${name}`)
    await writeFile(join(mine.dir, 'app', name), name)
  }
  expect(await mine.call('build', 'version=2.0.0')).toMatchObject({ code: 0 })
  const deployed = await mine.call('deploy', 'target=prod', '--yes')
  expect([deployed.code, deployed.last['message']]).toEqual([0, undefined])
  const [host] = hosts.hosts
  for (const name of good) expect(await readFile(join(host.home, 'shop/current', name), 'utf8')).toBe(name)
  const theirs = await laptop()
  await theirs.configure({ prod: targetOn(hosts, 'shop') })
  const { digest } = deployed.last['release'] as { digest: string }
  expect(await theirs.call('download', 'target=prod', 'release=current')).toMatchObject({
    code: 0,
    last: { release: { digest } },
  })
  expect(await mine.call('verify', 'target=prod')).toMatchObject({ code: 0, last: { findings: [] } })
  for (const name of files.filter((each) => !good.includes(each))) {
    await writeFile(join(mine.dir, 'app', name), '')
    const { code, stderr } = await mine.say('build')
    expect([name, code, harmless(stderr)]).toEqual([name, 5, true])
    await rm(join(mine.dir, 'app', name))
  }
  expect(execFileSync('find', [host.home, mine.dir, '-name', 'hit'], { encoding: 'utf8' })).toBe('')
})
