import { expect, it } from 'vitest'
import { cutPower, OPERATIONS, unsynced } from '../fault/power-loss.ts'
import { reportFaults } from '../fault/report.ts'

const POINTS = { 'first deploy': 14, redeploy: 14, rollback: 12 }

it.each(['ext4', 'xfs'] as const)(
  'leaves a whole host after a power loss on %s, and a rerun heals',
  { timeout: 300_000 },
  async (type) => {
    const { violations, cuts } = await cutPower({ type, points: POINTS })
    for (const operation of OPERATIONS)
      reportFaults({
        operation,
        point: 'before and after calls that change the disk, spread evenly',
        fault: `the power of the disk is cut (${type})`,
        guarantee: 'mounted again, the old release or the new one serves, whole; a rerun heals',
        test: 'test/drills/power-loss.test.ts',
        points: cuts[operation],
        violations: violations.filter((line) => line.startsWith(`${type}, ${operation},`)).length,
      })
    expect(violations).toEqual([])
  },
)

it.each(['ext4', 'xfs'] as const)('bites: an agent that syncs nothing is found out on %s', { timeout: 300_000 }, async (type) => {
  const { violations } = await cutPower({ type, points: POINTS, breakAgent: unsynced, stopAtFirst: true })
  expect(violations).not.toEqual([])
})
