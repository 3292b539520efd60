import { afterAll, beforeAll, expect, it } from 'vitest'
import { HOOKS, rebootIn, WAYS } from '../fault/reboot.ts'
import { reportFaults } from '../fault/report.ts'
import { type Machine, startMachine } from '../support/machine/machine.ts'

let machine: Machine
beforeAll(async () => {
  machine = await startMachine()
}, 600_000) // the first one ever makes the file system
afterAll(() => machine?.remove())

it('a host that loses its power comes back at boot', { timeout: 300_000 }, async () => {
  const found: string[] = []
  // One machine: one after the other.
  for (const way of WAYS) for (const hook of HOOKS) found.push(...(await rebootIn(machine, way, hook)))
  reportFaults({
    operation: 'deploy',
    point: 'before and after the switch',
    fault: 'the power of the machine is cut, and the client is killed; boot by a unit of the system, a unit of the user, cron',
    guarantee: 'within 20 s of the boot the old release is current, and nobody had to connect; a rerun succeeds',
    test: 'test/drills/reboot.test.ts',
    points: WAYS.length * HOOKS.length,
    violations: found.length,
  })
  expect(found).toEqual([])
})
