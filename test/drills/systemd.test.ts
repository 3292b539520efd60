import { cp, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeSharedEnv } from '../../src/model/app-env.ts'
import type { Target } from '../../src/model/config.ts'
import type { UnitKind } from '../../src/model/service.ts'
import { mixRelease } from '../support/elixir.ts'
import { HOSTILE, variablesOf } from '../support/hostile-env.ts'
import { type Laptop, laptop } from '../support/laptop.ts'
import { type Machine, startMachine } from '../support/machine/machine.ts'
import { type UnitApp, unitApp } from '../support/unit-app.ts'
import { until } from '../support/until.ts'

/** What a file can hold: in one, the end of a line is `\n` whoever wrote it. */
const VALUES = Object.fromEntries(Object.entries(HOSTILE).filter(([, value]) => !value.includes('\r\n')))

const DEPLOY = ['deploy', 'target=prod', '--yes'] as const

interface Way {
  readonly kind: UnitKind
  readonly user: string
  readonly home: string
  readonly port: number
}

const WAYS: readonly Way[] = [
  { kind: 'systemd-user', user: 'deploy', home: '/home/deploy', port: 4001 },
  { kind: 'systemd', user: 'root', home: '/srv', port: 4002 },
  { kind: 'systemd-sudo', user: 'worker', home: '/home/worker', port: 4003 },
]

let machine: Machine
const apps: UnitApp[] = []
beforeAll(async () => {
  machine = await startMachine()
  await root(`useradd --create-home --shell /bin/sh --password '*' worker
    install -d -m 700 -o worker -g worker /home/worker/.ssh
    install -m 600 -o worker -g worker /root/.ssh/authorized_keys /home/worker/.ssh/authorized_keys
    loginctl disable-linger deploy`)
}, 600_000) // the first one ever makes the file system
afterAll(async () => {
  await machine?.remove()
  for (const { mine } of apps) await rm(dirname(mine.dir), { recursive: true, force: true })
})

/** What root's script says, where it succeeds. */
async function root(script: string): Promise<string> {
  const { code, stdout, stderr } = await machine.ssh('root', script)
  expect({ code, stderr }).toMatchObject({ code: 0 })
  return stdout
}

async function app(way: { readonly user: string; readonly port: number }, path: string): Promise<UnitApp> {
  const made = await unitApp(machine, { ...way, path })
  apps.push(made)
  await made.configure()
  return made
}

/** The journal sees nothing until a second after an app has refused to start: as on a busy machine, it finds the process gone. */
const sleepingJournal = () =>
  root(`rm -f /tmp/refused; pid=$(pidof systemd-journald); kill -STOP "$pid"
    n=0; until [ -e /tmp/refused ] || [ "$n" -gt 600 ]; do sleep 0.1; n=$((n + 1)); done
    sleep 1; kill -CONT "$pid"; ls /tmp/refused`)

/** The units of ours that there are, with their folders. */
const units = () =>
  root('ls -d /etc/systemd/system/releaser-[!b]* /home/*/.config/systemd/user/releaser-[!b]* 2>/dev/null || true')

it('who does not linger and may not sudo is told what to do, and nothing is touched', { timeout: 60_000 }, async () => {
  const { mine, build } = await app({ user: 'deploy', port: 4001 }, '/home/deploy/nothing')
  await build('1.0.0')
  for (const words of [['setup', 'target=prod'], DEPLOY]) {
    const answered = await mine.call(...words)
    expect(answered).toMatchObject({ code: 6, last: { hint: 'as root there: loginctl enable-linger deploy' } })
    expect(answered.last['message']).toMatch('deploy may have no unit that runs when nobody is logged in')
  }
  expect(await root('ls -d /home/deploy/nothing || true')).toBe('')
  expect(await units()).toBe('')
})

