import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runBuild } from '../../src/local/build/build.ts'
import { loadConfig, pickBuilder } from '../../src/local/config.ts'
import { type ScaffoldValues, scaffold, templateNames } from '../../src/local/scaffold.ts'
import { project } from '../support/project.ts'
import { listTree } from '../support/tree.ts'

const values: ScaffoldValues = { name: 'shop', host: 'web1.example.com:2222', user: 'deploy', path: '/srv/shop' }
const write = (dir: string, template: string, more: { values?: ScaffoldValues; force?: boolean } = {}) =>
  scaffold({ template, dir, values, force: false, ...more })
const failure = (running: Promise<unknown>) =>
  running.then(
    () => undefined,
    ({ code, message, hint }) => ({ code, message, hint }),
  )
const names = async (dir: string) => (await listTree(dir)).map((line) => line.split(' ')[0])

async function build(dir: string) {
  const loaded = await loadConfig({ cwd: dir })
  const target = loaded.targets.get('prod')
  return {
    target,
    built: await runBuild({
      ...pickBuilder(loaded, { target }),
      app: 'shop',
      version: '1.0',
      dir: loaded.dir,
      scratch: await project(),
    }),
  }
}

test('there are five templates', async () => {
  expect(await templateNames()).toEqual(['docker', 'elixir', 'generic', 'node', 'static'])
})

describe.each(['generic', 'node', 'static'])('%s', (template) => {
  test('loads, and builds as it is in an empty folder, twice the same', async () => {
    const dir = await project()
    await write(dir, template)
    const { target, built } = await build(dir)
    expect(target).toMatchObject({
      name: 'prod',
      app: 'shop',
      path: '/srv/shop',
      hosts: [{ name: 'web1.example.com:2222', host: 'web1.example.com', user: 'deploy', port: 2222 }],
    })
    const first = await listTree(built.dir)
    expect(first.length).toBeGreaterThan(0)
    expect(await listTree((await build(dir)).built.dir)).toEqual(first)
  })
})

