import { existsSync, readdirSync, readFileSync } from 'node:fs'
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
  mine = await laptop({ 'app/version.txt': '1.0.0', 'app/package.json': '{"version":"1.0.0"}' }, { keep: true })
}, 600_000) // the first one ever makes the file system
afterAll(async () => {
  await machine?.remove()
  if (mine) await rm(dirname(mine.dir), { recursive: true, force: true })
})

const PATH = "50% it's shop"
const EACH_MINUTE = '* * * * *'
const at = (...path: string[]) => join(machine.root, 'home/deploy', PATH, ...path)
const archives = () => (existsSync(at('backups')) ? readdirSync(at('backups')).filter((name) => name.endsWith('.gz')) : [])
function prod(more: object) {
  const { address: host, user, identity, knownHosts } = machine
  const common = { hosts: [{ host, user, name: 'm1' }], path: PATH, identity, knownHosts, shared: { dirs: ['data'] } }
  // What a person leaves running: nothing but `start` may start it.
  return { prod: { ...common, runner: { start: 'exec sleep 86400' }, ...more } }
}

it("is woken by Debian's cron after a reboot, starts nothing that was stopped, tells what fails, and takes no for an answer", {
  timeout: 240_000,
}, async () => {
  const jobs = {
    backup: {
      paths: ['shared/data'],
      schedule: EACH_MINUTE,
      keep: 2,
      onFailure: 'echo "$RELEASER_RESULT: $RELEASER_MESSAGE" >>"$RELEASER_PATH/told"',
    },
    sanitize: { command: 'echo swept', schedule: EACH_MINUTE },
  }
  await mine.configure(prod(jobs))
  for (const words of [['build'], ['deploy', 'target=prod', '--yes'], ['stop', 'target=prod', '--yes']])
    expect(await mine.call(...words)).toMatchObject({ code: 0 })
  const stopped = async () => {
    expect((await mine.call('status')).last['hosts']).toMatchObject([{ app: { running: false } }])
    expect((await machine.ssh('root', 'pgrep -u deploy -x sleep')).stdout).toBe('')
  }
  for (const job of ['backup', 'sanitize']) expect(await mine.call(job, 'target=prod', '--yes')).toMatchObject({ code: 0 })
  await stopped()
  expect((await mine.say('status')).stdout).toContain('backup has no timer: releaser timer install target=prod')
  await rm(at('backups'), { recursive: true })

  expect(await mine.call('timer', 'install', 'target=prod')).toMatchObject({
    code: 0,
    last: { hosts: [{ by: 'cron', changed: true }] },
  })
  await machine.ssh('root', 'sync')
  await machine.cut()
  await machine.boot()
  await until(async () => archives().length > 0, 75)
  await until(async () => existsSync(at('.releaser/timer/sanitize/log')), 30)
  await stopped()

  await rm(at('shared/data'), { recursive: true })
  // By the same path as cron, which is not waited for twice, but may be there first.
  await mine.call('timer', 'run', 'target=prod', 'job=backup', '--wait')
  await until(async () => existsSync(at('told')) && readFileSync(at('told'), 'utf8').endsWith('\n'), 75)
  expect(readFileSync(at('told'), 'utf8')).toBe('failed: shared/data is no file and no directory\n')
  expect(archives().length).toBeGreaterThan(0)
  expect((await mine.say('status')).stdout).toContain('backup failed: shared/data is no file and no directory')

  await machine.ssh('deploy', `mkdir "${PATH}/shared/data"`)
  await mine.configure(prod({ ...jobs, auto: { backup: false, sanitize: false } }))
  expect((await mine.say('status')).stdout).toContain('backup has a timer, against auto.backup')
  expect(await mine.call('timer', 'install', 'target=prod')).toMatchObject({ code: 0, last: { changed: true } })
  expect((await machine.ssh('deploy', 'crontab -l')).stdout).toBe('')
  expect(readdirSync(at('.releaser')).filter((name) => name.startsWith('timer-'))).toEqual([])
  expect(await mine.call('backup', 'target=prod')).toMatchObject({ code: 0 })
  expect((await mine.call('status')).last['hosts']).toMatchObject([{ backup: { ok: true, overdue: false } }])
  await stopped()
})

it('is woken by a timer of the machine where sudo asks for no password, as the user', { timeout: 120_000 }, async () => {
  await machine.ssh('root', "echo 'deploy ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/deploy")
  await rm(at('backups'), { recursive: true })
  await mine.configure(
    prod({ backup: { command: '{ id -un; echo "$HOME"; } | tee "$RELEASER_PATH/who"', schedule: EACH_MINUTE } }),
  )
  const done = { by: 'systemd-sudo', changed: true }
  expect(await mine.call('timer', 'install', 'target=prod')).toMatchObject({ code: 0, last: { hosts: [done] } })
  expect(await mine.call('timer', 'install', 'target=prod')).toMatchObject({ code: 0, last: { changed: false } })
  await until(async () => archives().length > 0, 75)
  await until(async () => readFileSync(at('who'), 'utf8') === 'deploy\n/home/deploy\n', 10)
  const [job] = (await mine.call('timer', 'status', 'target=prod')).last['jobs'] as Record<string, unknown>[]
  expect(job).toMatchObject({ by: 'systemd-sudo', installed: true, overdue: false })
  expect(await mine.call('timer', 'remove', 'target=prod')).toMatchObject({ code: 0, last: { changed: true } })
  const left = await machine.ssh('root', "find /etc/systemd/system -name 'releaser-timer*'; crontab -u deploy -l")
  expect(left.stdout).toBe('')
})
