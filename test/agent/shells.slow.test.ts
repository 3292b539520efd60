import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { processRemote } from '../../src/remote/process.ts'
import { driver } from '../support/driver.ts'
import { pathOf, SHELLS } from '../support/shells.ts'
import { listTree } from '../support/tree.ts'

describe.each(SHELLS)('the agent where sh is %s', (shell) => {
  let base = ''
  let root = ''
  let env: Record<string, string> = {}

  beforeAll(async () => {
    base = await mkdtemp(join(tmpdir(), `releaser-${shell}-`))
    root = join(base, `it's a "path" with $HOME in it`, 'app')
    env = { PATH: pathOf(shell, join(base, 'bin')), HOME: base }
  })
  afterAll(() => rm(base, { recursive: true, force: true }))

  const connect = async () => processRemote({ env, shell: [join(base, 'bin', 'sh'), '-c'], cwd: base })

  async function odd(version: string): Promise<string> {
    const dir = await mkdtemp(join(base, 'build-'))
    await mkdir(join(dir, 'empty folder'))
    await mkdir(join(dir, 'deep/er'), { recursive: true })
    await writeFile(join(dir, 'VERSION'), version)
    await writeFile(join(dir, 'deep/er/same'), 'always the same')
    for (const name of ['-n', "it's", '"quoted"', 'back\\slash', '$HOME', '*', 'grün ✓', ' leading', 'a b  c', '~', '#x', '%s'])
      await writeFile(join(dir, 'deep', name), `content of ${name}`)
    await writeFile(join(dir, 'run'), '#!/bin/sh\necho ran\n')
    await chmod(join(dir, 'run'), 0o755)
    await writeFile(join(dir, 'private'), 'mine')
    await chmod(join(dir, 'private'), 0o600)
    await symlink('deep/er/same', join(dir, 'link to same'))
    await symlink('nowhere', join(dir, 'dangling'))
    return dir
  }

  it('lays out what was packed, reuses what is there, goes back, and leaves nothing behind', async () => {
    const d = driver({ hosts: [{ connect, path: root }] })
    const [dirA, dirB] = [await odd('a'), await odd('b')]
    const [a, b] = [await d.pack(dirA), await d.pack(dirB)]
    const first = await d.roll(a)
    expect(first).toMatchObject([{ ok: true, changed: true, previous: null, current: a.id, state: 'done' }])
    expect(await readlink(join(root, 'current'))).toBe(`releases/${a.id}`)
    expect(await listTree(join(root, 'current'))).toEqual(await listTree(dirA))

    d.progress.length = 0
    expect(await d.roll(b)).toMatchObject([{ ok: true, previous: a.id, current: b.id }])
    expect(await listTree(join(root, 'current'))).toEqual(await listTree(dirB))
    const sent = d.progress.find((event) => event.event === 'step' && event.step === 'send' && event.state === 'ok')
    expect(sent).toMatchObject({ detail: '3 files sent, 15 reused' })

    expect(await d.roll(b)).toMatchObject([{ ok: true, changed: false, state: 'idle' }])
    expect(await d.roll(a, { action: 'rollback' })).toMatchObject([{ ok: true, previous: b.id, current: a.id }])
    expect(await readlink(join(root, 'current'))).toBe(`releases/${a.id}`)
    expect((await readdir(join(root, 'releases'))).sort()).toEqual([a.id, b.id])
    for (const room of ['journal', 'tx', 'lock', 'trash', 'flip', 'incoming'])
      expect(await readdir(join(root, '.releaser', room)), room).toEqual([])
    expect((await d.facts()).state).toMatchObject({ served: [a.id], pinned: [a.id] })
  })

  it('takes back a release whose hook fails after the switch, and says why', async () => {
    const d = driver({ hosts: [{ connect, path: join(base, 'hooked') }] })
    const a = await d.pack(await odd('a'))
    await d.roll(a)
    const failing = driver({
      hosts: [{ connect, path: join(base, 'hooked') }],
      target: { hooks: { 'post-activate': 'echo "the reason: $(cat VERSION)"; exit 3' } },
    })
    const bad = await failing.pack(await odd('bad'), '2.0.0')
    await expect(failing.roll({ ...bad, id: '20260202000000-bbbbbbbb' })).rejects.toMatchObject({
      code: 'ROLLED_BACK',
      message: 'h1: post-activate ended with exit code 3 (every host serves what it served before)',
      result: { hosts: [{ ok: false, changed: false, previous: a.id, current: a.id, state: 'undone' }] },
    })
    expect(failing.progress).toContainEqual({ event: 'output', host: 'h1', step: 'post-activate', line: 'the reason: bad' })
    expect(await readlink(join(base, 'hooked/current'))).toBe(`releases/${a.id}`)
    expect((await d.facts()).state?.releases.map(({ id, state }) => [id, state])).toEqual([
      [a.id, 'good'],
      ['20260202000000-bbbbbbbb', 'bad'],
    ])
  })

  it('changes nothing when a hook fails before the switch, and a first deploy that fails leaves no current', async () => {
    const path = join(base, 'fresh')
    const d = driver({ hosts: [{ connect, path }], target: { hooks: { 'pre-activate': 'exit 1' } } })
    const failed = await d.pack(await odd('a'))
    await expect(d.roll(failed)).rejects.toMatchObject({ code: 'NOT_CHANGED' })
    expect((await d.facts()).state?.releases).toMatchObject([{ id: failed.id, state: 'failed' }])
    const after = driver({ hosts: [{ connect, path }], target: { hooks: { 'post-activate': 'exit 1' } } })
    await expect(after.roll(await after.pack(await odd('a')))).rejects.toMatchObject({ code: 'ROLLED_BACK' })
    expect(await readdir(path)).not.toContain('current')
  })

  it('hands the environment to hooks as it is', async () => {
    const path = join(base, 'env')
    const d = driver({
      hosts: [{ connect, path }],
      target: {
        hooks: {
          'post-activate':
            'printf "%s|" "$RELEASER_APP" "$RELEASER_HOOK" "$RELEASER_VERSION" "$RELEASER_PATH" "$RELEASER_RELEASE_DIR" >$RELEASER_PATH/seen\npwd >>$RELEASER_PATH/seen',
        },
      },
    })
    const a = await d.pack(await odd('a'), '1.2.3')
    await d.roll(a)
    expect(await readFile(join(path, 'seen'), 'utf8')).toBe(
      `shop|post-activate|1.2.3|${path}|${path}/releases/${a.id}|${path}/releases/${a.id}\n`,
    )
  })
})
