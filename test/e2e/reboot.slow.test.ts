import { afterAll, beforeAll, expect, it } from 'vitest'
import { rebootIn, WAYS } from '../fault/reboot.ts'
import { laptop } from '../support/laptop.ts'
import { type Machine, startMachine } from '../support/machine/machine.ts'

let machine: Machine
beforeAll(async () => {
  machine = await startMachine()
}, 600_000) // the first one ever makes the file system
afterAll(() => machine?.remove())

it.each(WAYS)('a host that lost its power after the switch goes back at boot, by $kind', { timeout: 120_000 }, async (way) => {
  expect(await rebootIn(machine, way, 'post-activate')).toEqual([])
})

it('setup shows beforehand what it would write, and says where nothing can bring a host back', { timeout: 60_000 }, async () => {
  const { address, identity, knownHosts } = machine
  await machine.ssh('root', 'loginctl disable-linger deploy')
  const mine = await laptop()
  const host = { host: address, user: 'deploy', name: 'm1' }
  await mine.configure({ prod: { hosts: [host], path: '/home/deploy/shown', identity, knownHosts } })
  const mark = '# releaser setup: shop prod /home/deploy/shown'
  expect((await mine.say('setup', 'target=prod', '--dry-run')).stdout).toBe(
    `prod m1: setup
  settle at boot, by a line in the crontab
      @reboot /bin/sh /home/deploy/shown/.releaser/agent /home/deploy/shown boot ${mark}
`,
  )
  expect(await machine.ssh('deploy', 'crontab -l | grep -c shown; ls')).toMatchObject({
    stdout: expect.stringMatching(/^0\n(?!.*shown)/),
  })

  await machine.ssh('root', 'chmod go-x /usr/bin/crontab')
  const said = await mine.say('setup', 'target=prod')
  expect(said.code).toBe(0)
  expect(said.stderr).toContain(
    'm1 cannot come back at boot: nothing that deploy may use starts programs at boot; as root: loginctl enable-linger deploy, then run setup again',
  )
  expect(said.stdout).toContain('prod is set up')
  expect(await mine.call('setup', 'target=prod')).toMatchObject({
    code: 0,
    last: { changed: false, hosts: [{ target: 'prod', host: 'm1', ok: true, changed: false, boot: 'none' }] },
  })
})
