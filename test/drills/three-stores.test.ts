import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { DEPLOY, expectClean, home, release, serving } from '../support/fleet.ts'
import { startHosts, type TestHosts } from '../support/hosts.ts'
import { type Laptop, laptop, targetOn } from '../support/laptop.ts'

/** Two laptops and CI deploy to one target, each with a store of its own: all that they share lies on the hosts. */
let hosts: TestHosts
beforeAll(async () => {
  hosts = await startHosts(2)
})
afterAll(() => hosts?.stop())

const both = <T>(one: T) => [one, one]

interface Shown {
  readonly releases: readonly {
    readonly version: string
    readonly id: string
    readonly git: unknown
    readonly tags: readonly string[]
  }[]
}
const onHosts = async (who: Laptop): Promise<readonly Shown[]> => {
  const { code, last, stderr } = await who.call('releases', 'target=prod')
  expect(code, stderr).toBe(0)
  return last['hosts'] as readonly Shown[]
}
const versions = async (who: Laptop) => (await onHosts(who)).map(({ releases }) => releases.map(({ version }) => version))

/** Ana, Bob and CI have built 1.0.0, 2.0.0 and 3.0.0 and deployed them in that order. */
async function three(path: string) {
  const people: Laptop[] = []
  const ids: string[] = []
  for (const version of ['1.0.0', '2.0.0', '3.0.0']) {
    const who = await laptop({ 'app/index.html': `<h1>${version}</h1>\n` })
    await who.configure({ prod: targetOn(hosts, path) })
    ids.push(await release(who, version))
    expect(await who.call(...DEPLOY)).toMatchObject({ code: 0 })
    people.push(who)
  }
  const [ana, bob, ci] = people
  if (!ana || !bob || !ci) throw new RangeError('three')
  return { ana, bob, ci, ids }
}

it('each sees what the others did, goes back to it, compares with it, and takes it home', { timeout: 240_000 }, async () => {
  const { ana, bob, ci, ids } = await three('shared')
  for (const who of [ana, bob, ci]) expect(await versions(who)).toEqual(both(['3.0.0', '2.0.0', '1.0.0']))
  const { last } = await ana.call('history', 'target=prod', 'host=h1')
  expect(last['entries']).toMatchObject(
    [...ids].reverse().map((id, index) => ({ action: 'deploy', release: id, previous: ids[1 - index] ?? null, ok: true })),
  )
  expect((await ana.call('status')).last['hosts']).toMatchObject(
    both({ current: { version: '3.0.0' }, previous: { version: '2.0.0' } }),
  )

  // Nobody but Bob has 2.0.0 in a store.
  expect(await ana.call('rollback', 'target=prod', 'release=2.0.0')).toMatchObject({ code: 0, last: { release: { id: ids[1] } } })
  expect(await serving(hosts, 'shared')).toEqual(both(`releases/${ids[1]}`))
  expect(await ci.call('rollback', 'target=prod')).toMatchObject({ code: 0, last: { release: { version: '1.0.0' } } })
  expect(await bob.call('activate', 'target=prod', 'release=latest')).toMatchObject({
    code: 0,
    last: { release: { id: ids[2] } },
  })

  const foreign = await ana.call('diff', 'target=prod', 'release=3.0.0', 'with=2.0.0')
  expect(foreign.last).toMatchObject({ release: { id: ids[2] }, with: { id: ids[1] }, added: 0, removed: 0, changed: 3 })
  const own = await ana.call('diff', 'target=prod', 'release=1.0.0')
  expect(own.last).toMatchObject({ release: { id: ids[0] }, with: { id: ids[2] }, changed: 3 })

  const got = await ana.call('download', 'target=prod', 'release=3.0.0')
  expect(got).toMatchObject({ code: 0, last: { changed: true, release: { id: ids[2], version: '3.0.0' } } })
  expect(await ana.call('verify')).toMatchObject({ code: 0, last: { findings: [] } })
  await ana.configure({ prod: targetOn(hosts, 'elsewhere') })
  expect(await ana.call(...DEPLOY, 'release=3.0.0')).toMatchObject({ code: 0, last: { release: { id: ids[2] } } })

  // A tag is Bob's own word; it names the release wherever that lies.
  expect(await bob.call('tag', 'release=2.0.0', 'tag=stable')).toMatchObject({ code: 0 })
  expect(await bob.call('rollback', 'target=prod', 'release=stable')).toMatchObject({
    code: 0,
    last: { release: { id: ids[1] } },
  })
  expect((await onHosts(bob))[0]?.releases.map(({ tags }) => tags)).toEqual([[], ['stable'], []])
  expect(await ci.call('rollback', 'target=prod', 'release=stable')).toMatchObject({ code: 9 })
  await expectClean(hosts, 'shared')
})

