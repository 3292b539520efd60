import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { built, DEPLOY, expectClean, home, release, serving } from '../support/fleet.ts'
import { startHosts, type TestHosts } from '../support/hosts.ts'
import { laptop, targetOn } from '../support/laptop.ts'
import { until } from '../support/until.ts'

/** A client that dies between two confirmations: it has written down that the rollout stays, and each host is whole. */
let hosts: TestHosts
beforeAll(async () => {
  hosts = await startHosts(3)
})
afterAll(() => hosts?.stop())

/** Has whatever anybody runs on a host wait while there is a file; sshd runs this before each command. */
async function stalling(index: number): Promise<{ begin(): Promise<void>; over(): Promise<void> }> {
  const rc = home(hosts, index, '.ssh', 'rc')
  const stall = home(hosts, index, 'stall')
  await writeFile(rc, `while [ -e ${stall} ]; do sleep 0.1; done\n`)
  return { begin: () => writeFile(home(hosts, index, 'wanted'), ''), over: () => rm(stall) }
}

it('what is decided is known here, and told by the hosts; resume brings it to one end', async () => {
  const confirm = '15s'
  // Where it is asked for, nobody gets through to a host any more from the switch on, until the test says so.
  const hooks = { 'post-activate': '[ ! -e ~/wanted ] || mv ~/wanted ~/stall' }
  const { begin, over } = await stalling(2)
  const mine = await built(hosts, 'shop', { strategy: { batch: 3 }, confirm, hooks })
  const verdicts = () => readdir(join(mine.dir, '.releaser/verdicts')).catch(() => [])
  expect(await mine.call(...DEPLOY)).toMatchObject({ code: 0 })
  expect(await verdicts()).toEqual([])
  const [old] = await serving(hosts, 'shop')
  const fresh = `releases/${await release(mine, '2.0.0')}`

  await begin()
  const deploying = mine.start(...DEPLOY)
  const kept = async (index: number) =>
    (await readdir(home(hosts, index, 'shop/.releaser/lock'))).length === 0 && (await serving(hosts, 'shop'))[index] === fresh
  await until(async () => (await kept(0)) && (await kept(1)), 60)
  const [file = '', ...more] = await verdicts()
  const rollout = file.replace('.json', '')
  expect([rollout, more]).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/), []])
  deploying.kill('SIGKILL')
  await deploying.ended

  // h3 does not answer: how it ends is not known, and that is said.
  await hosts.hosts[2]?.stopSshd()
  const silent = await mine.call('status', 'target=prod')
  const named = (...names: readonly string[]) => names.map((host) => ({ target: 'prod', host }))
  expect(silent).toMatchObject({
    code: 3,
    last: { rollouts: [{ rollout, action: 'deploy', on: named('h1', 'h2'), behind: [], unknown: named('h3') }] },
  })
  const told = await mine.say('status', 'target=prod')
  expect(told.stdout).toContain(`rollout ${rollout.slice(0, 12)}: the deploy of 2.0.0, `)
  expect(told.stdout).toMatch(/ stays on h1, h2, and may have stayed on h3 or not\nsettle it: releaser resume target=prod\n/)

  // It goes back by itself; whoever asks then hears that from the hosts, and who was meant although only one of them is asked.
  await until(async () => (await serving(hosts, 'shop'))[2] === old, 60)
  await over()
  await hosts.hosts[2]?.startSshd()
  await until(async () => (await readdir(home(hosts, 2, 'shop/.releaser/lock'))).length === 0, 60)
  const other = await laptop()
  await other.configure({ prod: targetOn(hosts, 'shop', { strategy: { batch: 3 } }) })
  expect(await other.call('status', 'target=prod')).toMatchObject({
    code: 0,
    last: { rollouts: [{ rollout, on: named('h1', 'h2'), behind: named('h3'), unknown: [] }] },
  })
  expect((await other.call('status', 'target=prod', 'host=h2,h3')).last['rollouts']).toMatchObject([
    { rollout, on: named('h2'), behind: named('h3'), unknown: named('h1') },
  ])

  // Where it was cut off, nobody has to say which target.
  const resumed = await mine.say('resume', '--yes')
  expect(resumed).toMatchObject({ code: 0, stdout: expect.stringContaining('shop 2.0.0 is live on prod') })
  expect(await serving(hosts, 'shop')).toEqual([fresh, fresh, fresh])
  await expectClean(hosts, 'shop', [0, 1, 2])
  expect(await mine.call('status')).toMatchObject({ code: 0, last: { rollouts: [] } })
  expect(await verdicts()).toEqual([])
  expect(await mine.call('resume')).toMatchObject({
    code: 2,
    last: { message: 'no rollout was cut off here, and no target is named' },
  })
}, 180_000)

it('a rollout that cannot be written down here is taken back, and nobody was told that it stays (7)', async () => {
  const mine = await built(hosts, 'unwritten', { strategy: { batch: 3 } })
  expect(await mine.call(...DEPLOY)).toMatchObject({ code: 0 })
  const before = await serving(hosts, 'unwritten')
  await release(mine, '2.0.0')
  await rm(join(mine.dir, '.releaser/verdicts'), { recursive: true })
  await writeFile(join(mine.dir, '.releaser/verdicts'), 'in the way')
  expect(await mine.call(...DEPLOY)).toMatchObject({
    code: 7,
    last: { message: expect.stringMatching(/^it could not be written down here that this deploy stays: /) },
  })
  expect(await serving(hosts, 'unwritten')).toEqual(before)
  await expectClean(hosts, 'unwritten', [0, 1, 2])
}, 180_000)
