import { execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type BuildOptions, runBuild } from '../../../src/local/build/build.ts'
import type { CommandBuilder } from '../../../src/local/build/command.ts'
import { isRunning } from '../../support/is-running.ts'
import { project } from '../../support/project.ts'

const build = async (dir: string, builder: Partial<CommandBuilder>, more: Partial<BuildOptions> = {}) => {
  const whole: CommandBuilder = { type: 'command', run: 'true', output: 'out', ...builder }
  return runBuild({ name: 'site', app: 'shop', dir, builder: whole, scratch: await project(), ...more })
}

const failure = (running: Promise<unknown>) =>
  running.then(
    () => undefined,
    ({ code, exitCode, message, hint }) => ({ code, exitCode, message, hint }),
  )

test('runs in the configuration’s folder, with the environment of the contract and the builder’s', async () => {
  const dir = await project()
  const lines: string[] = []
  const built = await build(
    dir,
    {
      run: 'mkdir -p "a b/out"; echo "$RELEASER_APP $RELEASER_VERSION $RELEASER_GIT_REV $MINE" > "a b/out/x"; echo $RELEASER_TS; pwd; echo err >&2',
      output: 'a b/out',
      env: { MINE: 'mine', RELEASER_APP: 'nobody' },
    },
    { version: '1.2.3', onOutput: (line) => lines.push(line) },
  )
  expect(built).toEqual({ dir: join(dir, 'a b/out'), version: '1.2.3', tags: [], metadata: null, git: null })
  expect(await readFile(join(dir, 'a b/out/x'), 'utf8')).toBe('shop 1.2.3  mine\n')
  expect(lines.toSorted()).toEqual([dir, 'err', expect.stringMatching(/^20\d{12}$/)].toSorted())
})

test('tells the state of git when it began', async () => {
  const dir = await project({ 'a.txt': '' })
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=A', '-c', 'user.email=a@example.com', ...args], { cwd: dir, encoding: 'utf8' })
  git('init', '-q', '-b', 'main')
  git('add', '.')
  git('commit', '-qm', 'first')
  const rev = git('rev-parse', 'HEAD').trim()
  const built = await build(dir, { run: 'mkdir out; echo $RELEASER_GIT_REV > out/rev' })
  expect(built.git).toEqual({ rev, branch: 'main', dirty: false })
  expect(await readFile(join(dir, 'out/rev'), 'utf8')).toBe(`${rev}\n`)
})

test('cleans first, and runs its hooks around', async () => {
  const dir = await project({ 'out/old': '' })
  const hook = (name: string) => `test "$RELEASER_HOOK" = ${name}; ls out >> log 2>&1 || echo none >> log; cat >> log`
  await build(dir, {
    run: 'mkdir out; touch out/new',
    clean: ['out'],
    version: '2.0',
    hooks: { 'pre-build': hook('pre-build'), 'post-build': hook('post-build') },
  })
  const data = { app: 'shop', builder: 'site', version: '2.0', git: null }
  expect((await readFile(join(dir, 'log'), 'utf8')).split('\n').filter((line) => !line.startsWith('ls:'))).toEqual([
    'none',
    JSON.stringify({ hook: 'pre-build', ...data }),
    'new',
    JSON.stringify({ hook: 'post-build', ...data, output: join(dir, 'out') }),
    '',
  ])
})