it('where hosts have lost their memory, each still knows its own, and what one deploys the others learn again', {
  timeout: 240_000,
}, async () => {
  const { ana, bob, ci, ids } = await three('forgotten')
  const state = (index: number) => home(hosts, index, 'forgotten/.releaser/state')
  // One host alone: the other one remembers for it where both are meant.
  await rm(state(0))
  expect(await versions(ana)).toEqual([
    ['unknown', 'unknown', '1.0.0'],
    ['3.0.0', '2.0.0', '1.0.0'],
  ])
  expect(await ana.call('pin', 'target=prod', 'release=2.0.0', '--dry-run')).toMatchObject({ code: 0 })

  await writeFile(state(0), 'version\t1\nrelease\tcut off')
  await rm(state(1))
  const people = await ana.say('releases', 'target=prod', 'host=h1')
  expect(people.stdout.split('\n').map((line) => line.split(/ +/).slice(0, 4))).toMatchObject([
    ['host', 'version', 'id', 'state'],
    ['h1', '-', ids[2], 'good'],
    ['h1', '-', ids[1], 'good'],
    ['h1', '1.0.0', ids[0], 'good'],
    [''],
  ])
  // By its version where this machine knows it, by its id where nobody does.
  expect(await ana.call('rollback', 'target=prod', 'release=2.0.0')).toMatchObject({ code: 9 })
  const back = await ana.say('rollback', 'target=prod', `release=${ids[1]}`)
  expect(back).toMatchObject({ code: 0, stdout: expect.stringContaining(`prod serves shop ${ids[1]} again`) })
  expect(await ana.call('rollback', 'target=prod', 'release=1.0.0')).toMatchObject({
    code: 0,
    last: { release: { version: '1.0.0' } },
  })

  // What Ana knows is written down there now; Bob adds what he knows.
  expect(await versions(ci)).toEqual(both(['3.0.0', 'unknown', '1.0.0']))
  expect(await bob.call('pin', 'target=prod')).toMatchObject({ code: 0 })
  expect(await bob.call('activate', 'target=prod', 'release=2.0.0')).toMatchObject({ code: 0, last: { release: { id: ids[1] } } })
  expect(await ci.call('activate', 'target=prod', 'release=latest')).toMatchObject({
    code: 0,
    last: { release: { version: '3.0.0' } },
  })
  expect(await versions(ana)).toEqual(both(['3.0.0', '2.0.0', '1.0.0']))
  expect(await ana.call('verify', 'target=prod')).toMatchObject({ code: 0, last: { findings: [] } })
  await expectClean(hosts, 'forgotten')
})

it('where the database here is lost, what its records say comes back, and what they could not know is named', async () => {
  const mine = await laptop()
  await mine.configure({ prod: targetOn(hosts, 'local') })
  const old = await release(mine, '1.0.0')
  expect(await mine.call(...DEPLOY)).toMatchObject({ code: 0 })
  await mine.call('tag', 'release=1.0.0', 'tag=stable')
  const id = await release(mine, '2.0.0')
  for (const name of ['db.json', 'db.json.bak']) await rm(join(mine.dir, '.releaser', name))
  const { code, last, stderr } = await mine.call('releases')
  expect(code).toBe(0)
  expect(last['releases']).toMatchObject([
    { id, version: '2.0.0', latest: true },
    { id: old, version: '1.0.0', tags: [], live: [] },
  ])
  expect(stderr).toMatch(/2 releases were rebuilt from their records, without what came later \(.*tags.*deployments.*\)/)
  expect((await readdir(join(mine.dir, '.releaser'))).sort()).toEqual(['db.json', 'db.json.bak', 'releases', 'tmp', 'verdicts'])
  expect(await mine.call('rollback', 'target=prod', 'release=1.0.0')).toMatchObject({ code: 0, last: { changed: false } })
})
