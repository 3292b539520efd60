import { expect, it } from 'vitest'
import { reportFaults } from '../fault/report.ts'
import { killWriters } from '../fault/store-kill.ts'
import { project } from '../support/project.ts'

it('four writers of the store, killed again and again, lose nothing that was acknowledged', { timeout: 400_000 }, async () => {
  const writes = 900
  const { kills, violations } = await killWriters(await project(), { writes, every: 30 })
  reportFaults({
    operation: 'pack, tag, record',
    point: `a random moment of ${writes} changes by four processes`,
    fault: 'SIGKILL of one of them',
    guarantee: 'nothing acknowledged is lost, every file can be read, nobody is kept out for more than 8 s',
    test: 'test/drills/store-kill.test.ts',
    points: kills,
    violations: violations.length,
  })
  expect(violations).toEqual([])
})
