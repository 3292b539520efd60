import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type BuildLaptop, buildLaptop, comesToRest, nobodyBuilds, nothingHere, type SshBuilder } from '../support/build-host.ts'
import { runCli } from '../support/cli.ts'
import { startHosts, type TestHosts, userProcesses } from '../support/hosts.ts'
import type { Answer, Started } from '../support/laptop.ts'
import { type Line, startLine } from '../support/line.ts'
import { until } from '../support/until.ts'

/** Builds on a build host that end before their time, or meet each other there: what is left, here and there, and that the next one goes well. */
let hosts: TestHosts
beforeAll(async () => {
  hosts = await startHosts(1)
})
afterAll(() => hosts?.stop())

/** A build that hangs, with a child that does not listen, unless it is told not to. */
const HANGING = 'mkdir -p out; echo x >out/x; [ -z "$CALM" ] || exit 0; (trap "" TERM HUP; sleep 300) & echo hangs; sleep 300'
const LARGE = 'mkdir -p out; head -c 60000000 /dev/urandom >out/x; [ -z "$CALM" ] || echo small >out/x'
const step = (name: string, state: string) => `{"event":"step","host":null,"step":"${name}","state":"${state}"`
const HANGS = '"line":"hangs"'

async function reached(started: Started, word: string): Promise<void> {
  let over = false
  void started.ended.then(() => {
    over = true
  })
  await until(async () => over || started.said().includes(word))
  expect(started.said()).toContain(word)
}

/** The host is as it should be, nothing is left here, and the next build goes well. */
async function expectWell(mine: BuildLaptop, builder: Partial<SshBuilder> = {}, there = hosts): Promise<void> {
  await comesToRest(there)
  await nothingHere(mine)
  expect((await mine.call('releases')).last).toMatchObject({ releases: [] })
  await mine.builder({ ...builder, env: { CALM: 'yes' } })
  expect((await mine.call('build')).last).toMatchObject({ ok: true, release: { files: 1 } })
  await comesToRest(there)
}

/** A laptop whose builder goes through a line that can fail. */
async function throughLine(
  run: string,
  there = hosts,
): Promise<{ readonly mine: BuildLaptop; readonly line: Line; readonly direct: Partial<SshBuilder> }> {
  const [{ user, port, hostKey }] = there.hosts
  const line = await startLine(port)
  onTestFinished(() => line.close())
  const mine = await buildLaptop(there, { run, host: `${user}@127.0.0.1:${line.port}`, knownHosts: 'known' })
  await writeFile(join(mine.dir, 'known'), `[127.0.0.1]:${line.port} ${hostKey}\n`)
  return { mine, line, direct: { host: `${user}@127.0.0.1:${port}`, knownHosts: there.knownHosts } }
}

describe.each(['SIGINT', 'SIGTERM'] as const)('%s', (signal) => {
  it.each([
    ['while it connects', HANGING, step('connect', 'start')],
    ['while sources go', HANGING, step('send', 'start')],
    ['while it builds', HANGING, HANGS],
    ['while the result comes', LARGE, step('fetch', 'start')],
    ['while it is packed', LARGE, step('pack', 'start')],
  ])('%s ends the build there and here', async (_, run, word) => {
    const mine = await buildLaptop(hosts, { run })
    const started = mine.start('build', '--verbose')
    await reached(started, word)
    const from = Date.now()
    started.kill(signal)
    expect((await started.ended).last).toMatchObject({ exit: 130, code: 'INTERRUPTED' })
    expect(Date.now() - from).toBeLessThan(9000)
    await expectWell(mine)
  })
})

describe('a client that is killed', () => {
  it.each([
    ['while sources go', HANGING, step('send', 'start')],
    ['while it builds', HANGING, HANGS],
    ['while the result comes', LARGE, step('fetch', 'start')],
  ])('%s has its build ended with the line, and the next one clears up here', async (_, run, word) => {
    const mine = await buildLaptop(hosts, { run })
    const started = mine.start('build', '--verbose')
    await reached(started, word)
    started.kill('SIGKILL')
    await started.ended
    await comesToRest(hosts)
    await mine.builder({ env: { CALM: 'yes' } })
    expect((await mine.call('build')).last).toMatchObject({ ok: true, release: { files: 1 } })
    await nothingHere(mine)
  })
})

