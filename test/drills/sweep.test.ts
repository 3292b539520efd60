import { afterAll, beforeAll, expect, it } from 'vitest'
import { ALL_LIES, lyingTools, TOOLS } from '../fault/lying-tools.ts'
import { doubleFaults, type Rehearsal, somePoints } from '../fault/points.ts'
import { seeded } from '../fault/random.ts'
import { reportFaults } from '../fault/report.ts'
import { scenarios } from '../fault/scenarios.ts'
import { rehearse, sweep } from '../fault/sweep.ts'
import { type World, world } from '../fault/world.ts'

/** SWEEP_POINTS=100000 tries every call with every fault, which takes about an hour; CI spreads this many evenly over them. */
const POINTS = Number(process.env['SWEEP_POINTS'] ?? 1500)
const DOUBLES = 300
const AT_ONCE = 8

const GUARANTEE = 'the old release or the new one serves, whole; what was told is true; a rerun ends as if nothing had happened'
const test = 'test/drills/sweep.test.ts'

let host: World
let rehearsals: readonly Rehearsal[] = []
beforeAll(async () => {
  host = await world()
  rehearsals = await Promise.all((await scenarios(host.base)).map((scenario) => rehearse(host, scenario)))
})
afterAll(() => host?.remove())

it('keeps its word wherever a call that changes files is hit', { timeout: 1_800_000 }, async () => {
  const points = somePoints(rehearsals, POINTS)
  expect(points.length).toBeGreaterThanOrEqual(POINTS < 1500 ? 1 : 1500)
  const found = await sweep(host, rehearsals, points, { atOnce: AT_ONCE, hearOut: true })
  for (const { scenario } of rehearsals) {
    reportFaults({
      operation: scenario.name,
      point: 'any call that changes files on the host',
      fault: 'the agent is killed or the host dies before or after it, or it fails with ENOSPC, EIO, EACCES, EROFS',
      guarantee: GUARANTEE,
      test,
      points: points.filter((point) => point.scenario === scenario).length,
      violations: found.filter((line) => line.startsWith(`${scenario.name}, `)).length,
    })
  }
  expect(found).toEqual([])
})

it('keeps its word when the rerun is hit as well', { timeout: 900_000 }, async () => {
  const points = doubleFaults(rehearsals, DOUBLES, seeded('double faults'))
  const found = await sweep(host, rehearsals, points, { atOnce: AT_ONCE, hearOut: true })
  reportFaults({
    operation: 'all of the above',
    point: 'two random calls: one in the command, one in the rerun',
    fault: 'any two of the above',
    guarantee: GUARANTEE,
    test,
    points: points.length,
    violations: found.length,
  })
  expect(found).toEqual([])
})

it('is not deceived by tools that lie', { timeout: 900_000 }, async () => {
  const names = ['second deploy', 'deploy with shared paths', 'rollback']
  const some = rehearsals.filter(({ scenario }) => names.includes(scenario.name))
  const points = await lyingTools(
    host.base,
    some.map(({ scenario }) => scenario),
  )
  const found = await sweep(host, rehearsals, points, { atOnce: AT_ONCE, hearOut: true })
  for (const lie of ALL_LIES) {
    reportFaults({
      operation: names.join(', '),
      point: `always: ${TOOLS.join(', ')}, one at a time`,
      fault: `the host's tool ${lie}`,
      guarantee: `${GUARANTEE} (nobody can notice a sync that lies: that one may cost what a power loss then takes)`,
      test,
      points: points.filter((point) => point.lie === lie).length,
      violations: found.filter((line) => line.includes(` ${lie}: `)).length,
    })
  }
  expect(found).toEqual([])
})
