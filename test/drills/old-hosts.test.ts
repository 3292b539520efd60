import { expect, it } from 'vitest'
import { OLD_HOSTS, tryOldHost } from '../fault/old-hosts.ts'
import { reportFaults } from '../fault/report.ts'

it.each(OLD_HOSTS)('$name: works, or is refused by name', { timeout: 60_000 }, async (old) => {
  const found = await tryOldHost(old)
  reportFaults({
    operation: 'first deploy, redeploy, rollback',
    point: 'first contact',
    fault: `a host with ${old.name}`,
    guarantee: old.ends === 'works' ? 'it works' : 'refused by name, nothing is touched',
    test: 'test/drills/old-hosts.test.ts',
    points: 1,
    violations: found.length,
  })
  expect(found).toEqual([])
})
