import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BROKEN_AGENTS } from './broken-agents.ts'
import { lyingTools } from './lying-tools.ts'
import { pointsOf, type Rehearsal, somePoints, spread } from './points.ts'
import { scenarios } from './scenarios.ts'
import { rehearse, sweep } from './sweep.ts'
import { type World, world } from './world.ts'

// The reduced form of test/drills/sweep.test.ts.
let host: World
let rehearsals: readonly Rehearsal[] = []
beforeAll(async () => {
  host = await world()
  rehearsals = await Promise.all((await scenarios(host.base)).map((scenario) => rehearse(host, scenario)))
})
afterAll(() => host?.remove())

it('keeps its word at 60 of the calls that change files', { timeout: 240_000 }, async () => {
  expect(await sweep(host, rehearsals, somePoints(rehearsals, 60), { atOnce: 4 })).toEqual([])
})

it('is not deceived by tools that lie', { timeout: 240_000 }, async () => {
  const some = rehearsals.filter(({ scenario }) => scenario.name === 'deploy with shared paths')
  const points = await lyingTools(
    host.base,
    some.map(({ scenario }) => scenario),
  )
  expect(await sweep(host, rehearsals, spread(points, 9), { atOnce: 4 })).toEqual([])
})

describe('finds out an agent that', () => {
  it.each(BROKEN_AGENTS)('$name', { timeout: 120_000 }, async ({ script, scenario, at }) => {
    const met = rehearsals.filter((rehearsal) => rehearsal.scenario.name === scenario)
    let found: readonly string[] = []
    // Three processes work on a host: now and then their calls come in another order than in the rehearsal, and another one is hit.
    for (let round = 0; round < 3 && found.length === 0; round++) {
      const broken = await Promise.all(met.map((rehearsal) => rehearse(host, rehearsal.scenario, script)))
      const points = broken.flatMap(pointsOf).filter(({ what }) => at.test(what))
      expect(points).not.toEqual([])
      found = await sweep(host, broken, points, { atOnce: 2, agent: script, untilFirst: true })
    }
    expect(found).not.toEqual([])
  })
})
