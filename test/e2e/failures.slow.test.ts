import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { built, DEPLOY, expectClean, home, release, serving } from '../support/fleet.ts'
import { startHosts, type TestHosts } from '../support/hosts.ts'
import { targetOn } from '../support/laptop.ts'

/** What fails while a command runs, and what may not begin: how it ends, what is said, and that hosts are as they were. */
let hosts: TestHosts
beforeAll(async () => {
  hosts = await startHosts(2)
})
afterAll(() => hosts?.stop())

/** What each host calls its releases when this hook has failed: only where a hook of its own failed, the release is to blame. */
const STATES = {
  'pre-deploy': [['good'], ['good']],
  'pre-upload': [['good'], ['good']],
  'post-upload': [
    ['staged', 'good'],
    ['failed', 'good'],
  ],
  'pre-activate': [
    ['failed', 'good'],
    ['staged', 'good'],
  ],
} as const

describe('a hook that fails', () => {
  it.each(['pre-deploy', 'pre-upload', 'post-upload', 'pre-activate'] as const)('%s: nothing changes (6)', async (hook) => {
    const path = `hooked-${hook}`
    const mine = await built(hosts, path)
    await mine.call(...DEPLOY)
    const before = await serving(hosts, path)
    const bad = await release(mine, '2.0.0')
    // The second has switched nothing yet when the first fails.
    const script = hook === 'post-upload' ? '[ "$RELEASER_HOST" = h1 ] || exit 3' : 'exit 3'
    const hooks = { [hook]: script, 'on-failure': 'echo "$RELEASER_HOOK $RELEASER_RELEASE" >told' }
    await mine.configure({ prod: targetOn(hosts, path, { hooks }) })
    const answer = await mine.call(...DEPLOY)
    expect(answer).toMatchObject({ code: 6, last: { code: 'NOT_CHANGED', changed: false } })
    expect(answer.last['message']).toMatch(new RegExp(`${hook} ended with exit code 3`))
    expect(answer.last['message']).toMatch(/\(nothing was changed on any host\)$/)
    expect(answer.last['hosts']).toMatchObject([
      { host: 'h1', ok: false, changed: false },
      { host: 'h2', ok: false, changed: false },
    ])
    expect(await serving(hosts, path)).toEqual(before)
    expect(await readFile(join(mine.dir, 'told'), 'utf8')).toBe(`on-failure ${bad}\n`)
    await expectClean(hosts, path)
    const { last } = await mine.call('releases', 'target=prod')
    const states = (last['hosts'] as { releases: { state: string }[] }[]).map((one) => one.releases.map(({ state }) => state))
    expect(states).toEqual(STATES[hook])
    await mine.configure({ prod: targetOn(hosts, path) })
    expect(await mine.call(...DEPLOY)).toMatchObject({ code: 0, last: { changed: true } })
  })

  it('post-activate in a first deploy: no current is left (7)', async () => {
    const mine = await built(hosts, 'first', { hooks: { 'post-activate': '[ "$RELEASER_HOST" = h1 ] || exit 3' } })
    const answer = await mine.call(...DEPLOY)
    expect(answer).toMatchObject({
      code: 7,
      last: {
        code: 'ROLLED_BACK',
        changed: false,
        hosts: [
          { host: 'h1', ok: false, changed: false, previous: null, current: null, state: 'undone' },
          { host: 'h2', ok: false, changed: false, previous: null, current: null, state: 'undone' },
        ],
      },
    })
    for (const index of [0, 1]) expect(await readdir(home(hosts, index, 'first'))).not.toContain('current')
    await expectClean(hosts, 'first')
    expect(await mine.call('exec', 'target=prod', '--', 'true')).toMatchObject({ code: 9, last: { code: 'NOT_FOUND' } })
  })

  it('post-activate, where somebody has lost the list of files of what serves: that serves all the same', async () => {
    const mine = await built(hosts, 'lost-list')
    await mine.call(...DEPLOY)
    const before = await serving(hosts, 'lost-list')
    for (const index of [0, 1]) {
      const lists = home(hosts, index, 'lost-list', '.releaser', 'manifests')
      for (const list of await readdir(lists)) await rm(join(lists, list))
    }
    await release(mine, '2.0.0')
    await mine.configure({ prod: targetOn(hosts, 'lost-list', { hooks: { 'post-activate': 'exit 3' } }) })
    expect(await mine.call(...DEPLOY)).toMatchObject({ code: 7, last: { code: 'ROLLED_BACK' } })
    expect(await serving(hosts, 'lost-list')).toEqual(before)
    await mine.configure({ prod: targetOn(hosts, 'lost-list') })
    expect(await mine.call(...DEPLOY)).toMatchObject({ code: 0, last: { changed: true } })
    await expectClean(hosts, 'lost-list')
  })

  it('post-activate in a later deploy: all serve what they served (7), and the release is bad', async () => {
    const mine = await built(hosts, 'later')
    await mine.call(...DEPLOY)
    const before = await serving(hosts, 'later')
    const bad = await release(mine, '2.0.0')
    const hooks = { 'post-activate': 'cat version.txt; [ "$RELEASER_HOST" = h1 ] || exit 3' }
    await mine.configure({ prod: targetOn(hosts, 'later', { hooks }) })
    const answer = await mine.say(...DEPLOY)
    expect(answer.code).toBe(7)
    expect(answer.stderr).toContain('h2: | 2.0.0\n')
    expect(answer.stderr).toContain(
      'releaser: error: h2: post-activate ended with exit code 3 (every host serves what it served before)',
    )
    expect(answer.stderr).toContain('releaser: hint: mend the cause, build again, and deploy')
    expect(await serving(hosts, 'later')).toEqual(before)
    await expectClean(hosts, 'later')
    const { last } = await mine.call('releases', 'target=prod')
    // Only the host where it failed calls it bad; the other went back for company.
    expect(last['hosts']).toMatchObject([
      { host: 'h1' },
      { host: 'h2', releases: [{ id: bad, state: 'bad' }, { state: 'good' }] },
    ])
    const history = await mine.call('history', 'target=prod', 'limit=2')
    expect(history.last['entries']).toMatchObject([
      { ok: false, release: bad },
      { ok: false, release: bad },
    ])
    await mine.configure({ prod: targetOn(hosts, 'later') })
    expect(await mine.call(...DEPLOY)).toMatchObject({ code: 0, last: { changed: true } })
  })

  it('one that hangs is ended after its timeout', async () => {
    const hooks = { 'pre-activate': { run: 'echo waiting; sleep 1000', timeout: '1s' } }
    const mine = await built(hosts, 'hanging', { hooks }, ['h1'])
    const answer = await mine.call(...DEPLOY)
    expect(answer).toMatchObject({ code: 6, last: { code: 'NOT_CHANGED' } })
    expect(answer.last['message']).toMatch(/^h1: pre-activate did not end within 1 s /)
    await expectClean(hosts, 'hanging', [0])
  })

  it('post-deploy: the release stays (10)', async () => {
    const mine = await built(hosts, 'posted', { hooks: { 'post-deploy': 'exit 3' } })
    const answer = await mine.call(...DEPLOY)
    expect(answer).toMatchObject({
      code: 10,
      last: {
        code: 'REMOTE_COMMAND',
        message: 'the hook post-deploy ended with exit code 3; the release stays',
        hosts: [
          { ok: true, changed: true },
          { ok: true, changed: true },
        ],
      },
    })
    expect((await serving(hosts, 'posted')).every((link) => link !== null)).toBe(true)
  })
})

