import { expect, it } from 'vitest'
import { CASES, runOut } from '../fault/disk.ts'
import { reportFaults } from '../fault/report.ts'

const FAULT = { space: 'the disk is full', inodes: 'no inode is free', writing: 'the file system is read-only' }

it.each(CASES)('keeps its promises where there is no %s %s', { timeout: 90_000 }, async (shortage, stage, code, message) => {
  const result = await runOut(shortage, stage)
  reportFaults({
    operation: 'redeploy',
    point: stage,
    fault: FAULT[shortage],
    guarantee: code === 'OK' ? 'the deploy succeeds' : `ends with ${code}, and with room again a rerun succeeds`,
    test: 'test/drills/disk.test.ts',
    points: 1,
    violations: result.violations.length,
  })
  expect(result).toEqual({ code, message, violations: [] })
})
