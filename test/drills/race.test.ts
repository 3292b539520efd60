import { afterAll, beforeAll, expect, it } from 'vitest'
import { race, racers } from '../fault/race.ts'
import { reportFaults } from '../fault/report.ts'
import { type Stage, startStage } from '../fault/stage.ts'

const ROUNDS = 20

let stage: Stage
beforeAll(async () => {
  stage = await startStage()
}, 120_000)
afterAll(() => stage?.stop())

it('eight clients deploy eight releases to one target at once, round after round', { timeout: 600_000 }, async () => {
  const releases = await racers(stage)
  const found: string[] = []
  for (let round = 0; round < ROUNDS; round++)
    found.push(...(await race(stage, releases, { kill: round % 2 === 1, wait: round % 10 === 8 })))
  reportFaults({
    operation: 'deploy',
    point: `eight clients at once, ${ROUNDS} rounds`,
    fault: 'they want the same target; in half of the rounds the first is killed half-way',
    guarantee: 'one at a time, the others end with 4 or wait; nothing acknowledged is lost; afterwards anybody can deploy',
    test: 'test/drills/race.test.ts',
    points: ROUNDS,
    violations: found.length,
  })
  expect(found).toEqual([])
})
