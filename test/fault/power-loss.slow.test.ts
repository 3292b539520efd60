import { expect, it } from 'vitest'
import { cutPower, unsynced } from './power-loss.ts'

// The reduced form of test/drills/power-loss.test.ts.
it.each(['ext4', 'xfs'] as const)('leaves a whole host after a power loss on %s', { timeout: 120_000 }, async (type) => {
  const { violations } = await cutPower({ type, points: { 'first deploy': 3, redeploy: 3, rollback: 3 } })
  expect(violations).toEqual([])
})

it('bites: an agent that syncs nothing is found out', { timeout: 120_000 }, async () => {
  const { violations } = await cutPower({
    type: 'ext4',
    points: { 'first deploy': 0, redeploy: 12, rollback: 0 },
    breakAgent: unsynced,
    stopAtFirst: true,
  })
  expect(violations).not.toEqual([])
})
