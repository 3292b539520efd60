import { execFileSync } from 'node:child_process'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { runCli } from '../support/cli.ts'
import { project } from '../support/project.ts'

const config = (builder: object) =>
  JSON.stringify({ app: 'shop', builders: { site: builder }, targets: { prod: { hosts: ['example.com'], path: '/srv/shop' } } })
const made = (run: string, more: object = {}) => config({ type: 'command', run, output: 'out', ...more })

/** Runs with `--json` and gives back its last object. */
async function json(args: readonly string[], cwd: string): Promise<Readonly<Record<string, unknown>>> {
  const { stdout } = await runCli([...args, '--json'], { cwd })
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')
}

it('builds a revision while something else lies in the working tree, and leaves no trace of it', async () => {
  const cwd = await project({
    'releaser.config.json': made('mkdir out && cp input out/'),
    input: 'committed',
    '.gitignore': '.releaser/\n',
  })
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { cwd, encoding: 'utf8' }).trim()
  git('init', '-q', '-b', 'main')
  git('add', '-A')
  git('commit', '-qm', 'x')
  git('tag', 'v1.5.0')
  const rev = git('rev-parse', 'HEAD')
  await writeFile(join(cwd, 'input'), 'under way')
  expect(await json(['build', 'ref=v1.5.0'], cwd)).toMatchObject({
    ok: true,
    release: { version: '1.5.0', unpackedBytes: 9, git: { rev, branch: null, dirty: false } },
  })
  expect(git('status', '--porcelain')).toBe('M input')
  expect(await readdir(join(cwd, '.releaser/tmp'))).toEqual([])
  await writeFile(join(cwd, 'releaser.config.json'), made('mkdir out && cp input out/', { source: 'worktree' }))
  expect(await json(['build', 'ref=main'], cwd)).toMatchObject({
    exit: 2,
    message: 'builder site builds what lies in the working tree, and not ref=main',
  })
})

it('names what differs between two builds of the same, and then stores nothing', async () => {
  const cwd = await project({
    'releaser.config.json': made('mkdir -p out; cp input out; echo $$ > out/pid; date +%N > out/when'),
    input: 'x',
  })
  expect(await json(['build', '--check-reproducible'], cwd)).toMatchObject({
    exit: 5,
    code: 'BUILD',
    message: 'two builds of the same sources differ in 2 entries:\n  pid\n  when',
  })
  expect(await json(['releases'], cwd)).toMatchObject({ releases: [] })
  expect(await readdir(join(cwd, '.releaser/tmp'))).toEqual([])
  await writeFile(join(cwd, 'releaser.config.json'), made('mkdir -p out; cp input out', { clean: ['out'] }))
  expect(await json(['build', '--check-reproducible'], cwd)).toMatchObject({ ok: true, release: { files: 1 } })
})

it('refuses a version that is not the one that would start', async () => {
  const cwd = await project({ 'rel/releases/start_erl.data': '13.1.5 0.1.0\n', 'rel/bin/shop': '' })
  const message = 'the release starts as version 0.1.0, and 1.4.0 was asked for'
  expect(await json(['pack', 'dir=rel', 'app=shop', 'version=1.4.0'], cwd)).toMatchObject({ exit: 5, message })
  execFileSync('tar', ['-czf', 'x.tar.gz', 'rel'], { cwd })
  expect(await json(['import', 'file=x.tar.gz', 'app=shop', 'version=1.4.0'], cwd)).toMatchObject({ exit: 5, message })
  expect(await json(['pack', 'dir=rel', 'app=shop'], cwd)).toMatchObject({ ok: true, release: { version: '0.1.0' } })
  expect(await json(['import', 'file=x.tar.gz', 'app=shop'], cwd)).toMatchObject({ already: true, release: { version: '0.1.0' } })
})

it('warns of an exclude that leaves nothing out', async () => {
  const cwd = await project({ 'releaser.config.json': made('mkdir out; touch out/a out/b.log', { exclude: ['*.log', '*.tmp'] }) })
  const { code, stderr } = await runCli(['build'], { cwd })
  expect([code, stderr]).toEqual([0, `releaser: warning: exclude: "*.tmp" matches nothing in ${cwd}/out\n`])
})
