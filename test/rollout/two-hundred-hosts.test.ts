import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Strategy } from '../../src/model/strategy.ts'
import { advance, lines, newRow } from '../../src/ui/board.ts'
import { createReport } from '../../src/ui/report.ts'
import { width } from '../../src/ui/width.ts'
import { driver, type TestRelease } from '../support/driver.ts'
import { type Meter, newMeter, simulatedHost } from '../support/simulated-host.ts'

/** Rollouts over hosts that are none: what the client does is counted, nothing is timed. */
let base: string
let release: TestRelease
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'releaser-simulated-'))
  await mkdir(join(base, 'build'))
  for (const name of ['a', 'b', 'c']) await writeFile(join(base, 'build', name), name.repeat(1000))
  release = await driver({ hosts: [] }).pack(join(base, 'build'))
})
afterAll(() => rm(base, { recursive: true, force: true }))

const STRATEGY: Strategy = { canary: 0, batch: { part: 1 }, pauseSeconds: 0, maxFailures: 0, parallel: undefined }

/** A deploy to so many hosts; `again` does it once more, when there is nothing to do. */
async function rolled(count: number, strategy: Partial<Strategy> = {}) {
  const meter = newMeter()
  const hosts = Array.from({ length: count }, (_, index) => simulatedHost(`h${index + 1}`, '/srv/shop', meter, 1))
  const all = driver({
    hosts: hosts.map(({ connect }) => ({ connect, path: '/srv/shop' })),
    target: { strategy: { ...STRATEGY, ...strategy } },
  })
  // Whoever looks through all hosts for each host asks ever more of them for their names.
  let names = 0
  for (const host of all.target.hosts) {
    const { name } = host
    Object.defineProperty(host, 'name', {
      enumerable: true,
      get: () => {
        names++
        return name
      },
    })
  }
  const outcomes = await all.roll(release)
  expect(outcomes.map(({ host, ok, changed }) => ({ host, ok, changed }))).toEqual(
    hosts.map((_, index) => ({ host: `h${index + 1}`, ok: true, changed: true })),
  )
  expect(new Set(hosts.map((host) => host.serves()))).toEqual(new Set([release.id]))
  const counts = () => ({ names, events: all.progress.length, ...counted(meter) })
  const first = counts()
  const again = async () => {
    expect((await all.roll(release)).every(({ ok, changed }) => ok && !changed)).toBe(true)
    return counts()
  }
  return { meter, progress: all.progress, first, again }
}

function counted({ connects, asks, uploads, switches, confirms, lines: { now } }: Meter) {
  const often = { connects, asks, uploads, switches, confirms }
  return { ...Object.fromEntries(Object.entries(often).map(([name, { began }]) => [name, began.length])), openLines: now }
}

it('200 hosts cost four times what 50 do, and no limit is passed', async () => {
  const seen = await Promise.all(
    [50, 200].map(async (count) => {
      const { meter, progress, first, again } = await rolled(count)
      const both = [first, await again()]
      const perHost = both.map((counts) => Object.fromEntries(Object.entries(counts).map(([what, many]) => [what, many / count])))
      return { meter, progress, perHost }
    }),
  )
  const [fifty, most] = seen
  expect(fifty?.perHost).toMatchObject([
    { connects: 2, asks: 1, uploads: 1, switches: 1, confirms: 1, openLines: 0 },
    { connects: 3, asks: 2, uploads: 1, switches: 1, confirms: 1, openLines: 0 },
  ])
  expect(most?.perHost).toEqual(fifty?.perHost)
  for (const { meter } of seen) {
    // As many handshakes as OpenSSH takes, and no more of anything else that weighs.
    expect(meter.connects.most).toBe(10)
    expect(meter.asks.most).toBeLessThanOrEqual(10)
    expect(meter.confirms.most).toBeLessThanOrEqual(10)
    expect(meter.uploads.most).toBeLessThanOrEqual(8)
    expect(Math.min(meter.uploads.most, meter.switches.most)).toBeGreaterThan(1)
  }
  readable(most?.progress ?? [])
})

it('a strategy holds for many hosts as for two: batches in order, and never more at once than `parallel`', async () => {
  const { meter } = await rolled(100, { canary: 3, batch: { hosts: 25 }, parallel: 4 })
  expect(meter.uploads.most).toBeLessThanOrEqual(4)
  expect(meter.switches.most).toBeLessThanOrEqual(4)
  const wave = (host: string) => Math.ceil((Number(host.slice(1)) - 3) / 25)
  const waves = meter.switches.began.map(wave)
  expect(waves).toEqual(waves.toSorted((a, b) => a - b))
  expect(new Set(waves)).toEqual(new Set([0, 1, 2, 3, 4]))
  // Whoever had begun had ended before the next wave began.
  expect(meter.switches.ended.map(wave)).toEqual(waves)
})

/** What is seen of it: a list that fits its window at any moment, and into a pipe few lines a host. */
function readable(progress: Awaited<ReturnType<typeof rolled>>['progress']): void {
  let rows = [...new Set(progress.map(({ host }) => host))].map((host) => newRow(host ?? 'here'))
  const report = createReport()
  const printed: string[] = []
  for (const [index, event] of progress.entries()) {
    rows = rows.map((row) => (row.host === event.host ? advance(row, event, index) : row))
    printed.push(...report(event, { steps: true, output: false }, index))
    if (index % 50 !== 0) continue
    const shown = lines(rows, index, { columns: 80, most: 21 }, false)
    expect(shown.length).toBe(21)
    expect(Math.max(...shown.map(({ text }) => width(text)))).toBeLessThanOrEqual(80)
    expect(shown.at(-1)?.text).toMatch(/^and 180 more: (\d+ (at work|waiting|done)(, )?)+$/)
  }
  expect(printed.length).toBeLessThanOrEqual(200 * 8)
}