describe('nothing to choose from (9), and commands that fail (10)', () => {
  it('rollback where nothing served before, or nothing at all', async () => {
    const mine = await built(hosts, 'back')
    const nothing = {
      code: 'NOT_FOUND',
      message: 'nothing has been deployed there',
      hint: 'deploy first: releaser deploy target=NAME',
    }
    expect(await mine.call('rollback', 'target=prod')).toMatchObject({ code: 9, last: nothing })
    expect(await readdir(home(hosts, 0))).not.toContain('back')
    await mine.call(...DEPLOY)
    const before = await serving(hosts, 'back')
    expect(await mine.call('rollback', 'target=prod')).toMatchObject({
      code: 9,
      last: { code: 'NOT_FOUND', message: 'there is no good release to go back to' },
    })
    expect(await mine.call('rollback', 'target=prod', 'release=0.9.0')).toMatchObject({
      code: 9,
      last: { code: 'NOT_FOUND', message: 'no release "0.9.0" lies on all of the hosts' },
    })
    expect(await serving(hosts, 'back')).toEqual(before)
  })

  it('exec tells what each host said', async () => {
    const mine = await built(hosts, 'exec')
    await mine.call(...DEPLOY)
    const script = 'echo out; echo err >&2; [ "$RELEASER_HOST" = h1 ] || exit 7'
    expect(await mine.call('exec', 'target=prod', '--', script)).toMatchObject({
      code: 10,
      last: {
        code: 'REMOTE_COMMAND',
        message: 'the command failed (h2: exit code 7)',
        hosts: [
          { host: 'h1', ok: true, exit: 0, stdout: 'out\n', stderr: 'err\n' },
          { host: 'h2', ok: false, exit: 7, stdout: 'out\n', stderr: 'err\n' },
        ],
      },
    })
    expect(await mine.call('exec', 'target=prod', '--', 'no-such-command', 'x')).toMatchObject({
      code: 10,
      last: { hosts: [{ exit: 127 }, { exit: 127 }] },
    })
  })
})

it('a protected target changes only with --yes where nobody can be asked (2)', async () => {
  const mine = await built(hosts, 'guarded', { protected: true })
  for (const words of [
    ['deploy', 'target=prod'],
    ['deploy', 'target=prod', '--no-input'],
    ['deploy', 'target=prod', '--force'],
  ]) {
    const answer = await mine.call(...words)
    expect(answer).toMatchObject({ code: 2, last: { code: 'USAGE' } })
    expect(`${answer.last['message']} ${answer.last['hint']}`).toContain('--yes')
  }
  for (const index of [0, 1]) expect(await readdir(home(hosts, index))).not.toContain('guarded')
  expect(await mine.call(...DEPLOY)).toMatchObject({ code: 0, last: { changed: true } })
  const before = await serving(hosts, 'guarded')
  for (const words of [
    ['rollback', 'target=prod', 'release=1.0.0', '--dry-run'],
    ['prune', 'target=prod', '--dry-run'],
  ])
    expect(await mine.call(...words)).toMatchObject({ code: 0 })
  await release(mine, '2.0.0')
  await mine.call(...DEPLOY)
  expect(await mine.call('rollback', 'target=prod')).toMatchObject({ code: 2 })
  expect(await mine.call('prune', 'target=prod', 'keep=1')).toMatchObject({ code: 2 })
  expect(await serving(hosts, 'guarded')).not.toEqual(before)
})
