import { execFileSync } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { gitState } from '../../src/local/git.ts'
import { project } from '../support/project.ts'

function git(dir: string, ...args: string[]): string {
  const who = ['-c', 'user.name=Ana', '-c', 'user.email=ana@example.com', '-c', 'commit.gpgsign=false']
  return execFileSync('git', [...who, ...args], { cwd: dir, encoding: 'utf8' }).trim()
}

test('tells revision, branch, and whether anything differs', async () => {
  const dir = await project({ 'a.txt': 'a', 'sub/b.txt': 'b' })
  git(dir, 'init', '-q', '-b', 'main')
  expect(await gitState(dir)).toBe(null)
  git(dir, 'add', '.')
  git(dir, 'commit', '-qm', 'first')
  const rev = git(dir, 'rev-parse', 'HEAD')
  expect(await gitState(dir)).toEqual({ rev, branch: 'main', dirty: false })
  expect(await gitState(join(dir, 'sub'))).toEqual({ rev, branch: 'main', dirty: false })

  await writeFile(join(dir, 'a.txt'), 'changed')
  expect(await gitState(dir)).toEqual({ rev, branch: 'main', dirty: true })
  git(dir, 'checkout', '-q', '--', 'a.txt')
  await writeFile(join(dir, 'new file'), '')
  expect(await gitState(dir)).toEqual({ rev, branch: 'main', dirty: true })
  await rm(join(dir, 'new file'))

  git(dir, 'checkout', '-q', '-b', 'feature/ü x'.replace(' ', '-'))
  expect(await gitState(dir)).toEqual({ rev, branch: 'feature/ü-x', dirty: false })
  git(dir, 'checkout', '-q', '--detach')
  expect(await gitState(dir)).toEqual({ rev, branch: null, dirty: false })
})

test('ignored files are no change, whatever the settings say of untracked ones', async () => {
  const dir = await project({ '.gitignore': '.releaser/\n', '.releaser/db.json': '{}' })
  git(dir, 'init', '-q', '-b', 'main')
  git(dir, 'config', 'status.showUntrackedFiles', 'no')
  git(dir, 'add', '.')
  git(dir, 'commit', '-qm', 'first')
  expect((await gitState(dir))?.dirty).toBe(false)
  await writeFile(join(dir, 'new'), '')
  expect((await gitState(dir))?.dirty).toBe(true)
})

test('without a repository, a folder or git there is nothing to tell', async () => {
  const dir = await project()
  expect(await gitState(dir)).toBe(null)
  expect(await gitState(join(dir, 'missing'))).toBe(null)
  const path = process.env['PATH']
  process.env['PATH'] = dir
  try {
    expect(await gitState(dir)).toBe(null)
  } finally {
    process.env['PATH'] = path
  }
})

test('the repository of a git hook that called us is not taken for the one asked about', async () => {
  const [dir, other] = [await project(), await project()]
  git(other, 'init', '-q')
  git(other, 'commit', '-qm', 'other', '--allow-empty')
  process.env['GIT_DIR'] = join(other, '.git')
  try {
    await mkdir(join(dir, 'sub'))
    expect(await gitState(join(dir, 'sub'))).toBe(null)
  } finally {
    delete process.env['GIT_DIR']
  }
})