describe.each(['docker', 'elixir', 'generic', 'node', 'static'])('%s', (template) => {
  test('every setting that it shows in a comment is one that loads', async () => {
    const dir = await project()
    await write(dir, template)
    const file = join(dir, 'releaser.config.ts')
    // Lines that are settings: a key, a colon, and nothing but code.
    const shown = (await readFile(file, 'utf8')).replace(/^( *)\/\/ ((?:[a-z]\w*|'[a-z-]+'): .*(?:,|\},))$/gim, '$1$2')
    await writeFile(file, shown.replace(/^ *(?:version: '1|hosts: \['__|hosts: \['deploy@web1\.example\.com:).*\n/gm, ''))
    const { targets } = await loadConfig({ cwd: dir })
    expect(targets.get('prod')).toMatchObject({
      reuse: 'copy',
      protected: true,
      confirmSeconds: 60,
      connectTimeout: '20s',
      agent: true,
      shared: { dirs: ['uploads'], files: ['config/local.json'] },
      hooks: { 'post-activate': expect.any(String) },
      runner: expect.anything(),
      health: { kind: 'http', timeout: 30, settle: 3 },
      migrate: { run: expect.any(String) },
      secrets: expect.any(Object),
      stopTimeout: '30s',
      kill: true,
      commands: expect.any(Object),
      logs: ['shared/log/app.log'],
    })
    expect([...targets.keys()]).toEqual(['prod', 'staging'])
  })
})

test('what each writes', async () => {
  const dirs = { elixir: await project(), generic: await project(), node: await project(), static: await project() }
  expect(await write(dirs.elixir, 'elixir')).toEqual({
    written: ['releaser.config.ts', '.dockerignore', 'Dockerfile', '.gitignore'],
    kept: [],
  })
  expect(await write(dirs.generic, 'generic')).toEqual({ written: ['releaser.config.ts', '.gitignore'], kept: [] })
  expect(await write(dirs.node, 'node')).toEqual({
    written: ['releaser.config.ts', 'package.json', 'server.mjs', '.gitignore'],
    kept: [],
  })
  expect(await write(dirs.static, 'static')).toEqual({
    written: ['releaser.config.ts', 'public/index.html', '.gitignore'],
    kept: [],
  })
  expect(await write(await project(), 'docker')).toEqual({
    written: ['releaser.config.ts', '.dockerignore', 'Dockerfile', 'build.sh', '.gitignore'],
    kept: [],
  })
  expect(await names(dirs.node)).toEqual(['.gitignore', 'package.json', 'releaser.config.ts', 'server.mjs'])
  expect(await readFile(join(dirs.node, '.gitignore'), 'utf8')).toBe('.releaser/\ndist-release/\nnode_modules/\n')
})

test('elixir: without a project the build says what to do', async () => {
  const dir = await project()
  await write(dir, 'elixir')
  const { message } = (await failure(build(dir))) ?? {}
  expect(message).toContain('there is no mix.exs here: make a project first, such as with: mix new . --sup')
  expect(await names(dir)).toEqual(['.dockerignore', '.gitignore', 'Dockerfile', 'releaser.config.ts'])
})

describe('generic', () => {
  test('takes the working tree, without what does not belong into a release', async () => {
    const dir = await project({
      'a b.txt': 'x',
      '-dash': 'x',
      '.env': 'SECRET=1',
      '.well-known/x': 'x',
      '.git/HEAD': '',
      '.releaser/db.json': '{}',
      'node_modules/x': '',
      'sub/deep/file': 'x',
    })
    await write(dir, 'generic')
    const { built } = await build(dir)
    expect((await listTree(built.dir)).map((line) => line.replace(/ \d+ .*/s, ''))).toEqual([
      '-dash',
      '.well-known/ 755',
      '.well-known/x',
      'VERSION',
      'a b.txt',
      'sub/ 755',
      'sub/deep/ 755',
      'sub/deep/file',
    ])
    expect(await readFile(join(built.dir, 'VERSION'), 'utf8')).toBe('shop 1.0 \n')
  })
})

describe('node', () => {
  test('its server answers with its version', async () => {
    const dir = await project()
    await write(dir, 'node')
    const { built } = await build(dir)
    expect(await names(built.dir)).toEqual(['package.json', 'server.mjs'])
    const { spawn } = await import('node:child_process')
    const server = spawn(process.execPath, ['server.mjs'], {
      cwd: built.dir,
      env: { ...process.env, PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      const port = await new Promise<string>((resolve) => {
        server.stdout.on('data', (data) => resolve(/port (\d+)/.exec(String(data))?.[1] ?? ''))
      })
      const response = await fetch(`http://127.0.0.1:${port}/`)
      expect(await response.text()).toBe('version 1.0.0\n')
    } finally {
      server.kill()
    }
  })

  test('an app of one’s own is left alone, and its production dependencies are installed', async () => {
    const dir = await project({
      'package.json': JSON.stringify({
        name: 'mine',
        version: '7.0.0',
        dependencies: { dep: 'file:./dep' },
        devDependencies: { missing: 'file:./nowhere' },
      }),
      'dep/package.json': JSON.stringify({ name: 'dep', version: '1.0.0' }),
      'src/index.js': '',
    })
    expect(await write(dir, 'node')).toEqual({ written: ['releaser.config.ts', '.gitignore'], kept: ['package.json'] })
    const { built } = await build(dir)
    expect((await names(built.dir)).filter((name) => !/^node_modules\/(?:\.|dep\/)/.test(name ?? ''))).toEqual([
      'dep/',
      'dep/package.json',
      'node_modules/',
      'node_modules/dep',
      'package-lock.json',
      'package.json',
      'src/',
      'src/index.js',
    ])
  })
})

test('an existing configuration is never overwritten unasked', async () => {
  const dir = await project({
    'releaser.config.ts': 'mine',
    'public/index.html': 'mine',
    '.gitignore': '/.releaser\n*.log',
    '.releaser/db.json': '{}',
  })
  expect(await failure(write(dir, 'static'))).toEqual({
    code: 'USAGE',
    message: `${join(dir, 'releaser.config.ts')} is there already`,
    hint: 'write it anew: --force',
  })
  expect(await write(dir, 'static', { force: true })).toEqual({
    written: ['releaser.config.ts'],
    kept: ['public/index.html', '.gitignore'],
  })
  expect((await listTree(dir)).filter((line) => !line.startsWith('releaser.config.ts'))).toEqual([
    '.gitignore 644 /.releaser\n*.log',
    '.releaser/ 755',
    '.releaser/db.json 644 {}',
    'public/ 755',
    'public/index.html 644 mine',
  ])
  expect((await loadConfig({ cwd: dir })).apps).toEqual(['shop'])
})

test('one of another kind is refused even with force: there would be two', async () => {
  const dir = await project({ 'releaser.config.json': '{}' })
  expect(await failure(write(dir, 'generic', { force: true }))).toEqual({
    code: 'USAGE',
    message: `${join(dir, 'releaser.config.json')} is there already`,
    hint: 'move releaser.config.json away first: there can be one configuration',
  })
  expect(await names(dir)).toEqual(['releaser.config.json'])
})

test('lines of .gitignore are added once, to a last line without an end too', async () => {
  const dir = await project({ '.gitignore': '*.log' })
  await write(dir, 'generic')
  await write(dir, 'generic', { force: true })
  expect(await readFile(join(dir, '.gitignore'), 'utf8')).toBe('*.log\n.releaser/\ndist-release/\n')
})

test.each<[string, ScaffoldValues, object]>([
  ['no user', { ...values, user: undefined, host: '[::1]:22' }, { host: '::1', user: undefined, port: 22, path: '/srv/shop' }],
  [
    'an alias',
    { ...values, user: undefined, host: 'web1' },
    { host: 'web1', user: undefined, port: undefined, path: '/srv/shop' },
  ],
  ['quotes and more', { ...values, path: `it's "$x" \\ __NAME__ \`y\`` }, { path: `it's "$x" \\ __NAME__ \`y\`` }],
])('values arrive as they are: %s', async (_, given, host) => {
  const dir = await project()
  await write(dir, 'generic', { values: given })
  expect((await loadConfig({ cwd: dir })).targets.get('prod')?.hosts).toEqual([expect.objectContaining(host)])
})

test.each<[string, Partial<ScaffoldValues>, string]>([
  ['name', { name: 'my shop' }, 'name="my shop" is not a name'],
  ['host', { host: 'web 1' }, 'host= holds a space or a control character'],
  ['user', { user: "o'hara" }, `user="o'hara" is no user name`],
  ['user', { user: '' }, 'user="" is no user name'],
  ['two users', { host: 'a@web1' }, 'host=a@web1 names a user, and so does user=deploy'],
  ['path', { path: '/' }, 'path= is the root of the file system'],
])('a %s that no configuration can hold', async (_, bad, message) => {
  const dir = await project()
  expect(await failure(write(dir, 'generic', { values: { ...values, ...bad } }))).toMatchObject({ code: 'USAGE', message })
  expect(await names(dir)).toEqual([])
})

test('an unknown template', async () => {
  const dir = await project()
  expect(await failure(write(dir, 'nod'))).toEqual({
    code: 'USAGE',
    message: 'there is no template "nod"',
    hint: 'did you mean "node"?',
  })
  expect(await names(dir)).toEqual([])
})
