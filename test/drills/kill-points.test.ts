import { afterAll, beforeAll, expect, it } from 'vitest'
import { killEverywhere } from '../fault/kill-points.ts'
import { reportFaults } from '../fault/report.ts'
import { type Stage, startStage } from '../fault/stage.ts'

let stages: readonly [Stage, Stage, Stage]
beforeAll(async () => {
  stages = await Promise.all([startStage(), startStage(), startStage()])
}, 120_000)
afterAll(async () => {
  for (const stage of stages ?? []) await stage.stop()
})

const WHO = {
  client: { moments: 16, fault: 'SIGKILL of the client' },
  sshd: { moments: 4, fault: "SIGKILL of the connection's sshd" },
} as const

it.each(['client', 'sshd'] as const)('a host heals wherever the %s is killed', { timeout: 800_000 }, async (who) => {
  const { moments, fault } = WHO[who]
  const killed = await killEverywhere(stages, { who, moments })
  for (const { operation, points, violations } of killed)
    reportFaults({
      operation,
      point: `every step boundary, and ${moments} random moments`,
      fault,
      guarantee:
        'the host settles by itself: the old release serves, or the new one confirmed; what was told is true; a rerun succeeds',
      test: 'test/drills/kill-points.test.ts',
      points,
      violations: violations.length,
    })
  expect(killed.flatMap(({ violations }) => violations)).toEqual([])
})