describe.each(WAYS)('an app of $user, run by $kind', ({ kind, user, home, port }) => {
  const path = `${home}/it's 50% [of] "$HOME" *`
  let web: UnitApp
  beforeAll(async () => {
    if (kind === 'systemd-user') await root('loginctl enable-linger deploy')
    if (kind === 'systemd-sudo') await root("echo 'worker ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/worker")
    web = await app({ user, port }, path)
  })

  it('is set up, deployed, asked, stopped, started and taken back', { timeout: 300_000 }, async () => {
    const { mine, build, configure, answer } = web
    const dry = await mine.say('setup', 'target=prod', '--dry-run')
    expect(dry.stdout).toContain('have systemd run the app, by ')
    expect(await mine.call('setup', 'target=prod')).toMatchObject({ code: 0, last: { changed: true } })
    expect(await mine.call('setup', 'target=prod')).toMatchObject({ code: 0, last: { changed: false } })

    await mine.write({ 'prod.env': encodeSharedEnv(VALUES) })
    await configure({ envFile: 'prod.env' })
    const one = await build('1.0.0')
    const first = await mine.call(...DEPLOY)
    expect(first.code, first.stderr).toBe(0)
    const [version, pid, cwd] = (await answer()) ?? []
    expect([version, cwd]).toEqual(['1.0.0', `${path}/releases/${one}`])
    expect(variablesOf(await root(`cat /proc/${pid}/environ`))).toEqual(VALUES)
    expect(await root(`ps -o user= -p ${pid}`)).toBe(`${user}\n`)
    expect(await mine.call(...DEPLOY)).toMatchObject({ code: 0, last: { changed: false } })

    await configure()
    await build('2.0.0')
    expect(await mine.call(...DEPLOY)).toMatchObject({ code: 0, last: { changed: true } })
    expect((await answer())?.[0]).toBe('2.0.0')
    expect(await root(`ls -d /proc/${pid} || true`)).toBe('')

    const crashes = kind === 'systemd'
    // Long enough for it to have crashed, however slow this machine is, and to answer again.
    if (crashes) await configure({ health: { http: `:${port}/`, settle: '5s' } })
    await build('3.0.0', crashes ? 'crashes' : 'refuses')
    const [failed] = await Promise.all([mine.say(...DEPLOY), kind === 'systemd-user' && sleepingJournal()])
    expect(failed.code).toBe(7)
    expect(failed.stderr).toMatch(crashes ? /\| .*out of luck/ : /\| .*no such database/)
    expect(failed.stderr).toContain('starting 3.0.0')
    expect((await answer())?.[0]).toBe('2.0.0')
    await configure()

    expect(await mine.call('stop', 'target=prod')).toMatchObject({ code: 0, last: { changed: true } })
    expect(await answer()).toBe(null)
    expect(await mine.call('start', 'target=prod')).toMatchObject({ code: 0, last: { changed: true } })
    const [started, killed] = (await answer()) ?? []
    expect(started).toBe('2.0.0')
    expect((await mine.say('logs', 'target=prod', 'lines=1000')).stdout).toMatch(/ shop\[\d+\]: starting 2\.0\.0 well\n/)

    await root(`kill -KILL ${killed}`)
    await until(async () => ![undefined, killed].includes((await answer())?.[1]))
    const again = (await answer())?.[1]
    expect((await mine.call('pid', 'target=prod')).last).toMatchObject({ hosts: [{ exit: 0, stdout: `${again}\n` }] })
  })
})

it('the verbs of an app know it, however systemd has started it', { timeout: 120_000 }, async () => {
  const [, web] = apps
  if (!web) throw new Error('there is no app')
  const asked = async (verb: string) => (await web.mine.call(verb, 'target=prod')).last
  const following = web.mine.begin('logs', 'target=prod', '--follow', 'lines=1000')
  await until(async () => following.said().includes('starting 2.0.0 well'))
  expect(await asked('version')).toMatchObject({ hosts: [{ exit: 0, stdout: '2.0.0\n' }] })
  expect(await asked('ping')).toMatchObject({ hosts: [{ exit: 0, stdout: 'pong\n' }] })
  expect(await asked('start')).toMatchObject({ exit: 0, changed: false })
  const [, before] = (await web.answer()) ?? []
  expect(await asked('restart')).toMatchObject({ exit: 0, changed: true })
  const [version, after] = (await web.answer()) ?? []
  expect([version, after === before]).toEqual(['2.0.0', false])
  await until(async () => following.said().includes(` shop[${after}]: starting 2.0.0 well`))
  following.kill('SIGINT')
  await following.ended
  expect(await asked('stop')).toMatchObject({ exit: 0, changed: true })
  expect(await asked('ping')).toMatchObject({ hosts: [{ exit: 1, stderr: 'the app does not run\n' }] })
  expect(await asked('stop')).toMatchObject({ exit: 0, changed: false })
  expect(await asked('start')).toMatchObject({ exit: 0, changed: true })
})

