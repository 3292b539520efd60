import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Laptop, laptop } from '../support/laptop.ts'
import { type Machine, startMachine } from '../support/machine/machine.ts'
import { until } from '../support/until.ts'

let machine: Machine
let mine: Laptop
beforeAll(async () => {
  machine = await startMachine()
  await machine.ssh('root', 'loginctl enable-linger deploy')
  mine = await laptop({ 'app/version.txt': '1.0.0', 'app/package.json': '{"version":"1.0.0"}' }, { keep: true })
}, 600_000) // the first one ever makes the file system
afterAll(async () => {
  await machine?.remove()
  if (mine) await rm(dirname(mine.dir), { recursive: true, force: true })
})

it('wakes after a reboot what a host has missed, by a timer of a user who is not there', { timeout: 120_000 }, async () => {
  const { address: host, user, identity, knownHosts } = machine
  const backup = { paths: ['shared/data'], schedule: '0 0 1 * *' }
  const prod = { hosts: [{ host, user, name: 'm1' }], path: 'shop', identity, knownHosts, shared: { dirs: ['data'] }, backup }
  await mine.configure({ prod })
  for (const words of [['build'], ['deploy', 'target=prod', '--yes']])
    expect(await mine.call(...words)).toMatchObject({ code: 0 })
  expect((await mine.call('status')).last['hosts']).toMatchObject([{ backup: { last: null, ok: null, overdue: false } }])
  expect(await mine.call('timer', 'status', 'target=prod')).toMatchObject({ code: 0, last: { jobs: [] } })
  expect(await mine.call('timer', 'run', 'target=prod')).toMatchObject({ code: 9, last: { code: 'NOT_FOUND' } })

  const dry = await mine.say('timer', 'install', 'target=prod', '--dry-run')
  expect(dry).toMatchObject({ code: 0, stdout: expect.stringContaining('  OnCalendar=*-*-01 00:00:00\n') })
  const done = { target: 'prod', host: 'm1', by: 'systemd-user', ok: true, jobs: [{ job: 'backup', schedule: '0 0 1 * *' }] }
  expect(await mine.call('timer', 'install', 'target=prod')).toMatchObject({ code: 0, last: { changed: true, hosts: [done] } })
  expect(await mine.call('timer', 'install', 'target=prod')).toMatchObject({ code: 0, last: { changed: false, hosts: [done] } })
  const status = async () => ((await mine.call('timer', 'status', 'target=prod')).last['jobs'] as Record<string, unknown>[])[0]
  const next = expect.stringMatching(/^\d{4}-\d\d-01T00:00:00\.000Z$/)
  expect(await status()).toMatchObject({ host: 'm1', job: 'backup', installed: true, last: null, ok: null, next, overdue: false })

  // As if it had been off over the first of a month.
  const at = (...path: string[]) => join(machine.root, 'home/deploy', ...path)
  writeFileSync(at('shop/.releaser/timer/backup/tick'), '202501010000\n')
  await machine.ssh('deploy', 'touch -d 2025-01-01 ~/.local/share/systemd/timers/stamp-releaser-timer-*.timer; sync')
  await machine.cut()
  await machine.boot()
  const archives = () =>
    existsSync(at('shop/backups')) ? readdirSync(at('shop/backups')).filter((name) => name.endsWith('.gz')) : []
  await until(async () => archives().length === 1, 40)
  await until(async () => (await status())?.['ok'] === true)
  expect((await mine.call('status')).last['hosts']).toMatchObject([
    { backup: { last: expect.stringMatching(/^20/), ok: true, overdue: false } },
  ])
  expect((await mine.say('timer', 'log', 'target=prod', 'lines=1')).stdout).toMatch(
    /^keep shop_prod_1\.0\.0_.*: the newest, last\n$/,
  )

  // What is installed is what runs, by the same path, and what fails is seen.
  await rm(at('shop/shared/data'), { recursive: true })
  expect(await mine.call('timer', 'run', 'target=prod')).toMatchObject({ code: 10, last: { code: 'REMOTE_COMMAND' } })
  expect((await mine.call('status')).last['hosts']).toMatchObject([{ backup: { ok: false } }])
  expect((await mine.say('status')).stdout).toContain('backup failed: shared/data is no file and no directory')

  expect(await mine.call('timer', 'remove', 'target=prod')).toMatchObject({ code: 0, last: { changed: true } })
  const left = await machine.ssh(
    'deploy',
    "systemctl --user list-unit-files --no-legend 'releaser-timer*'; ls -A shop/.releaser | grep timer; find .config/systemd -name 'releaser-timer*'",
  )
  expect(left.stdout).toBe('')
  expect(archives()).toHaveLength(1)
})

it('is a timer of the machine where root logs in', { timeout: 60_000 }, async () => {
  const { address: host, identity, knownHosts } = machine
  const sanitize = { command: 'echo swept', schedule: '17 * * * *' }
  const prod = { hosts: [{ host, user: 'root', name: 'm1' }], path: '/srv/shop', identity, knownHosts, sanitize }
  await mine.configure({ prod })
  expect(await mine.call('deploy', 'target=prod', '--yes')).toMatchObject({ code: 0 })
  const done = { by: 'systemd', changed: true }
  expect(await mine.call('timer', 'install', 'target=prod')).toMatchObject({ code: 0, last: { hosts: [done] } })
  // As it is woken, with something due.
  const service =
    'releaser-timer-shop-prod-$(ls /etc/systemd/system | sed -n "s/^releaser-timer-shop-prod-\\(.*\\)[.]service$/\\1/p").service'
  const script = `systemctl is-active 'releaser-timer-*.timer' && echo 202501010000 >/srv/shop/.releaser/timer/sanitize/tick && systemctl start ${service}`
  expect(await machine.ssh('root', script)).toEqual({ code: 0, stdout: 'active\n', stderr: '' })
  expect((await mine.say('timer', 'log', 'target=prod', 'job=sanitize')).stdout).toMatch(/ UTC sanitize\nswept\n$/)
  expect(await mine.call('timer', 'remove', 'target=prod')).toMatchObject({ code: 0, last: { changed: true } })
  const left = await machine.ssh('root', 'ls /etc/systemd/system /etc/systemd/system/timers.target.wants | grep releaser-timer')
  expect(left.stdout).toBe('')
})
