import { readFile, stat } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { Target } from '../../src/model/config.ts'
import { freePort } from '../support/apps.ts'
import { DEPLOY, expectClean, home, serving } from '../support/fleet.ts'
import { HOSTILE, variablesOf } from '../support/hostile-env.ts'
import { startHosts, type TestHosts } from '../support/hosts.ts'
import { isRunning } from '../support/is-running.ts'
import { type Laptop, laptop, targetOn } from '../support/laptop.ts'
import { answer, environmentOf, type Manner, START, webRelease } from '../support/web-app.ts'

/** What is deployed is what runs: a real server, started, asked, stopped and taken back over real sshd. */
let hosts: TestHosts
beforeAll(async () => {
  hosts = await startHosts(1)
})
afterAll(() => hosts?.stop())

interface Web {
  readonly mine: Laptop
  readonly port: number
  configure(more?: Partial<Target>): Promise<void>
}

/** A laptop with an app of version 1.0.0 that runs on a port of its own, and not after the test. */
async function web(path: string, more: Partial<Target> = {}): Promise<Web> {
  const [mine, port] = [await laptop(), await freePort()]
  const settings: Partial<Target> = {
    runner: { start: START },
    env: { PORT: String(port), WORD: 'one' },
    health: { http: `:${port}/`, timeout: '3s', interval: '1s', settle: '1s' },
    stopTimeout: '2s',
    ...more,
  }
  const configure = (rest: Partial<Target> = {}) => mine.configure({ prod: targetOn(hosts, path, { ...settings, ...rest }) })
  await configure()
  onTestFinished(async () => {
    for (const at of [port, port + 1]) {
      const { pid } = (await answer(at)) ?? {}
      if (pid !== undefined) process.kill(pid, 'SIGKILL')
    }
  })
  await webRelease(mine, '1.0.0')
  const first = await mine.call(...DEPLOY)
  expect(first.code, first.stderr).toBe(0)
  return { mine, port, configure }
}

/** What a configuration takes: other control characters it refuses. */
const VALUES = {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
  ...Object.fromEntries(Object.entries(HOSTILE).filter(([, value]) => !/[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]/.test(value))),
  V1000: `${Array.from({ length: 95 }, (_, index) => String.fromCharCode(index + 32)).join('')}\n\tü漢🚀`,
}

describe('a deploy', () => {
  it('ends when the new release answers, and the old one has gone', async () => {
    const { mine, port } = await web('runs')
    const first = await answer(port)
    expect(first).toMatchObject({ version: '1.0.0', word: 'one' })
    const id = await webRelease(mine, '2.0.0')
    expect(await mine.call(...DEPLOY)).toMatchObject({ code: 0, last: { changed: true } })
    const second = await answer(port)
    expect(second).toMatchObject({ version: '2.0.0', cwd: home(hosts, 0, 'runs/releases', id) })
    expect(await isRunning(first?.pid ?? 0)).toBe(false)
    expect(await mine.call(...DEPLOY)).toMatchObject({ code: 0, last: { changed: false } })
    expect(await mine.call('rollback', 'target=prod', '--yes')).toMatchObject({ code: 0 })
    expect(await answer(port)).toMatchObject({ version: '1.0.0' })
    await expectClean(hosts, 'runs', [0])
  })

  it('brings every value of the environment unchanged, to the app and to all that runs beside it', async () => {
    const printed = 'env -0 >"$RELEASER_PATH/shared/printed"'
    const { mine, port, configure } = await web('hostile')
    await configure({ env: { ...VALUES, PORT: String(port), WORD: 'one' }, hooks: { 'post-start': printed } })
    const done = await mine.call(...DEPLOY)
    expect(done.code, done.stderr).toBe(0)
    const app = await environmentOf((await answer(port))?.pid ?? 0)
    expect(Object.fromEntries([...app].filter(([name]) => /^V\d+$/.test(name)))).toEqual(VALUES)
    expect(variablesOf(await readFile(home(hosts, 0, 'hostile/shared/printed'), 'utf8'))).toEqual(VALUES)
  })

  it('of the same release restarts it where only its environment is another', async () => {
    const { mine, port, configure } = await web('changed')
    const before = await answer(port)
    await configure({ env: { PORT: String(port), WORD: 'two "words" $x `y` \\ ü' } })
    expect(await mine.call(...DEPLOY)).toMatchObject({ code: 0, last: { changed: true } })
    const after = await answer(port)
    expect(after).toMatchObject({ version: '1.0.0', word: 'two "words" $x `y` \\ ü' })
    expect(after?.pid).not.toBe(before?.pid)
    expect((await stat(home(hosts, 0, 'changed/shared/env'))).mode & 0o777).toBe(0o600)
    expect((await environmentOf(after?.pid ?? 0)).get('RELEASER_APP')).toBe('shop')
  })

  it('starts an app that has died meanwhile', async () => {
    const { mine, port } = await web('died')
    process.kill((await answer(port))?.pid ?? 0, 'SIGKILL')
    expect(await mine.call(...DEPLOY)).toMatchObject({ code: 0, last: { changed: true } })
    expect(await answer(port)).toMatchObject({ version: '1.0.0' })
  })
})