describe('a switch of runners', () => {
  const path = '/home/deploy/switch'
  const START = 'exec perl server.pl'
  const bySystemd = { runner: { systemd: true, start: START } }
  const byUs = { runner: { start: START } }
  let web: UnitApp
  let before: string
  let neighbour: unknown
  beforeAll(async () => {
    web = await app({ user: 'deploy', port: 4004 }, path)
    before = await units()
    neighbour = await apps[1]?.answer()
  })

  /** Which version serves, and how many processes of the app there are. */
  const serves = async () => {
    const mine = `for pid in $(pgrep -x perl); do readlink /proc/$pid/cwd; done | grep -c '^${path}/releases/'`
    return [(await web.answer())?.[0], Number(await root(mine))]
  }
  const deployed = async (version: string, settings: Partial<Target>, manner: 'well' | 'refuses' | 'deaf' = 'well') => {
    await web.configure(settings)
    await web.build(version, manner)
    return web.mine.call(...DEPLOY)
  }

  it('leaves no app running twice, nor none, and is taken back whole', { timeout: 300_000 }, async () => {
    expect(await deployed('1.0.0', byUs)).toMatchObject({ code: 0 })
    expect(await deployed('2.0.0', bySystemd, 'refuses')).toMatchObject({ code: 7 })
    expect([await serves(), await units()]).toEqual([['1.0.0', 1], before])
    expect(await deployed('2.0.0', bySystemd)).toMatchObject({ code: 0 })
    expect(await serves()).toEqual(['2.0.0', 1])
    const installed = await units()
    expect(installed).not.toBe(before)
    expect(await deployed('3.0.0', byUs, 'refuses')).toMatchObject({ code: 7 })
    expect([await serves(), await units()]).toEqual([['2.0.0', 1], installed])
    const [, pid] = (await web.answer()) ?? []
    expect((await web.mine.call('pid', 'target=prod')).last).toMatchObject({ hosts: [{ stdout: `${pid}\n` }] })
    expect(await deployed('3.0.0', byUs)).toMatchObject({ code: 0 })
    expect([await serves(), await units()]).toEqual([['3.0.0', 1], before])
    // Prepared by setup beforehand, it is the same.
    await web.configure(bySystemd)
    expect(await web.mine.call('setup', 'target=prod')).toMatchObject({ code: 0, last: { changed: true } })
    expect([await serves(), await units()]).toEqual([['3.0.0', 1], installed])
    expect(await deployed('4.0.0', bySystemd)).toMatchObject({ code: 0 })
    expect(await serves()).toEqual(['4.0.0', 1])
  })

  it('refuses a release that does not tell how it is started', { timeout: 60_000 }, async () => {
    expect(await deployed('5.0.0', { runner: 'systemd' })).toMatchObject({
      code: 2,
      last: {
        code: 'CONFIG',
        hint: "only OTP releases do; write runner: { systemd: true, start: 'exec ./server' } in the target",
      },
    })
    expect(await serves()).toEqual(['4.0.0', 1])
  })

  it('kills nothing that does not stop, unless it may', { timeout: 300_000 }, async () => {
    const patience = { ...bySystemd, stopTimeout: '2s' }
    expect(await deployed('5.0.0', patience, 'deaf')).toMatchObject({ code: 0 })
    const failed = await deployed('6.0.0', patience)
    expect(failed).toMatchObject({ code: 7 })
    expect(failed.last['message']).toMatch(/it did not stop within 2 s, nor on TERM: pid \d+/)
    expect(await serves()).toEqual(['5.0.0', 1])
    expect(await deployed('6.0.0', { ...patience, kill: true })).toMatchObject({ code: 0 })
    expect(await serves()).toEqual(['6.0.0', 1])
  })

  it('has let the other app of this user be', async () => {
    expect(neighbour).toMatchObject(['2.0.0', expect.any(Number), expect.any(String)])
    expect(await apps[1]?.answer()).toEqual(neighbour)
  })
})

