import { execFileSync } from 'node:child_process'
import { chmod, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checkOut } from '../../src/local/revision.ts'
import { project } from '../support/project.ts'
import { listTree } from '../support/tree.ts'

const git = (cwd: string, ...args: string[]) =>
  execFileSync(
    'git',
    [
      '-c',
      'user.name=A',
      '-c',
      'user.email=a@example.com',
      '-c',
      'protocol.file.allow=always',
      '-c',
      'init.defaultBranch=main',
      ...args,
    ],
    { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
  ).trim()

async function repository(files: Readonly<Record<string, string>>): Promise<string> {
  const dir = await project(files)
  git(dir, 'init', '-q')
  commit(dir, 'first')
  return dir
}

function commit(dir: string, message: string): string {
  git(dir, 'add', '-A')
  git(dir, 'commit', '-qm', message)
  return git(dir, 'rev-parse', 'HEAD')
}

const out = async (dir: string, ref = 'HEAD') => checkOut({ dir, ref, into: join(await project(), 'source') })
const failure = (running: Promise<unknown>) =>
  running.then(
    () => undefined,
    ({ code, message, hint }) => ({ code, message, hint }),
  )

test('what is committed, and nothing else; neither repository nor working tree are touched', async () => {
  const dir = await repository({
    'a b/ü.txt': 'old',
    '.gitattributes': 'kept export-ignore\nsubst export-subst\n',
    kept: '1',
    subst: '$Format:%H$',
  })
  await symlink('a b/ü.txt', join(dir, 'link'))
  await writeFile(join(dir, 'run'), '#!/bin/sh\n')
  await chmod(join(dir, 'run'), 0o755)
  const rev = commit(dir, 'second')
  const tree = (await listTree(dir)).filter((line) => !line.startsWith('.git/'))
  await writeFile(join(dir, 'a b/ü.txt'), 'changed')
  await writeFile(join(dir, 'untracked'), '')
  await writeFile(join(dir, '.gitattributes'), '* text eol=crlf\n')
  const before = await listTree(dir)
  const found = await out(dir)
  expect(found.git).toEqual({ rev, branch: 'main', dirty: false })
  expect(await listTree(found.dir)).toEqual(tree.filter((line) => line !== '.git/'))
  expect(await listTree(dir)).toEqual(before)
})

test('a branch, a tag, a commit, and a folder below the top', async () => {
  const dir = await repository({ 'app/releaser.config.json': '1' })
  const first = git(dir, 'rev-parse', 'HEAD')
  git(dir, 'tag', '-am', 'one', 'v1')
  git(dir, 'checkout', '-qb', 'feature')
  await writeFile(join(dir, 'app/releaser.config.json'), '2')
  const second = commit(dir, 'second')
  const at = async (ref: string) => {
    const { git: state, dir: where } = await out(join(dir, 'app'), ref)
    return [state.rev, state.branch, await readFile(join(where, 'releaser.config.json'), 'utf8')]
  }
  expect(await at('main')).toEqual([first, 'main', '1'])
  expect(await at('v1')).toEqual([first, null, '1'])
  expect(await at(second.slice(0, 9))).toEqual([second, null, '2'])
  git(dir, 'checkout', '-q', '--detach')
  expect(await at('HEAD')).toEqual([second, null, '2'])
})

test('submodules in submodules come with it, at the commits that are recorded', async () => {
  const deep = await repository({ deep: 'deep' })
  const inner = await repository({ inner: '1' })
  git(inner, 'submodule', '--quiet', 'add', deep, 'deep er')
  commit(inner, 'with deep')
  const dir = await repository({ outer: '' })
  git(dir, 'submodule', '--quiet', 'add', inner, 'vendor/inner')
  git(dir, 'submodule', '--quiet', 'update', '--init', '--recursive')
  commit(dir, 'with inner')
  // What the submodule has moved on to since is not committed here.
  await writeFile(join(dir, 'vendor/inner/inner'), '2')
  commit(join(dir, 'vendor/inner'), 'later')
  const found = await out(dir)
  expect(await readFile(join(found.dir, 'vendor/inner/inner'), 'utf8')).toBe('1')
  expect(await readFile(join(found.dir, 'vendor/inner/deep er/deep'), 'utf8')).toBe('deep')

  git(dir, 'submodule', '--quiet', 'deinit', '-f', '--all')
  expect(await failure(out(dir))).toEqual({
    code: 'BUILD',
    message: expect.stringMatching(/^the submodule vendor\/inner is not here at [0-9a-f]{12}$/),
    hint: 'fetch it: git submodule update --init --recursive',
  })
})

test('what git cannot give is told, with what to do', async () => {
  const dir = await repository({ a: '' })
  git(dir, 'branch', 'other')
  expect(await failure(out(dir, 'no-such'))).toEqual({
    code: 'USAGE',
    message: 'the git repository knows no revision no-such',
    hint: 'see git branch, git tag and git log; or fetch it first',
  })
  // An option is no revision.
  expect(await failure(out(dir, '--all'))).toMatchObject({ code: 'USAGE', message: 'the git repository knows no revision --all' })
  await writeFile(join(dir, 'b'), '')
  commit(dir, 'second')
  const clone = join(await project(), 'clone')
  git(dir, 'clone', '-q', '--depth', '1', '--no-single-branch', `file://${dir}`, clone)
  expect(await failure(out(clone, 'HEAD~1'))).toMatchObject({
    hint: 'this clone is shallow: fetch the rest (git fetch --unshallow), then build again',
  })
  expect(await failure(out(clone, 'other'))).toMatchObject({ hint: 'did you mean ref=origin/other?' })
  expect((await out(clone)).git.branch).toBe('main')

  const empty = await project()
  git(empty, 'init', '-q')
  expect(await failure(out(empty))).toEqual({
    code: 'BUILD',
    message: 'the git repository has no commit yet',
    hint: 'commit what is to be built',
  })
  const none = await project()
  expect(await failure(out(none))).toMatchObject({
    code: 'BUILD',
    message: expect.stringMatching(/has no git repository to build from: fatal: not a git repository/),
    hint: "make it one (git init), or build what lies here: source: 'worktree'",
  })
  await rm(join(dir, 'a'))
  git(dir, 'rm', '-q', '--cached', 'a')
  await expect(out(join(dir, 'gone'))).rejects.toMatchObject({ code: 'BUILD' })
})

test('without git it says so', async () => {
  const path = process.env['PATH']
  process.env['PATH'] = '/nowhere'
  try {
    expect(await failure(out(await project()))).toEqual({
      code: 'BUILD',
      message: 'git is not installed, and a clean checkout needs it',
      hint: "install git, or build what lies here: source: 'worktree'",
    })
  } finally {
    process.env['PATH'] = path
  }
})