describe('the version', () => {
  const made = (version: unknown) => `mkdir -p out; echo '${JSON.stringify({ version })}' > out/package.json`
  const version = async (
    builder: Partial<CommandBuilder>,
    more: Partial<BuildOptions> = {},
    files: Record<string, string> = {},
  ) => (await build(await project(files), builder, more)).version

  test('given, else the builder’s, else of what was built, else of the folder, else none', async () => {
    const files = { 'package.json': '{ "version": "4.0.0" }' }
    const all = { run: made('3.0.0'), version: '2.0.0' }
    expect(await version(all, { version: '1.0.0' }, files)).toBe('1.0.0')
    expect(await version(all, {}, files)).toBe('2.0.0')
    expect(await version({ run: made('3.0.0') }, {}, files)).toBe('3.0.0')
    expect(await version({ run: made('not a version') }, {}, files)).toBe('4.0.0')
    expect(await version({ run: 'mkdir out; echo "{" > out/package.json' })).toBe(null)
    expect(await version({ run: made(undefined) })).toBe(null)
  })

  test('a command is asked after the build, and before it for the build’s own use', async () => {
    const dir = await project({ 'version.txt': '5.0.0\n' })
    const run = 'mkdir out; echo "$RELEASER_VERSION" > out/early; echo 5.0.1 > version.txt'
    const built = await build(dir, { run, version: { command: 'echo warning >&2; echo; cat version.txt; echo' } })
    expect([built.version, await readFile(join(dir, 'out/early'), 'utf8')]).toEqual(['5.0.1', '5.0.0\n'])
    expect(await version({ run: 'mkdir out; echo 6 > out/v', version: { command: 'cat out/v' } })).toBe('6')
  })

  test('a command without a version fails the build', async () => {
    const run = 'mkdir -p out; touch out/x'
    const dir = await project()
    expect(await failure(build(dir, { run, version: { command: 'echo no >&2; exit 3' } }))).toMatchObject({
      code: 'BUILD',
      message: 'the version command ended with exit code 3:\n  no',
    })
    expect(await failure(build(dir, { run, version: { command: 'true' } }))).toMatchObject({
      code: 'BUILD',
      message: 'the version command printed nothing',
      hint: 'check it by hand: true',
    })
    expect(await failure(build(dir, { run, version: { command: 'echo a b' } }))).toMatchObject({
      code: 'BUILD',
      message: 'the version command printed "a b", which is no version',
    })
  })
})

describe('a build that fails', () => {
  test('is told with its exit code and its last lines', async () => {
    const dir = await project()
    expect(await failure(build(dir, { run: 'echo compiling; echo "no such file" >&2; exit 3' }))).toEqual({
      code: 'BUILD',
      exitCode: 5,
      message: 'the command of builder "site" ended with exit code 3:\n  compiling\n  no such file',
      hint: 'nothing was stored; mend it and build again',
    })
  })

  test.each([
    ['is missing', 'true', 'does not exist'],
    ['is empty', 'mkdir out', 'is empty'],
    ['is an empty file', 'touch out', 'is empty'],
    ['is no file and no folder', 'mkfifo out', 'is neither a folder nor a file'],
  ])('also when its output %s', async (_, run, what) => {
    expect(await failure(build(await project(), { run }))).toEqual({
      code: 'BUILD',
      exitCode: 5,
      message: `builder "site" ended well, but its output out ${what}`,
      hint: 'let its command write there, or mend builders.site.output',
    })
  })

  test('does not begin when pre-build fails, and does not count when post-build does', async () => {
    const dir = await project()
    const run = 'mkdir out; touch out/x'
    expect(await failure(build(dir, { run, hooks: { 'pre-build': 'echo red; exit 1' } }))).toMatchObject({
      code: 'BUILD',
      message: 'the hook pre-build ended with exit code 1:\n  red',
    })
    await expect(readFile(join(dir, 'out/x'))).rejects.toThrow('ENOENT')
    expect(await failure(build(dir, { run, hooks: { 'post-build': 'exit 1' } }))).toMatchObject({
      code: 'BUILD',
      message: 'the hook post-build ended with exit code 1',
    })
    expect(await failure(build(dir, { run: 'true', hooks: { 'post-build': { run: 'exit 1', ignoreFailure: true } } }))).toBe(
      undefined,
    )
  })

  test('is ended with all it started when interrupted', async () => {
    const dir = await project()
    const abort = new AbortController()
    const running = build(
      dir,
      { run: 'sleep 300 & echo $! > pid; echo ready; wait' },
      { signal: abort.signal, onOutput: () => abort.abort() },
    )
    expect(await failure(running)).toEqual({
      code: 'INTERRUPTED',
      exitCode: 130,
      message: 'the build was interrupted',
      hint: 'nothing was stored; run it again',
    })
    expect(await isRunning(Number(await readFile(join(dir, 'pid'), 'utf8')))).toBe(false)
  })
})
