import { afterAll, beforeAll, expect, it } from 'vitest'
import { killEverywhere } from './kill-points.ts'
import { type Stage, startStage } from './stage.ts'

// The reduced form of test/drills/kill-points.test.ts.
let stage: Stage
beforeAll(async () => {
  stage = await startStage()
}, 120_000)
afterAll(() => stage?.stop())

it.each(['client', 'sshd'] as const)('a host heals when the %s is killed', { timeout: 240_000 }, async (who) => {
  const killed = await killEverywhere([stage], { who, boundaries: 1, moments: 1 })
  expect(killed.flatMap(({ violations }) => violations)).toEqual([])
})
