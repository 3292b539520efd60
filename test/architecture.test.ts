import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import ts from 'typescript'
import { expect, test } from 'vitest'

/** The rooms of src/, and the rooms that each opens onto. Packages and node's own modules are no business of the model. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  model: ['model'],
  local: ['local', 'model'],
  remote: ['remote', 'model'],
  tasks: ['tasks', 'model'],
  ui: ['ui', 'model'],
  rollout: ['rollout', 'model', 'remote'],
  commands: ['commands', 'model', 'local', 'remote', 'tasks', 'rollout', 'ui'],
  'cli.ts': ['commands', 'model', 'ui'],
  'index.ts': ['model'],
}

/** Where each package lives: replacing one means changing these files and no other. */
const HOMES: Readonly<Record<string, RegExp>> = {
  listr2: /^src\/ui\/progress\.ts$/,
  enquirer: /^src\/ui\/enquirer\.ts$/,
  chalk: /^src\/ui\/style\.ts$/,
  'node-ssh': /^src\/remote\/ssh\.ts$/,
  ssh2: /^src\/remote\/(ssh|ssh-keys|embedded)\.ts$/,
  lowdb: /^src\/local\/store[\w-]*\.ts$/,
  'tar-stream': /^src\/local\//,
  'tar-fs': /^src\/local\//,
  zod: /^src\/local\/config[\w-]*\.ts$/,
  jiti: /^src\/local\/config[\w-]*\.ts$/,
}

/** Files that may be longer than 200 lines, and why. */
const LONG: Readonly<Record<string, string>> = {}

const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
const sources = files.map((file) => join('src', file)).map((path) => ({ path, text: readFileSync(path, 'utf8') }))
const imports = sources.flatMap(({ path, text }) =>
  ts.preProcessFile(text).importedFiles.map(({ fileName: name }) => ({
    path,
    name,
    to: name.startsWith('.') ? join(dirname(path), name) : undefined,
  })),
)

test('each room imports only the rooms it opens onto', () => {
  const strays = imports.filter(({ path, to }) => to !== undefined && !ROOMS[room(path)]?.includes(room(to)))
  expect(strays.map(({ path, to }) => `${path} imports ${to}`)).toEqual([])
})

test('each package is imported in its home alone, and the model imports none', () => {
  const outside = imports.filter(
    ({ path, name, to }) => to === undefined && (room(path) === 'model' || !name.startsWith('node:')),
  )
  const strays = outside.filter(({ path, name }) => room(path) === 'model' || !HOMES[name.split('/', 1).join()]?.test(path))
  expect(strays.map(({ path, name }) => `${path} imports ${name}`)).toEqual([])
})

test('no file imports itself, by whatever way round', () => {
  const onward = (path: string) => imports.flatMap((each) => (each.path === path && each.to !== undefined ? [each.to] : []))
  const circular = sources.filter(({ path }) => {
    const reached = new Set(onward(path))
    for (const next of reached) for (const further of onward(next)) reached.add(further)
    return reached.has(path)
  })
  expect(circular.map(({ path }) => path)).toEqual([])
})

test('nothing is kept in drawers, or behind barrels', () => {
  const drawer = (path: string) =>
    path.split('/').some((part) => /^(utils?|helpers?|common|misc|types)$/.test(basename(part, '.ts')))
  const barrel = (path: string) => basename(path) === 'index.ts' && path !== 'src/index.ts'
  expect(sources.map(({ path }) => path).filter((path) => drawer(path) || barrel(path))).toEqual([])
})

test('a file is one idea of 200 lines at most', () => {
  const long = sources.filter(({ path, text }) => text.split('\n').length - 1 > 200 && LONG[path] === undefined)
  expect(long.map(({ path }) => path)).toEqual([])
})

test('only cli.ts ends the process, and only it and ui/ print', () => {
  const ends = sources.filter(({ path, text }) => /\bprocess\.(exit|abort|exitCode)\b/.test(text) && path !== 'src/cli.ts')
  const prints = sources.filter(
    ({ path, text }) =>
      /\bconsole\.(log|info|warn|error|debug)\b|\bprocess\.std(out|err)\.write\b/.test(text) &&
      !['ui', 'cli.ts'].includes(room(path)),
  )
  expect([...ends, ...prints].map(({ path }) => path)).toEqual([])
})

function room(path: string): string {
  return path.split('/')[1] ?? ''
}
