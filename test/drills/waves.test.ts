import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import type { Target } from '../../src/model/config.ts'
import { built, DEPLOY, expectClean, release, serving } from '../support/fleet.ts'
import { startHosts, type TestHosts } from '../support/hosts.ts'
import { type Answer, type Laptop, laptop, targetOn } from '../support/laptop.ts'

/** Rollouts over five hosts in waves: who is switched when, who may fail, and what becomes of all. */
let hosts: TestHosts
beforeAll(async () => {
  hosts = await startHosts(5)
})
afterAll(() => hosts?.stop())

const ALL = ['h1', 'h2', 'h3', 'h4', 'h5']

/** Hosts that serve 1.0.0, and 2.0.0 in the store, with these settings from then on. */
async function upgrading(path: string, more: Partial<Target>, only?: readonly string[]) {
  const mine = await built(hosts, path, { strategy: { batch: '100%' } }, only)
  expect((await mine.call(...DEPLOY)).code).toBe(0)
  const [old] = await serving(hosts, path)
  const id = await release(mine, '2.0.0')
  await mine.configure({ prod: targetOn(hosts, path, more, only) })
  return { mine, old, fresh: `releases/${id}` }
}

/** The hosts, in the order in which a step of theirs began. */
function order({ events }: Answer, step: string): readonly unknown[] {
  return events.filter((event) => event['step'] === step && event['state'] === 'start').map(({ host }) => host)
}

