import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadConfig } from '../../src/local/config.ts'
import { project } from '../support/project.ts'

const BODY = `{ app: 'shop', targets: { prod: { hosts: ['web1'], path: '/srv/shop' } } }`
const TYPED = `import { defineConfig } from 'releaser'
const app: string = 'shop'
export default defineConfig({ app, targets: { prod: { hosts: ['web1'], path: '/srv/shop' } satisfies object } })
`
const failure = (dir: string, file?: string) =>
  loadConfig({ cwd: dir, ...(file !== undefined && { file }) }).then(
    () => undefined,
    ({ code, message, hint }) => ({ code, message: String(message).replaceAll(dir, 'DIR'), hint }),
  )

let cache: string
beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), 'releaser-cache-'))
  process.env['XDG_CACHE_HOME'] = cache
})
afterAll(() => rm(cache, { recursive: true }))

describe('every form of file', () => {
  test.each([
    ['releaser.config.ts', TYPED],
    ['releaser.config.mts', TYPED],
    ['releaser.config.js', `import { defineConfig } from 'releaser'\nexport default defineConfig(${BODY})`],
    ['releaser.config.mjs', `import { defineConfig } from 'releaser'\nexport default defineConfig(${BODY})`],
    ['releaser.config.js', `const { defineConfig } = require('releaser')\nmodule.exports = defineConfig(${BODY})`],
    ['releaser.config.ts', `export default ${BODY}`],
    ['releaser.config.json', `{"app":"shop","targets":{"prod":{"hosts":["web1"],"path":"/srv/shop"}}}`],
    ['releaser.config.mjs', `const app = await Promise.resolve('shop')\nexport default { ...${BODY}, app }`],
    ['releaser.config.ts', `import { body } from './deploy/body.ts'\nexport default { ...body, store: undefined }`],
  ])('%s', async (name, text) => {
    const dir = await project({ [name]: text, 'deploy/body.ts': `export const body = ${BODY} as const` })
    const { file, targets } = await loadConfig({ cwd: dir })
    expect(file).toBe(join(dir, name))
    expect([...targets.keys()]).toEqual(['prod'])
  })
})

test('the nearest one upwards is taken, unless one is named', async () => {
  const config = (app: string) => `export default { app: '${app}', targets: {} }`
  const dir = await project({
    'releaser.config.ts': config('outer'),
    'a/releaser.config.mjs': config('inner'),
    'a/b/c/file': '',
    'other/deploy.config.ts': config('named'),
  })
  const app = async (cwd: string, file?: string) => (await loadConfig({ cwd: join(dir, cwd), file })).apps[0]
  expect(await app('.')).toBe('outer')
  expect(await app('other')).toBe('outer')
  expect(await app('a/b/c')).toBe('inner')
  expect(await app('a/b', '../../other/deploy.config.ts')).toBe('named')
  await writeFile(join(dir, 'releaser.config.ts'), config('changed'))
  expect(await app('.')).toBe('changed')
})

test('no configuration, two of them, or a name that is none', async () => {
  const empty = await project()
  expect(await failure(empty)).toEqual({
    code: 'CONFIG',
    message: 'no releaser.config.ts in DIR or above it',
    hint: 'write one: releaser init',
  })
  const two = await project({ 'releaser.config.ts': '', 'releaser.config.json': '' })
  expect(await failure(two)).toEqual({
    code: 'CONFIG',
    message: 'DIR holds both releaser.config.ts and releaser.config.json',
    hint: 'keep one of them, or name it: --config releaser.config.ts',
  })
  expect(await failure(empty, 'x.ts')).toMatchObject({ code: 'CONFIG', message: 'no configuration at DIR/x.ts' })
  expect(await failure(empty, '.')).toMatchObject({ code: 'CONFIG', message: 'DIR is not a file' })
  const yaml = await project({ 'x.yaml': '' })
  expect(await failure(yaml, 'x.yaml')).toMatchObject({ code: 'CONFIG', message: 'DIR/x.yaml is no configuration' })
})

describe('a broken one is told with its place', () => {
  test.each<[string, string, string]>([
    ['a.ts', `export default {\n  app: 'x' targets: {},\n}`, 'syntax error at DIR/a.ts:2: Unexpected token, expected ","'],
    ['a.mjs', 'export default {\n', 'syntax error at DIR/a.mjs:2: Unexpected token'],
    ['a.ts', `import './b.ts'\nexport default {}`, 'syntax error at DIR/b.ts:1: Unexpected token'],
    [
      'a.ts',
      `const x: string = ''\n\nthrow new Error('no token in $TOKEN')`,
      'DIR/a.ts:3 failed while it was loaded: no token in $TOKEN',
    ],
    ['a.mjs', `\nthrow 'text'`, 'DIR/a.mjs failed while it was loaded: text'],
    [
      'a.ts',
      `import x from 'no-such-package'\nexport default x`,
      `DIR/a.ts:1 failed while it was loaded: Cannot find module 'no-such-package'`,
    ],
    ['a.ts', 'export const config = {}', 'DIR/a.ts has no default export'],
    ['a.ts', '', 'DIR/a.ts has no default export'],
    ['a.ts', 'export default () => ({})', 'the configuration must be an object, not a function, in DIR/a.ts'],
    [
      'a.ts',
      'const a: object = {}; Object.assign(a, { a }); export default a',
      'the configuration refers to itself, in DIR/a.ts',
    ],
    ['a.json', '{\n  "app": "x",\n  oops\n}', 'DIR/a.json:3 is not valid JSON'],
    ['a.json', '{\n  "app": "x"\n', 'DIR/a.json:2 is not valid JSON'],
    ['a.json', '', 'DIR/a.json:1 is not valid JSON'],
  ])('%s: %j', async (name, text, message) => {
    const dir = await project({ [name]: text, 'b.ts': '}' })
    const found = await failure(dir, name)
    expect(found?.code).toBe('CONFIG')
    expect(found?.message.slice(0, message.length)).toBe(message)
    expect(found?.hint).not.toBe(undefined)
  })
})

describe('what jiti compiled is kept where nobody else can write', () => {
  const cached = async (home: string) => {
    const dir = await project({ 'releaser.config.ts': TYPED })
    process.env['XDG_CACHE_HOME'] = home
    await loadConfig({ cwd: dir })
    return stat(join(home, 'releaser/jiti')).catch(() => undefined)
  }

  test('a folder of our own', async () => {
    const home = await project()
    expect(((await cached(home))?.mode ?? 0) & 0o777).toBe(0o700)
    await chmod(join(home, 'releaser/jiti'), 0o777)
    expect(((await cached(home))?.mode ?? 0) & 0o777).toBe(0o700)
  })

  test('none where home cannot be written, or something else is there', async () => {
    expect(await cached('/dev/null/home')).toBe(undefined)
    const home = await project({ 'elsewhere/file': '' })
    await mkdir(join(home, 'releaser'))
    await symlink(join(home, 'elsewhere'), join(home, 'releaser/jiti'))
    await cached(home)
    await expect(stat(join(home, 'elsewhere/jiti'))).rejects.toThrow('ENOENT')
  })
})

test('the built releaser resolves the import too, from a folder where it is not installed', async () => {
  const dir = await project({ 'releaser.config.ts': TYPED })
  const built = fileURLToPath(new URL('../../dist/local/config.js', import.meta.url))
  const script = `import { loadConfig } from ${JSON.stringify(built)}; console.log((await loadConfig({ cwd: '.' })).apps.join())`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { cwd: dir })
  expect(stdout).toBe('shop\n')
})
