import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ReleaserError } from '../../src/model/errors.ts'
import type { Facts } from '../../src/model/plan.ts'
import { connector } from '../../src/remote/connect.ts'
import type { Connect } from '../../src/remote/remote.ts'
import { planPin } from '../../src/tasks/pin.ts'
import { planPrune } from '../../src/tasks/prune.ts'
import { reportFaults } from '../fault/report.ts'
import { carry, judged, type Trees, watchDirectory } from '../fault/under-fire.ts'
import { driver, type TestRelease } from '../support/driver.ts'
import { startHosts, type TestHosts } from '../support/hosts.ts'
import { laptop, targetOn } from '../support/laptop.ts'

/**
 * One client deploys over and over, and pins each time what was previous before, if it still can, since a deploy lifts pins; another one
 * prunes all but one meanwhile. What is current, previous or pinned is never removed, whoever gets the lock first.
 */
const DEPLOYS = 50

let hosts: TestHosts
let base = ''
let connect: Connect
const trees = new Map<string, Readonly<Record<string, string>>>()
beforeAll(async () => {
  hosts = await startHosts(1)
  base = await mkdtemp(join(tmpdir(), 'releaser-fire-'))
  const settings = { identity: hosts.identity, knownHosts: hosts.knownHosts }
  connect = connector(hosts.hosts[0].host('fire'), settings, { configFile: '/dev/null' })
})
afterAll(async () => {
  await hosts?.stop()
  await rm(base, { recursive: true, force: true })
})

/** A host at `path` with two releases deployed, and more to deploy. */
async function begin(path: string) {
  const d = driver({ hosts: [{ connect, path }], target: { keep: 100 } })
  const releases: TestRelease[] = []
  for (let number = 0; number < 7; number++) {
    const files = { VERSION: `${path} ${number}`, 'lib/same': 'same', [`lib/only-${number}`]: 'x'.repeat(2000) }
    const dir = join(base, String(trees.size))
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(dir, name)), { recursive: true })
      await writeFile(join(dir, name), text)
    }
    const release = await d.pack(dir)
    trees.set(release.id, files)
    releases.push(release)
  }
  const [first, second] = releases
  if (!first || !second) throw new RangeError('two releases')
  await d.roll(first)
  await d.roll(second)
  const pin = (id: string) => carry(d.target, connect, ({ host, target }, facts) => planPin(id, { host, target, facts }))
  return { d, releases, pin, at: (number: number) => releases[number % releases.length] ?? first }
}

it('prune while another client deploys 50 times removes nothing that is in need', { timeout: 300_000 }, async () => {
  const path = join(hosts.hosts[0].home, 'fire')
  const { d, pin, at } = await begin(path)
  const mine = await laptop()
  await mine.configure({ prod: targetOn(hosts, 'fire') })
  const watcher = watchDirectory(path, trees as Trees)
  const codes = { deploy: new Set<unknown>(), pin: new Set<unknown>(), prune: new Set<unknown>() }
  const pinned: string[] = []
  const removals: (readonly string[])[] = []
  let deploys = 0

  const deploying = async () => {
    for (; deploys < DEPLOYS; deploys++) {
      codes.deploy.add(await codeOf(d.roll(at(deploys + 2), { wait: 60, watch: watcher.look })))
      const code = await codeOf(pin(at(deploys).id))
      codes.pin.add(code)
      if (code === 0) pinned.push(at(deploys).id)
    }
  }
  const pruning = async () => {
    while (deploys < DEPLOYS) {
      const { code, last } = await mine.call('prune', 'target=prod', 'keep=1', '--wait=1m')
      watcher.look()
      codes.prune.add(code)
      const removed = (last['removed'] ?? []) as readonly { readonly id: string }[]
      if (removed.length > 0) removals.push(removed.map(({ id }) => id))
    }
  }
  await Promise.all([deploying(), pruning()])
  const { found, looks } = watcher.end()
  const wrong = [...found, ...judged(path, pinned, removals)]
  reportFaults({
    operation: 'prune',
    point: `${DEPLOYS} deploys by another client at the same time`,
    fault: 'both want the host',
    guarantee: 'what is current, previous or pinned stays',
    test: 'test/drills/prune-under-fire.test.ts',
    points: DEPLOYS,
    violations: wrong.length,
  })
  expect(wrong).toEqual([])
  // It was busy enough to mean something.
  expect(looks).toBeGreaterThan(10 * DEPLOYS)
  expect(removals.flat().length).toBeGreaterThan(10)
  expect(pinned.length).toBeGreaterThan(10)
  expect([0, 4]).toEqual(expect.arrayContaining([...codes.deploy, ...codes.prune]))
  // Whoever comes too late is told that it has gone.
  expect([0, 4, 9]).toEqual(expect.arrayContaining([...codes.pin]))
})

/** The exit code that it would end with. */
async function codeOf(work: Promise<unknown>): Promise<number> {
  return work.then(
    () => 0,
    (error: unknown) => {
      if (error instanceof ReleaserError) return error.exitCode
      throw error
    },
  )
}

it('a prune that forgets what is previous or pinned is found out, and so is whoever takes it away', async () => {
  const path = join(hosts.hosts[0].home, 'careless')
  const { d, pin, at } = await begin(path)
  const [first, third, fourth] = [at(0), at(2), at(3)]
  await d.roll(third)
  await d.roll(fourth)
  await pin(first.id)
  const removals: string[][] = []
  const careless = (facts: Facts): Facts => ({
    ...facts,
    state: facts.state && { ...facts.state, pinned: [], served: facts.state.served.slice(-1) },
  })
  await carry(d.target, connect, ({ host, target }, facts) => {
    const { plan, verdicts } = planPrune({ host, target, facts: careless(facts), keep: 1 })
    removals.push(verdicts.flatMap(({ keep, release }) => (keep ? [] : [release.id])))
    return plan
  })
  expect(judged(path, [first.id], removals)).toEqual([`previous was removed: ${third.id}`, `pinned was removed: ${first.id}`])

  const watcher = watchDirectory(path, trees as Trees)
  await d.roll(third)
  watcher.look()
  expect(watcher.end().found).toEqual([])
  const other = watchDirectory(path, trees as Trees)
  await rename(join(path, 'releases', fourth.id), join(path, 'away'))
  other.look()
  expect(other.end().found).toEqual([`previous is not whole: ${fourth.id}`])
})