describe('a release of mix', () => {
  const path = '/home/deploy/mix'
  const GREETING = 'grüße, $HOME `id` \\ "quoted" \'too\' %s\nsecond line\t'
  let mine: Laptop
  beforeAll(async () => {
    const { address, port, identity, knownHosts } = machine
    mine = await laptop({}, { keep: true })
    await mine.configure({
      prod: {
        ...{ hosts: [{ host: address, port, user: 'deploy', name: 'm1' }], path, identity, knownHosts },
        runner: 'systemd',
        env: { PORT: '4005', GREETING },
        health: { http: ':4005/', timeout: '60s', settle: '1s' },
      },
    })
  })
  afterAll(() => rm(dirname(mine.dir), { recursive: true, force: true }))

  it('is found out by its files, and says which version runs', { timeout: 300_000 }, async () => {
    for (const version of ['1.4.0', '1.5.0']) {
      await rm(join(mine.dir, 'app'), { recursive: true, force: true })
      await cp(await mixRelease(version), join(mine.dir, 'app'), { recursive: true })
      expect((await mine.call('build', `version=${version}`)).code).toBe(0)
      const { code, stderr } = await mine.call(...DEPLOY)
      expect(code, stderr).toBe(0)
      const { last } = await mine.call('version', 'target=prod')
      expect(last).toMatchObject({ hosts: [{ stdout: `${version}\n` }] })
    }
    const rpc = await mine.call('rpc', 'target=prod', '--', 'IO.write(System.get_env("GREETING"))')
    expect(rpc.last).toMatchObject({ hosts: [{ exit: 0, stdout: GREETING }] })
    expect(await mine.call('rollback', 'target=prod', '--yes')).toMatchObject({ code: 0 })
    expect((await mine.call('version', 'target=prod')).last).toMatchObject({ hosts: [{ stdout: '1.4.0\n' }] })
  })
})

it('after a power cut in the middle of a deploy every app runs again at boot, as it was', { timeout: 300_000 }, async () => {
  const [, web] = apps
  if (!web) throw new Error('there is no app to be cut')
  const unit = () => root('cat /home/deploy/.config/systemd/user/releaser-shop-*')
  const before = await unit()
  await web.configure({ stopTimeout: '5s', hooks: { 'post-start': 'touch "$RELEASER_PATH/there"; sleep 1000' } })
  await web.build('9.0.0')
  const deploying = web.mine.start(...DEPLOY)
  await until(async () => (await root('ls /home/deploy/*/there 2>/dev/null || true')) !== '', 120)
  expect((await web.answer())?.[0]).toBe('9.0.0')
  expect(await unit()).not.toBe(before)
  await machine.cut()
  deploying.kill('SIGKILL')
  await deploying.ended
  await machine.boot()
  const versions = () => Promise.all(apps.slice(1).map(async ({ answer }) => (await answer())?.[0]))
  await until(async () => (await versions()).join() === '2.0.0,2.0.0,2.0.0,6.0.0', 60)
  const mix = `bash -c 'exec 3<>/dev/tcp/127.0.0.1/4005 && printf "GET / HTTP/1.0\\r\\n\\r\\n" >&3 && tail -n 1 <&3' 2>/dev/null || true`
  await until(async () => (await root(mix)) === '1.4.0\n', 60)
  expect(await unit()).toBe(before)
})
