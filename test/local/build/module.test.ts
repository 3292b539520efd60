import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runBuild } from '../../../src/local/build/build.ts'
import { isRunning } from '../../support/is-running.ts'
import { project } from '../../support/project.ts'
import { until } from '../../support/until.ts'

async function built(
  source: string,
  more: { signal?: AbortSignal; onOutput?: (line: string) => void; files?: Record<string, string> } = {},
) {
  const { files, ...rest } = more
  const dir = await project({ 'build.ts': source, ...files })
  const builder = { type: 'module', module: 'build.ts', env: { MINE: 'mine' } } as const
  return { dir, built: await runBuild({ name: 'own', app: 'shop', builder, dir, scratch: await project(), ...rest }) }
}
const failure = (running: Promise<unknown>) =>
  running.then(
    () => undefined,
    ({ code, message }) => [code, message],
  )

test('calls the default export with what is known, and takes what it returns', async () => {
  const lines: string[] = []
  const source = `
    import { mkdirSync, writeFileSync } from 'node:fs'
    import { name } from './name.ts'
    export default async function build({ app, dir, env, version }: { app: string; dir: string; env: Record<string, string>; version: string | null }) {
      console.log('building', app)
      mkdirSync('made')
      writeFileSync('made/x', [name, dir === process.cwd(), env.MINE, process.env.MINE, env.RELEASER_APP, version].join(' '))
      return { path: 'made', version: '3.1.4', tags: ['nightly'], metadata: { ticket: 7 } }
    }`
  const { dir, built: made } = await built(source, {
    files: { 'name.ts': "export const name: string = 'n'" },
    onOutput: (line) => lines.push(line),
  })
  expect(made).toEqual({ dir: join(dir, 'made'), version: '3.1.4', tags: ['nightly'], metadata: { ticket: 7 }, git: null })
  expect(await readFile(join(dir, 'made/x'), 'utf8')).toBe('n true mine mine shop ')
  expect(lines).toEqual(['building shop'])
})

test('what it throws and what it returns wrongly fail the build', async () => {
  const returns = (what: string) => failure(built(`export default () => (${what})`))
  expect(await failure(built("export default () => { throw new Error('no luck') }"))).toEqual([
    'BUILD',
    expect.stringMatching(/^the module build\.ts ended with exit code 1:\n {2}Error: no luck\n(.*\n)*.*build\.ts:1/),
  ])
  expect(await failure(built('export const build = 1'))).toEqual([
    'BUILD',
    expect.stringContaining('it has no default export that is a function'),
  ])
  expect(await failure(built('export default () => { process.exit(3) }'))).toEqual([
    'BUILD',
    'the module build.ts ended with exit code 3',
  ])
  expect(await returns('undefined')).toEqual(['BUILD', 'the module build.ts returned no path'])
  expect(await returns("{ path: '.', version: 'a b' }")).toEqual([
    'BUILD',
    'the module build.ts returned the version "a b", which is none',
  ])
  expect(await returns("{ path: '.', tags: [1] }")).toEqual(['BUILD', 'the module build.ts returned tags that are none: [1]'])
  expect(await returns("{ path: '.', metadata: 'x' }")).toEqual([
    'BUILD',
    'the module build.ts returned metadata that cannot be kept',
  ])
  expect(await returns("{ path: 'gone' }")).toEqual(['BUILD', 'builder "own" ended well, but its output gone does not exist'])
})

test('is ended with all that it started', async () => {
  const abort = new AbortController()
  const pids: number[] = []
  const source = `
    import { spawn } from 'node:child_process'
    export default () => new Promise(() => { console.log(spawn('sleep', ['60']).pid) })`
  const running = built(source, {
    signal: abort.signal,
    onOutput: (line) => {
      pids.push(Number(line))
      abort.abort()
    },
  })
  expect(await failure(running)).toEqual(['INTERRUPTED', 'the build was interrupted'])
  await until(async () => !(await isRunning(pids[0] ?? 0)), 5)
  expect(pids).toEqual([expect.any(Number)])
})