describe('a line', () => {
  it.each([
    ['while it builds', HANGING, HANGS],
    ['while the result comes', LARGE, step('fetch', 'start')],
  ])('that is cut %s is told (3), and the build there ends', async (_, run, word) => {
    const { mine, line, direct } = await throughLine(run)
    const started = mine.start('build', '--verbose')
    await reached(started, word)
    line.cut()
    expect((await started.ended).last).toMatchObject({ exit: 3, code: 'CONNECTION', message: 'the line was lost while it built' })
    await expectWell(mine, direct)
  })

  // Each takes its time, nearly all of it waiting: so each has a host of its own.
  it('that freezes is told (3) after a while, and the build there ends', { timeout: 120_000 }, async () => {
    const freezes = async (run: string, word: string): Promise<void> => {
      const there = await startHosts(1)
      onTestFinished(() => there.stop())
      const { mine, line, direct } = await throughLine(run, there)
      const started = mine.start('build', '--verbose')
      await reached(started, word)
      line.freeze()
      const from = Date.now()
      expect((await started.ended).last, word).toMatchObject({ exit: 3, code: 'CONNECTION' })
      expect(Date.now() - from, word).toBeLessThan(30_000)
      await expectWell(mine, direct, there)
    }
    await Promise.all([freezes(HANGING, step('send', 'start')), freezes(HANGING, HANGS), freezes(LARGE, step('fetch', 'start'))])
  })
})

it('a worker that is killed there takes its build with it, and blocks nobody', async () => {
  const mine = await buildLaptop(hosts, { run: HANGING })
  const started = mine.start('build', '--verbose')
  await reached(started, HANGS)
  const [{ uid }] = hosts.hosts
  const [worker] = (await userProcesses(uid)).filter(({ command }) => / build$/.test(command)).sort((a, b) => a.pid - b.pid)
  process.kill(worker?.pid ?? 0, 'SIGKILL')
  expect((await started.ended).last).toMatchObject({ exit: 3, code: 'CONNECTION' })
  await nobodyBuilds(hosts)
  await nothingHere(mine)
  await mine.builder({ env: { CALM: 'yes' } })
  expect((await mine.call('build')).last).toMatchObject({ ok: true })
  await comesToRest(hosts)
})

it('tells a second build who is at work (4), and with --wait it comes after', async () => {
  const release = 'until [ -e ~/go ]; do sleep 0.1; done'
  const [first, second] = [await buildLaptop(hosts, { run: `echo hangs; ${release}; mv app out` }), await buildLaptop(hosts)]
  const started = first.start('build', '--verbose')
  await reached(started, HANGS)
  expect((await second.call('build')).last).toMatchObject({
    exit: 4,
    code: 'LOCKED',
    message: expect.stringMatching(/^127\.0\.0\.1:\d+: at work there is .*@.*, since .* UTC \(build of shop\)$/),
  })
  const waiting = second.start('build', '--wait=1m')
  await reached(waiting, 'waiting for')
  await writeFile(join(hosts.hosts[0].home, 'go'), '')
  expect((await started.ended).last).toMatchObject({ ok: true })
  expect((await waiting.ended).last).toMatchObject({ ok: true })
  await comesToRest(hosts)
})

it('ends what a build leaves behind', async () => {
  const mine = await buildLaptop(hosts, { run: 'sleep 300 & (trap "" HUP; sleep 300) & (trap "" TERM; sleep 300) & mv app out' })
  expect((await mine.call('build')).last).toMatchObject({ ok: true })
  await comesToRest(hosts)
})

it('takes 200 MB of output in bounded memory', async () => {
  const line = 'x'.repeat(99)
  const mine = await buildLaptop(hosts, { run: `yes ${line} | head -c 200000000; echo the last; exit 1` })
  let peak = 0
  let ended = false
  const answer = runCli(['build', '--json'], {
    cwd: mine.dir,
    env: mine.env,
    onStart: ({ pid }) => {
      const look = async (): Promise<void> => {
        while (!ended) {
          const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
          peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0))
          await new Promise((resolve) => setTimeout(resolve, 50))
        }
      }
      void look()
    },
  })
  const { stdout } = await answer.finally(() => {
    ended = true
  })
  const { exit, message } = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Answer['last']
  expect([exit, message]).toEqual([5, expect.stringMatching(/:(\n {2}x{99}){19}\n {2}the last$/)])
  expect(peak / 1024).toBeLessThan(200)
})