/** How a release goes wrong, and what is to be read about it; test/drills/bad-apps.test.ts has more of them. */
const WRONG: readonly (readonly [Manner, RegExp])[] = [
  ['refuses', /start ended with exit code 7/],
  ['crashes', /the app has ended|not any more/],
  ['elsewhere', /nobody listens on port/],
]

describe('a release that does not serve', () => {
  it.each(WRONG)('%s: the old one serves again (7), and the message says why', async (manner, why) => {
    const path = `wrong-${manner}`
    const { mine, port } = await web(path)
    const before = await serving(hosts, path)
    await webRelease(mine, '2.0.0', manner)
    const answered = await mine.call(...DEPLOY)
    expect(answered).toMatchObject({ code: 7, last: { code: 'ROLLED_BACK' } })
    expect(answered.last['message']).toMatch(why)
    expect(await serving(hosts, path)).toEqual(before)
    expect(await answer(port)).toMatchObject({ version: '1.0.0', word: 'one' })
    expect(await answer(port + 1)).toBe(null)
    await expectClean(hosts, path, [0])
    const log = await readFile(home(hosts, 0, path, 'shared/log/app.log'), 'utf8')
    expect(log).toContain(`starting 2.0.0 ${manner}`)
  })

  it('deaf: what does not stop is not killed unless it may be, and goes on serving (7)', async () => {
    const { mine, port, configure } = await web('deaf')
    await webRelease(mine, '2.0.0', 'deaf')
    expect(await mine.call(...DEPLOY)).toMatchObject({ code: 0 })
    await webRelease(mine, '3.0.0')
    const answered = await mine.call(...DEPLOY)
    expect(answered).toMatchObject({ code: 7 })
    expect(answered.last['message']).toMatch(/it did not stop within 2 s, nor on TERM: pid \d+/)
    expect(await answer(port)).toMatchObject({ version: '2.0.0' })
    await configure({ kill: true })
    expect(await mine.call(...DEPLOY)).toMatchObject({ code: 0 })
    expect(await answer(port)).toMatchObject({ version: '3.0.0' })
  })

  it('takes the environment back with it', async () => {
    const { mine, port, configure } = await web('env-back')
    const env = await readFile(home(hosts, 0, 'env-back/shared/env'), 'utf8')
    await webRelease(mine, '2.0.0', 'ill')
    await configure({ env: { PORT: String(port), WORD: 'two' } })
    expect(await mine.call(...DEPLOY)).toMatchObject({ code: 7 })
    expect(await answer(port)).toMatchObject({ version: '1.0.0', word: 'one' })
    expect(await readFile(home(hosts, 0, 'env-back/shared/env'), 'utf8')).toBe(env)
  })
})