/** A hook that goes on once so many hosts are in it at once. */
async function meeting(waves: Readonly<Record<string, number>>): Promise<{ readonly hook: string; met(): Promise<string[]> }> {
  const dir = await mkdtemp(join(tmpdir(), 'releaser-meeting-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  const cases = Object.entries(waves).map(([host, many]) => `${host}) many=${many} ;;`)
  const hook = `case $RELEASER_HOST in ${cases.join(' ')} esac
    mkdir "${dir}/$RELEASER_HOST" || exit
    until [ "$(ls "${dir}" | wc -l)" -ge "$many" ]; do sleep 0.1; done
    ls "${dir}" | wc -l`
  await chmod(dir, 0o1777)
  return { hook, met: () => readdir(dir) }
}

it('a canary, then batches: together within a wave, and no wave before the one before it', async () => {
  // Whoever comes alone goes on alone; two of a batch wait for each other, which they could not if they came in turn.
  const { hook, met } = await meeting({ h1: 1, h2: 3, h3: 3, h4: 5, h5: 5 })
  const strategy = { canary: 1, batch: 2, pause: '1s' } as const
  const { mine, fresh } = await upgrading('canary', { strategy, hooks: { 'post-activate': hook } })
  const answer = await mine.call(...DEPLOY)
  expect(answer).toMatchObject({ code: 0, last: { changed: true } })
  expect(await met()).toEqual(ALL)
  const activated = order(answer, 'activate')
  expect([activated.slice(0, 1), activated.slice(1, 3).sort(), activated.slice(3).sort()]).toEqual([
    ['h1'],
    ['h2', 'h3'],
    ['h4', 'h5'],
  ])
  const notes = answer.events.filter(({ event }) => event === 'note').map(({ message }) => message)
  expect(notes).toEqual(['canary: 1 host switched (1 of 3); the next wait 1 s', '2 hosts switched (2 of 3); the next wait 1 s'])
  // Until the last one is there, all may go back.
  const done = answer.events.filter(({ state }) => state === 'ok').map(({ step }) => step)
  expect(done.lastIndexOf('activate')).toBeLessThan(done.indexOf('confirm'))
  expect(await serving(hosts, 'canary')).toEqual(ALL.map(() => fresh))
})

it('who may fail goes back by itself and stays behind; resume brings it there, or the others back', async () => {
  const strategy = { batch: 5, maxFailures: 1 } as const
  const fails = { 'post-activate': '[ "$RELEASER_HOST" != h4 ] || { echo not here; exit 3; }' }
  const { mine, old, fresh } = await upgrading('behind', { strategy, hooks: fails })
  const answer = await mine.call(...DEPLOY)
  expect(answer).toMatchObject({ code: 0, last: { ok: true, exit: 0, changed: true, lagging: ['h4'] } })
  expect(answer.last['hosts']).toMatchObject(
    ALL.map((host) => (host === 'h4' ? { host, ok: false, state: 'undone' } : { host, ok: true, changed: true })),
  )
  expect(await serving(hosts, 'behind')).toEqual([fresh, fresh, fresh, old, fresh])
  await expectClean(hosts, 'behind', [0, 1, 2, 3, 4])

  // Every machine sees that, and can bring it to one end; here one that has never had the release.
  const status = await mine.call('status')
  expect(status.last['hosts']).toMatchObject(
    ALL.map((host) => ({ host, behind: host === 'h4' ? { release: fresh.slice('releases/'.length) } : null })),
  )
  expect((await mine.say('status')).stdout).toContain('stays behind h[1:3], h5: releaser resume target=prod')
  const other = await laptop()
  await other.configure({ prod: targetOn(hosts, 'behind', { strategy }) })
  const resumed = await other.say('resume', 'target=prod', '--yes')
  expect(resumed).toMatchObject({ code: 0, stdout: expect.stringContaining('shop 2.0.0 is live on prod') })
  expect(resumed.stderr).toMatch(/the deploy of 2\.0\.0, .* by .*@.*, stays on h\[1:3\], h5, and not on h4/)
  expect(await serving(hosts, 'behind')).toEqual(ALL.map(() => fresh))
  expect(await other.say('resume', 'target=prod')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('nothing to resume'),
  })

  // And back, where that is wanted.
  await release(mine, '3.0.0')
  expect(await mine.call(...DEPLOY)).toMatchObject({ code: 0, last: { lagging: ['h4'] } })
  expect(await other.call('resume', 'target=prod', '--back', '--yes')).toMatchObject({ code: 0, last: { changed: true } })
  expect(await serving(hosts, 'behind')).toEqual(ALL.map(() => fresh))
  expect(await other.call('resume', 'target=prod')).toMatchObject({ code: 0, last: { changed: false } })

  // A rollback stays one: what it pins is pinned on those that come later, too.
  expect(await mine.call('rollback', 'target=prod', `release=${old?.slice('releases/'.length)}`, '--yes')).toMatchObject({
    code: 0,
    last: { lagging: ['h4'] },
  })
  expect(await other.call('resume', 'target=prod', '--yes')).toMatchObject({ code: 0, last: { changed: true } })
  expect(await serving(hosts, 'behind')).toEqual(ALL.map(() => old))
  const pinned = [old?.slice('releases/'.length)]
  expect((await other.call('status')).last['hosts']).toMatchObject(ALL.map((host) => ({ host, pinned })))
})

it('one failure more takes everybody back (7), also those whose turn had passed', async () => {
  const strategy = { batch: 2, maxFailures: 1 } as const
  const fails = { 'post-activate': 'case $RELEASER_HOST in h2 | h5) exit 3 ;; esac' }
  const { mine, old } = await upgrading('back', { strategy, hooks: fails })
  const answer = await mine.call(...DEPLOY)
  expect(answer).toMatchObject({
    code: 7,
    last: { message: 'h5: post-activate ended with exit code 3 (every host serves what it served before)' },
  })
  expect(await serving(hosts, 'back')).toEqual(ALL.map(() => old))
  await expectClean(hosts, 'back', [0, 1, 2, 3, 4])
})

it('who cannot be sent to may stay behind too, and where nobody gets there nothing was rolled out', async () => {
  const two = ['h1', 'h2']
  const hooks = { 'post-upload': '[ "$RELEASER_HOST" = h2 ]' }
  const { mine, old, fresh } = await upgrading('unsent', { strategy: { maxFailures: 5 }, hooks }, two)
  expect(await mine.call(...DEPLOY)).toMatchObject({ code: 0, last: { lagging: ['h1'] } })
  expect((await serving(hosts, 'unsent')).slice(0, 2)).toEqual([old, fresh])
  // Only h1 is left to do: there is nobody whom it could stay behind.
  expect(await mine.call(...DEPLOY)).toMatchObject({ code: 6, last: { code: 'NOT_CHANGED' } })
  expect((await serving(hosts, 'unsent')).slice(0, 2)).toEqual([old, fresh])
})

it('a canary whose app ends while the others wait takes itself back, and nobody else was touched', async () => {
  const three = ['h1', 'h2', 'h3']
  const runner = { start: 'case $RELEASER_VERSION in 1.0.0) exec sleep 1000 ;; *) exec sleep 5 ;; esac' }
  const mine: Laptop = await built(hosts, 'bake', { runner, strategy: { batch: 3 } }, three)
  expect((await mine.call(...DEPLOY)).code).toBe(0)
  const before = await serving(hosts, 'bake')
  await release(mine, '2.0.0')
  await mine.configure({ prod: targetOn(hosts, 'bake', { runner, strategy: { canary: 1, pause: '4s' } }, three) })
  const answer = await mine.call(...DEPLOY)
  expect(answer).toMatchObject({
    code: 7,
    last: { message: 'h1: the app has ended, 4 s after the switch (every host serves what it served before)' },
  })
  expect(order(answer, 'activate')).toEqual(['h1'])
  expect(await serving(hosts, 'bake')).toEqual(before)
  expect(await mine.call('stop', 'target=prod')).toMatchObject({ code: 0 })
})

it('groups come in their order, and the first that fails takes all of them back', async () => {
  const mine = await built(hosts, 'unused')
  const of = (only: readonly string[], more: Partial<Target> = {}) =>
    targetOn(hosts, 'cluster', { strategy: { batch: 2 }, ...more }, only)
  const groups = { europe: ['west', 'east'], world: ['europe'] }
  await mine.configure({ east: of(['h1', 'h2']), west: of(['h3', 'h4']) }, { groups })
  const first = await mine.call('deploy', 'target=world', '--yes')
  expect(first).toMatchObject({ code: 0, last: { target: 'west,east' } })
  const activated = order(first, 'activate')
  expect([activated.slice(0, 2).sort(), activated.slice(2).sort()]).toEqual([
    ['h3', 'h4'],
    ['h1', 'h2'],
  ])
  const before = await serving(hosts, 'cluster')
  await release(mine, '2.0.0')
  const hooks = { 'post-activate': '[ "$RELEASER_HOST" != h1 ]' }
  await mine.configure({ east: of(['h1', 'h2'], { hooks }), west: of(['h3', 'h4']) }, { groups })
  expect(await mine.call('deploy', 'target=world', '--yes')).toMatchObject({ code: 7 })
  expect(await serving(hosts, 'cluster')).toEqual(before)
})
