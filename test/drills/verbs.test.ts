import { appendFile, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { dirname } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { Target } from '../../src/model/config.ts'
import { freePort } from '../support/apps.ts'
import { DEPLOY, expectClean, home } from '../support/fleet.ts'
import { startHosts, type TestHosts, userProcesses } from '../support/hosts.ts'
import { isRunning } from '../support/is-running.ts'
import { type Laptop, laptop, targetOn } from '../support/laptop.ts'
import { until } from '../support/until.ts'
import { answer, START, webRelease } from '../support/web-app.ts'

/** What is done to an app by hand: a real server on each of two hosts. */
let hosts: TestHosts
beforeAll(async () => {
  hosts = await startHosts(2)
})
afterAll(() => hosts?.stop())

interface Web {
  readonly mine: Laptop
  readonly ports: readonly [number, number]
}

/** Commands of a runner that can do more than start; rpc and eval print what they were given. */
const TALKS = { ping: 'echo here', rpc: 'printf "rpc %s|" "$@"', eval: 'printf "eval %s|" "$@"; exit "$CODE"' }

/** Each host asks its own port. */
const ANSWERS = `exec ${process.execPath} -e 'fetch("http://127.0.0.1:" + process.env.PORT).then(() => process.exit(0), () => process.exit(1))'`

/** Version 1.0.0 of an app that runs on both hosts. */
async function web(path: string, more: Partial<Target> = {}): Promise<Web> {
  const mine = await laptop({}, { keep: true })
  const ports = [await freePort(), await freePort()] as const
  const target = targetOn(hosts, path, {
    runner: { start: START, ...TALKS },
    env: { WORD: 'one', CODE: '3' },
    secrets: { TOKEN: { command: "printf 'hush hush'" } },
    health: { command: ANSWERS, timeout: '6s', interval: '1s', settle: '1s' },
    stopTimeout: '2s',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: this is the shell's
    commands: { greet: 'echo "$WORD to $1 from $RELEASER_HOST, ${PWD##*/releases/}, $TOKEN"', fails: 'echo no >&2; exit 4' },
    ...more,
  })
  const entries = hosts.hosts.map(({ configEntry }, index) => ({ ...configEntry, env: { PORT: String(ports[index]) } }))
  await mine.configure({ prod: { ...target, hosts: entries } })
  await webRelease(mine, '1.0.0')
  const { code, stderr } = await mine.call(...DEPLOY)
  expect(code, stderr).toBe(0)
  return { mine, ports }
}

async function end({ mine, ports }: Web): Promise<void> {
  for (const port of ports) {
    const { pid } = (await answer(port)) ?? {}
    if (pid !== undefined) process.kill(pid, 'SIGKILL')
  }
  await rm(dirname(mine.dir), { recursive: true, force: true })
}

/** The same for one test. */
async function ownWeb(path: string, more: Partial<Target> = {}): Promise<Web> {
  const app = await web(path, more)
  onTestFinished(() => end(app))
  return app
}

const answers = ({ ports }: Web) => Promise.all(ports.map(async (port) => (await answer(port))?.version ?? null))
const pids = ({ ports }: Web) => Promise.all(ports.map(async (port) => (await answer(port))?.pid ?? 0))

describe('stop, start and restart', () => {
  it('do so on every host, and nothing a second time', async () => {
    const app = await ownWeb('verbs')
    const { mine } = app
    const before = await pids(app)
    expect(await mine.call('stop', 'target=prod')).toMatchObject({ code: 0, last: { changed: true } })
    expect(await answers(app)).toEqual([null, null])
    expect(await mine.call('stop', 'target=prod')).toMatchObject({ code: 0, last: { changed: false } })
    expect(await mine.call('ping', 'target=prod')).toMatchObject({ code: 0 })
    expect(await mine.call('pid', 'target=prod')).toMatchObject({
      code: 10,
      last: { code: 'REMOTE_COMMAND', hint: expect.stringContaining('releaser start target=prod') },
    })

    expect(await mine.call('start', 'target=prod')).toMatchObject({ code: 0, last: { changed: true } })
    await until(async () => (await answers(app)).every((version) => version === '1.0.0'))
    expect(await mine.call('start', 'target=prod')).toMatchObject({ code: 0, last: { changed: false } })

    const started = await pids(app)
    expect(started).not.toEqual(before)
    const restarted = await mine.call('restart', 'target=prod', 'host=h1')
    expect(restarted).toMatchObject({ code: 0, last: { changed: true } })
    expect(restarted.events.filter(({ step }) => step === 'health').map(({ state }) => state)).toEqual(['start', 'ok'])
    await until(async () => (await answers(app)).every((version) => version === '1.0.0'))
    const after = await pids(app)
    expect(after[1]).toBe(started[1])
    expect(after[0]).not.toBe(started[0])
    expect(await isRunning(started[0] ?? 0)).toBe(false)
    await expectClean(hosts, 'verbs')
  })

  it('say why an app does not come up, and leave the release alone', async () => {
    const { mine, ports } = await ownWeb('broken')
    await mine.call('stop', 'target=prod')
    const squatter = createServer().listen(ports[0], '127.0.0.1')
    const answered = await mine.call('start', 'target=prod')
    await new Promise((done) => squatter.close(done))
    expect(answered).toMatchObject({ code: 10, last: { code: 'REMOTE_COMMAND' } })
    expect(answered.last['message']).toMatch(/h1: .*exit code 1.*not tried on h2/)
    expect(answered.stdout + answered.stderr).toContain('EADDRINUSE')
    expect(await mine.call('start', 'target=prod')).toMatchObject({ code: 0 })
  })
})

describe('an app that nobody changes', () => {
  let app: Web
  beforeAll(async () => {
    app = await web('asked')
  })
  afterAll(() => app && end(app))

  it('the runner answers where it can, else what is known', async () => {
    const { mine } = app
    const [first, second] = await pids(app)
    const said = async (...words: string[]) => (await mine.call(...words)).last['hosts']
    expect(await said('ping', 'target=prod')).toMatchObject([{ host: 'h1', ok: true, stdout: 'here\n' }, { host: 'h2' }])
    expect(await said('pid', 'target=prod')).toMatchObject([{ stdout: `${first}\n` }, { stdout: `${second}\n` }])
    expect(await said('version', 'target=prod')).toMatchObject([{ stdout: '1.0.0\n' }, { stdout: '1.0.0\n' }])
    expect(await mine.say('pid', 'target=prod', 'host=h2')).toEqual({ code: 0, stdout: `${second}\n`, stderr: '' })
  })

  it('rpc and eval get the words as they are, and tell how they ended', async () => {
    const { mine } = app
    const rpc = await mine.call('rpc', 'target=prod', '--', 'a b', '$HOME `x`', '')
    expect(rpc).toMatchObject({ code: 0, last: { hosts: [{ stdout: 'rpc a b|rpc $HOME `x`|rpc |', exit: 0 }, { ok: true }] } })
    const failed = await mine.call('eval', 'target=prod', '--', 'ü')
    expect(failed).toMatchObject({ code: 10, last: { hosts: [{ stdout: 'eval ü|', exit: 3, ok: false }, { exit: 3 }] } })
    expect(failed.last['message']).toMatch(/h1: exit code 3, h2: exit code 3/)
  })

  it('run: a command of the configuration, in the release, and no secret in what it prints', async () => {
    const { mine } = app
    const { code, stdout } = await mine.say('run', 'target=prod', 'command=greet', 'host=h1', '--', 'you all')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^one to you all from h1, \d{14}-[0-9a-f]{8}, \S+\n$/)
    expect(stdout).not.toContain('hush')
    expect(await mine.call('run', 'target=prod', 'command=fails')).toMatchObject({
      code: 10,
      last: { hosts: [{ exit: 4, stderr: 'no\n' }, { exit: 4 }] },
    })
    const unknown = await mine.say('run', 'target=prod', 'command=gret')
    expect(unknown.code).toBe(2)
    expect(unknown.stderr).toContain('did you mean "greet"?')
  })

  it('logs: the end of what the app wrote, by host', async () => {
    const { mine } = app
    const { code, stdout } = await mine.say('logs', 'target=prod', 'lines=1')
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'h1: starting 1.0.0 well\nh2: starting 1.0.0 well\n' })
    expect((await mine.say('logs', 'target=prod', 'lines=some')).code).toBe(2)
  })

  it('status tells how it is, and does not wait for one that does not answer', async () => {
    const { mine } = app
    const [first = 0, second] = await pids(app)
    const seen = async () => (await mine.call('status', 'target=prod')).last['hosts']
    const well = { healthy: true, appProblem: null }
    const running = (pid: number | undefined) => ({ running: true, pid, version: '1.0.0' })
    expect(await seen()).toMatchObject([
      { app: running(first), ...well },
      { app: running(second), ...well },
    ])
    process.kill(first, 'SIGSTOP')
    try {
      expect(await seen()).toMatchObject([
        { app: running(first), healthy: false, appProblem: 'the health command did not end within 5 s' },
        { app: running(second), ...well },
      ])
      const { stdout } = await mine.say('status', 'target=prod')
      expect(stdout).toMatch(/^prod +h1 +1\.0\.0 .* runs +bad .* the health command did not end within 5 s$/m)
      expect(stdout).toMatch(/^prod +h2 +1\.0\.0 .* runs +good /m)
    } finally {
      process.kill(first, 'SIGCONT')
    }
  })

  it('a host that cannot be reached is an error, or left out where that is asked for', async () => {
    const mine = await laptop()
    const target = targetOn(hosts, 'asked', {
      runner: { start: START, ...TALKS, eval: 'echo' },
      commands: { greet: 'echo hello' },
    })
    const dead = { host: '127.0.0.1', port: await freePort(), name: 'dead' }
    await mine.configure({ prod: { ...target, hosts: [...target.hosts, dead] } })
    const skipped = {
      skipped: ['dead'],
      hosts: [
        { host: 'h1', ok: true },
        { host: 'h2', ok: true },
        { host: 'dead', ok: false, exit: null },
      ],
    }
    expect(await mine.call('ping', 'target=prod')).toMatchObject({ code: 3, last: { code: 'CONNECTION' } })
    for (const [verb = '', ...words] of [
      ...[['ping'], ['pid'], ['version'], ['rpc', '--', 'x'], ['eval', '--', 'x']],
      ...[
        ['exec', '--', 'pwd'],
        ['run', 'command=greet'],
      ],
    ]) {
      expect(await mine.call(verb, 'target=prod', '--skip-unreachable', ...words), verb).toMatchObject({ code: 0, last: skipped })
    }
    const logs = await mine.say('logs', 'target=prod', 'lines=1', '--skip-unreachable')
    expect(logs).toMatchObject({ code: 0, stdout: 'h1: starting 1.0.0 well\nh2: starting 1.0.0 well\n' })
    expect(logs.stderr).toMatch(/^releaser: warning: dead is left out: /)
    expect((await mine.call('logs', 'target=prod', '--skip-unreachable')).last).toMatchObject({ skipped: ['dead'] })
  })

  it('logs --follow: what comes from every host, until a Ctrl-C, and nothing is left behind', async () => {
    const { mine } = app
    const following = mine.begin('logs', 'target=prod', 'lines=0', '--follow')
    for (const [index, word] of ['one', 'two'].entries()) {
      await until(async () => {
        await appendFile(home(hosts, index, 'asked/shared/log/app.log'), `${word}\n`)
        return following.said().includes(`h${index + 1}: ${word}\n`)
      })
    }
    following.kill('SIGINT')
    expect((await following.ended).code).toBe(0)
    const tails = async (uid: number) => (await userProcesses(uid)).filter(({ command }) => command.startsWith('tail'))
    for (const { uid } of hosts.hosts) await until(async () => (await tails(uid)).length === 0)
  })
})

