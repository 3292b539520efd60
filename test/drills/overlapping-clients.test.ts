import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import type { HostEntry } from '../../src/model/config.ts'
import { processRemote } from '../../src/remote/process.ts'
import type { Remote } from '../../src/remote/remote.ts'
import { startClient } from '../fault/client.ts'
import { driver } from '../support/driver.ts'
import { expectClean, release, serving } from '../support/fleet.ts'
import { startHosts, type TestHosts } from '../support/hosts.ts'
import { type Laptop, laptop, targetOn } from '../support/laptop.ts'

/** Two who deploy at once to hosts of which some are the same. */
const ROUNDS = 20

let hosts: TestHosts
beforeAll(async () => {
  hosts = await startHosts(6)
  // Everybody may call them as they like.
  const known = await readFile(hosts.knownHosts, 'utf8')
  await writeFile(hosts.knownHosts, known + known.replaceAll('[127.0.0.1]', '[localhost]'))
})
afterAll(() => hosts?.stop())

it('two that each hold what the other waits for do not wait for ever: they give back what they hold', {
  timeout: 120_000,
}, async () => {
  const base = await mkdtemp(join(tmpdir(), 'releaser-overlap-'))
  onTestFinished(() => rm(base, { recursive: true, force: true }))
  const [one = '', two = ''] = await Promise.all(['one-', 'two-'].map((name) => mkdtemp(join(base, name))))
  const held = [gate(), gate()]
  const rolls = [
    [one, two],
    [two, one],
  ].map(async (paths, index) => {
    const [first = '', second = ''] = paths
    // The second lock is asked for once the other one has the first of its own.
    const late = async (): Promise<Remote> => {
      const line = await processRemote({ cwd: base })
      let asked = 0
      return {
        ...line,
        exec: async (command) => {
          if (asked++ > 0) await held[1 - index]?.open
          return line.exec(command)
        },
      }
    }
    const mine = driver({
      hosts: [
        { connect: async () => processRemote({ cwd: base }), path: first },
        { connect: late, path: second },
      ],
    })
    const dir = await mkdtemp(join(base, 'build-'))
    await writeFile(join(dir, 'VERSION'), String(index))
    const watch = (event: { readonly event: string; readonly step?: unknown; readonly state?: unknown }): void => {
      if (event.event === 'step' && event.step === 'lock' && event.state === 'ok') held[index]?.now()
    }
    return mine.roll(await mine.pack(dir, `${index}.0.0`), { wait: 60, watch })
  })
  for (const outcomes of await Promise.all(rolls)) expect(outcomes).toMatchObject([{ state: 'done' }, { state: 'done' }])
})

function gate(): { readonly open: Promise<void>; now(): void } {
  let now: () => void = () => {}
  const open = new Promise<void>((resolve) => {
    now = resolve
  })
  return { open, now: () => now() }
}

interface Somebody {
  readonly mine: Laptop
  readonly releases: readonly string[]
  /** Which of the six are theirs alone; the third and the fourth are everybody's. */
  readonly own: readonly [number, number]
}

it('two whose hosts overlap: one comes after the other, or is refused, and no host is between them', {
  timeout: 600_000,
}, async () => {
  const both = await Promise.all([somebody('a', [0, 1]), somebody('b', [4, 5])])
  let before: readonly (string | null)[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const [crossed, waits] = [round % 2 === 1, round % 4 >= 2]
    for (const [index, { mine }] of both.entries()) await mine.configure({ prod: target(index, crossed) })
    const ends = await Promise.all(
      both.map(
        ({ mine, releases }) =>
          startClient(mine, ['deploy', 'target=prod', `release=${releases[round % 2]}`, '--yes', ...(waits ? ['--wait=2m'] : [])])
            .ended,
      ),
    )
    const exits = ends.map(({ exit }) => exit)
    const told = ends.map(({ stderr }) => stderr).join('\n')
    expect(waits ? [0] : [0, 4], told).toEqual(expect.arrayContaining([...new Set(exits)]))
    // Who writes hosts as the others do takes locks in their order: one gets them all.
    if (!crossed) expect(exits, told).toContain(0)
    const live = await serving(hosts, 'shop')
    const won = both.map(({ releases }, index) => (exits[index] === 0 ? `releases/${releases[round % 2]}` : undefined))
    for (const [index, { own }] of both.entries())
      for (const host of own) expect(live[host], told).toBe(won[index] ?? before[host] ?? null)
    expect(live[2], told).toBe(live[3])
    expect(won.some((id) => id !== undefined) ? won : [before[2] ?? null], told).toContain(live[2])
    await expectClean(
      hosts,
      'shop',
      round === 0 ? exits.flatMap((exit, index) => (exit === 0 ? (both[index]?.own ?? []) : [])) : [0, 1, 2, 3, 4, 5],
    )
    before = live
  }
})

async function somebody(name: string, own: readonly [number, number]): Promise<Somebody> {
  const mine = await laptop()
  await mine.configure({ prod: target(0, false) })
  const releases = []
  for (const version of ['1.0.0', '2.0.0']) {
    await mine.write({ 'app/whose.txt': name })
    releases.push(await release(mine, version))
  }
  return { mine, releases, own }
}

/** The first one's hosts are 1 to 4, the other one's 6 to 3. `crossed`: each writes the shared ones so that the order is the other's turned round. */
function target(index: number, crossed: boolean) {
  const numbers = index === 0 ? [1, 2, 3, 4] : [6, 5, 4, 3]
  const called = (number: number): string => (crossed && number === (index === 0 ? 4 : 3) ? 'localhost' : '127.0.0.1')
  const entries = numbers.flatMap((number): HostEntry[] => {
    const entry = hosts.hosts[number - 1]?.configEntry
    return entry ? [{ ...entry, host: called(number) }] : []
  })
  return { ...targetOn(hosts, 'shop', { strategy: { batch: '100%' } }), hosts: entries }
}
