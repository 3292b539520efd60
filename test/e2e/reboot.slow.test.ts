import { afterAll, beforeAll, expect, it } from 'vitest'
import { rebootIn, WAYS } from '../fault/reboot.ts'
import { type Machine, startMachine } from '../support/machine/machine.ts'

let machine: Machine
beforeAll(async () => {
  machine = await startMachine()
}, 600_000) // the first one ever makes the file system
afterAll(() => machine?.remove())

it.each(WAYS)('a host that lost its power after the switch goes back at boot, by $kind', { timeout: 120_000 }, async (way) => {
  expect(await rebootIn(machine, way, 'post-activate')).toEqual([])
})
