import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

const run = promisify(execFile)
const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string }

let home: string
let packed: readonly string[]

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'releaser-package-'))
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', home])
  const [tarball] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }]
  packed = tarball.files.map(({ path }) => path)
  await writeFile(join(home, 'package.json'), '{ "name": "shop", "private": true, "type": "module" }\n')
  await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', `./${tarball.filename}`], { cwd: home })
}, 180_000)

afterAll(() => rm(home, { recursive: true, force: true }))

test('the tarball holds what runs, the templates, and words', () => {
  const parts = packed.map((path) => path.split('/', 1).join())
  expect([...new Set(parts)].sort()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'package.json', 'templates'])
  expect(packed).toEqual(expect.arrayContaining(['dist/cli.js', 'dist/index.js', 'dist/index.d.ts', 'templates/remote/agent.sh']))
  expect(packed.filter((path) => /(^|\/)\.source$|\.ts$/.test(path) && !/\.d\.ts$|^templates\//.test(path))).toEqual([])
})

test('the installed command says its version', async () => {
  const { stdout, stderr } = await releaser('--version')
  expect({ stdout, stderr }).toEqual({ stdout: `${version}\n`, stderr: '' })
})

test('the installed command has help', async () => {
  const { stdout, stderr } = await releaser('--help')
  expect(stderr).toBe('')
  for (const command of ['init', 'build', 'deploy', 'rollback', 'status'])
    expect(stdout).toMatch(new RegExp(`^ +${command}\\b`, 'm'))
})

test('init writes a config that TypeScript accepts', async () => {
  await releaser('init', 'template=generic', 'host=deploy@web1.example.com', 'path=/srv/shop', 'name=shop')
  expect(await types('releaser.config.ts')).toBe('')
})

test('defineConfig refuses what is not in the configuration', async () => {
  await writeFile(
    join(home, 'wrong.ts'),
    "import { defineConfig } from 'releaser'\nexport default defineConfig({ targets: { prod: { hosts: ['web1'], path: '/srv/shop', kepp: 3 } } })\n",
  )
  expect(await types('wrong.ts')).toBe(
    "wrong.ts(2,86): error TS2353: Object literal may only specify known properties, and 'kepp' does not exist in type 'Target'.\n",
  )
})

function releaser(...words: string[]) {
  return run(join(home, 'node_modules/.bin/releaser'), words, { cwd: home, env: { ...process.env, CI: 'true' } })
}

/** What tsc says of a file there, with the strictest reading of our declarations. */
async function types(file: string): Promise<string> {
  const tsc = join(process.cwd(), 'node_modules/typescript/bin/tsc')
  const options = [
    '--noEmit',
    '--strict',
    '--ignoreConfig',
    '--module',
    'nodenext',
    '--target',
    'es2023',
    '--skipLibCheck',
    'false',
  ]
  return await run(process.execPath, [tsc, ...options, file], { cwd: home }).then(
    ({ stdout }) => stdout,
    ({ stdout }: { stdout: string }) => stdout,
  )
}