it('migrate: on the first host alone, in the release, with the environment', async () => {
  const migrate = { run: 'echo "$WORD" >>"$RELEASER_PATH/shared/migrated"' }
  const { mine } = await ownWeb('migrates', { migrate })
  expect(await mine.call('migrate', 'target=prod')).toMatchObject({ code: 0 })
  const { last } = await mine.call('exec', 'target=prod', '--', 'cat "$RELEASER_PATH/shared/migrated" 2>/dev/null || true')
  expect(last['hosts']).toMatchObject([{ stdout: 'one\none\n' }, { stdout: '' }])
})

it('a deploy to several targets migrates on the first host of each: each may have a database of its own', async () => {
  const mine = await laptop()
  const migrate = { run: 'echo "$RELEASER_TARGET" >"$RELEASER_PATH/shared/migrated"' }
  const on = (name: string) => targetOn(hosts, 'several', { runner: 'none', migrate }, [name])
  await mine.configure({ one: on('h1'), two: on('h2') })
  await webRelease(mine, '1.0.0')
  const { code, stderr } = await mine.call('deploy', 'target=one,two', '--yes')
  expect(code, stderr).toBe(0)
  const migrated = (index: number) => readFile(home(hosts, index, 'several/shared/migrated'), 'utf8')
  expect(await Promise.all([migrated(0), migrated(1)])).toEqual(['one\n', 'two\n'])

  // A host that is left out is told of, and is no failure.
  const one = on('h1')
  await mine.configure({ one: { ...one, hosts: [...one.hosts, { host: '127.0.0.1', port: await freePort(), name: 'dead' }] } })
  expect(await mine.call('migrate', 'target=one')).toMatchObject({ code: 3 })
  expect(await mine.call('migrate', 'target=one', '--skip-unreachable')).toMatchObject({
    code: 0,
    last: {
      hosts: [
        { host: 'h1', ok: true, exit: 0 },
        { host: 'dead', ok: false, exit: null },
      ],
    },
  })
})
