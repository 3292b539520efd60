import { execFile } from 'node:child_process'
import { access, readdir, readFile, readlink, rm } from 'node:fs/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Target } from '../../src/model/config.ts'
import { built, DEPLOY, home, release } from '../support/fleet.ts'
import { startHosts, type TestHosts, userProcesses } from '../support/hosts.ts'
import { type Laptop, targetOn } from '../support/laptop.ts'
import { until } from '../support/until.ts'

/** Two people at once, and people who change their mind: who is let in, and how a host is left. */
let hosts: TestHosts
beforeAll(async () => {
  hosts = await startHosts(2)
})
afterAll(() => hosts?.stop())

const run = promisify(execFile)
const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  )

/** A hook that tells that it runs, and ends when it is let go. */
const WAITING = 'touch "$RELEASER_PATH/waiting"; while [ ! -e "$RELEASER_PATH/go" ]; do sleep 0.05; done'
const waits = (path: string, index = 0) => until(() => exists(home(hosts, index, path, 'waiting')))
const letGo = async (path: string, indexes: readonly number[] = [0, 1]): Promise<void> => {
  for (const index of indexes) await run('touch', [home(hosts, index, path, 'go')])
}

/** A laptop that has deployed 1.0.0 and built 2.0.0, and whose next deploy waits in this hook. */
async function halfway(path: string, hook: 'post-upload' | 'pre-activate' | 'post-activate'): Promise<Laptop> {
  const mine = await built(hosts, path)
  expect((await mine.call(...DEPLOY)).code).toBe(0)
  await release(mine, '2.0.0')
  await mine.configure({ prod: waitingIn(path, hook) })
  return mine
}

const waitingIn = (path: string, hook: string): Target => targetOn(hosts, path, { hooks: { [hook]: WAITING } })
const serving = (path: string) =>
  Promise.all([0, 1].map((index) => readFile(home(hosts, index, path, 'current/version.txt'), 'utf8').catch(() => null)))

/** Nothing of ours runs on the hosts any more, and no lock or transaction is left. */
async function comesToRest(path: string): Promise<void> {
  await until(async () => {
    const all = (await Promise.all(hosts.hosts.map(({ uid }) => userProcesses(uid)))).flat()
    const places = await Promise.all(all.map(({ pid }) => readlink(`/proc/${pid}/cwd`).catch(() => '')))
    return !places.some((place) => [0, 1].some((index) => `${place}/`.startsWith(`${home(hosts, index, path)}/`)))
  })
  for (const index of [0, 1])
    for (const room of ['lock', 'journal', 'tx', 'flip'])
      expect(await readdir(home(hosts, index, path, '.releaser', room)), room).toEqual([])
}

describe('a second deploy while the first is at work', () => {
  it('is told who it is (4), waits with --wait, and status shows it', async () => {
    const mine = await halfway('locked', 'post-upload')
    const first = mine.start(...DEPLOY)
    await waits('locked')
    const refused = await mine.call(...DEPLOY)
    expect(refused).toMatchObject({ code: 4, last: { event: 'error', exit: 4, code: 'LOCKED' } })
    expect(refused.last['message']).toMatch(
      /^h[12]: at work there is \S+@\S+, since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC \(deploy of shop 2\.0\.0\)/,
    )
    expect(refused.last['hint']).toMatch(/--wait=10m/)
    expect(await mine.call(...DEPLOY, 'release=1.0.0', '--force')).toMatchObject({ code: 4 })
    const status = await mine.call('status')
    const lock = { by: expect.stringMatching(/@/), since: expect.stringMatching(/Z$/), message: 'deploy of shop 2.0.0' }
    expect(status.last['hosts']).toMatchObject([{ lock }, { lock }])
    expect((await mine.say('status')).stdout).toContain('locked by')

    const second = mine.start(...DEPLOY, '--wait=30s')
    await until(async () => second.said().includes('waiting for'))
    await letGo('locked')
    expect(await first.ended).toMatchObject({ code: 0, last: { changed: true } })
    // What it wanted is there by now.
    expect(await second.ended).toMatchObject({ code: 0, last: { changed: false } })
    expect(await serving('locked')).toEqual(['2.0.0', '2.0.0'])
    await comesToRest('locked')
  }, 60_000)

  it('gives up when it has waited long enough', async () => {
    const mine = await halfway('patience', 'post-upload')
    const first = mine.start(...DEPLOY)
    await waits('patience')
    expect(await mine.call(...DEPLOY, '--wait=1s')).toMatchObject({ code: 4, last: { code: 'LOCKED' } })
    await letGo('patience')
    expect(await first.ended).toMatchObject({ code: 0 })
  }, 60_000)
})

describe('a deploy that is stopped (130)', () => {
  it.each(['post-upload', 'pre-activate', 'post-activate'] as const)(
    'in %s: hosts as they were, nothing left, a rerun succeeds',
    async (hook) => {
      const path = `stopped-${hook}`
      const mine = await halfway(path, hook)
      const before = await readlink(home(hosts, 0, path, 'current'))
      const deploying = mine.start(...DEPLOY)
      await waits(path)
      deploying.kill('SIGINT')
      const answer = await deploying.ended
      expect(answer).toMatchObject({ code: 130, last: { event: 'error', exit: 130, code: 'INTERRUPTED' } })
      expect(answer.stderr).toContain('stopping safely')
      expect(await serving(path)).toEqual(['1.0.0', '1.0.0'])
      expect(await readlink(home(hosts, 0, path, 'current'))).toBe(before)
      await comesToRest(path)

      await mine.configure({ prod: targetOn(hosts, path) })
      expect(await mine.call(...DEPLOY)).toMatchObject({ code: 0, last: { changed: true } })
      expect(await serving(path)).toEqual(['2.0.0', '2.0.0'])
    },
    90_000,
  )

  it('at once, by a second signal: the hosts go back by themselves', async () => {
    const mine = await halfway('twice', 'post-activate')
    const deploying = mine.start(...DEPLOY)
    await waits('twice')
    deploying.kill('SIGINT')
    await until(async () => deploying.said().includes('stopping safely'))
    deploying.kill('SIGINT')
    expect((await deploying.ended).code).toBe(130)
    await comesToRest('twice')
    expect(await serving('twice')).toEqual(['1.0.0', '1.0.0'])
    await rm(home(hosts, 0, 'twice', 'waiting'))
    await mine.configure({ prod: targetOn(hosts, 'twice') })
    expect(await mine.call(...DEPLOY)).toMatchObject({ code: 0, last: { changed: true } })
  }, 90_000)

  it('killed without a word: the hosts go back by themselves, and history tells', async () => {
    const mine = await halfway('killed', 'post-activate')
    const deploying = mine.start(...DEPLOY)
    await waits('killed')
    deploying.kill('SIGKILL')
    await deploying.ended
    await comesToRest('killed')
    expect(await serving('killed')).toEqual(['1.0.0', '1.0.0'])
    const { last } = await mine.call('history', 'target=prod', 'limit=2')
    expect(last['entries']).toMatchObject([{ ok: false }, { ok: false }])
  }, 90_000)
})
