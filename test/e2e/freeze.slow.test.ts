import { access, readFile } from 'node:fs/promises'
import { hostname, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startHosts, type TestHosts } from '../support/hosts.ts'
import { laptop, targetOn } from '../support/laptop.ts'
import { until } from '../support/until.ts'

let hosts: TestHosts
beforeAll(async () => {
  hosts = await startHosts(2)
})
afterAll(() => hosts?.stop())

const ME = `${userInfo().username}@${hostname()}`
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/)

it('a frozen target lets nobody change it until it is lifted, and shows who froze it', { timeout: 90_000 }, async () => {
  const mine = await laptop({ 'app/version.txt': 'a' })
  await mine.configure({ prod: targetOn(hosts, 'frozen') })
  await mine.call('build')
  expect((await mine.call('deploy', 'target=prod')).code).toBe(0)
  const locked = await mine.call('lock', 'target=prod', 'message=until Monday')
  expect(locked.last).toMatchObject({ event: 'result', command: 'lock', ok: true, exit: 0, target: 'prod', changed: true })
  const refused = {
    event: 'error',
    exit: 4,
    code: 'LOCKED',
    message: expect.stringMatching(
      new RegExp(`^h[12]: frozen by ${ME}, since \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d UTC \\(until Monday\\)$`),
    ),
    hint: 'once it may be lifted: releaser unlock target=prod',
  }
  await mine.write({ 'app/version.txt': 'b' })
  await mine.call('build')
  for (const words of [['deploy', '--wait=10m'], ['deploy', '--force'], ['prune', 'keep=1'], ['lock']])
    expect((await mine.call(...words, 'target=prod')).last, words.join(' ')).toMatchObject(refused)

  const lock = { by: ME, since: TIME, message: 'until Monday', where: hostname(), frozen: true }
  expect((await mine.call('status', 'target=prod')).last['hosts']).toMatchObject([{ lock }, { lock }])
  expect((await mine.say('status', 'target=prod')).stdout).toContain(`frozen by ${ME}, since`)

  expect((await mine.call('unlock', 'target=prod')).last).toMatchObject({ exit: 0, changed: true })
  expect((await mine.call('unlock', 'target=prod')).last).toMatchObject({ exit: 0, changed: false })
  expect((await mine.call('status', 'target=prod')).last['hosts']).toMatchObject([{ lock: null }, { lock: null }])
  expect((await mine.call('deploy', 'target=prod')).code).toBe(0)
  expect(await readFile(join(hosts.hosts[1]?.home ?? '', 'frozen/current/version.txt'), 'utf8')).toBe('b')
})

it('what somebody at work holds cannot be lifted', { timeout: 60_000 }, async () => {
  const mine = await laptop({ 'app/version.txt': 'a' })
  const hooks = {
    'pre-activate': 'touch "$RELEASER_PATH/waiting"; while [ ! -e "$RELEASER_PATH/shared/go" ]; do sleep 0.05; done',
  }
  await mine.configure({ prod: targetOn(hosts, 'busy', { hooks }, ['h1']) })
  await mine.call('build')
  const deploying = mine.start('deploy', 'target=prod')
  const path = join(hosts.hosts[0].home, 'busy')
  await until(() =>
    access(join(path, 'waiting')).then(
      () => true,
      () => false,
    ),
  )
  for (const command of ['lock', 'unlock'])
    expect((await mine.call(command, 'target=prod')).last).toMatchObject({
      exit: 4,
      message: expect.stringMatching(new RegExp(`^h1: at work there is ${ME}, since .* UTC \\(deploy of shop `)),
    })
  deploying.kill('SIGTERM')
  expect((await deploying.ended).code).toBe(130)
})
