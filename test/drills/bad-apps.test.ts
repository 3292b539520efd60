import { performance } from 'node:perf_hooks'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { freePort } from '../support/apps.ts'
import { DEPLOY, expectClean, serving } from '../support/fleet.ts'
import { startHosts, type TestHosts, userProcesses } from '../support/hosts.ts'
import { laptop, targetOn } from '../support/laptop.ts'
import { until } from '../support/until.ts'
import { answer, type Manner, START, webRelease } from '../support/web-app.ts'

/** Releases that do not serve, one after the other on one host: what a person reads then, and how soon the old one is back. */
let hosts: TestHosts
beforeAll(async () => {
  hosts = await startHosts(1)
})
afterAll(() => hosts?.stop())

/** What the error says, and what the app wrote. */
const BAD: readonly (readonly [Manner, RegExp, string])[] = [
  [
    'crashes late',
    /h1: (health: the app has ended|the app is not healthy: it was healthy, and 4 s later not any more)/,
    'out of memory',
  ],
  ['silent', /h1: the app is not healthy: GET \/ on port \d+: no answer within \d/, 'starting 2.0.0 silent'],
  ['ill', /h1: the app is not healthy: GET \/ on port \d+ answered 500, not 200-399/, 'starting 2.0.0 ill'],
  ['elsewhere', /h1: the app is not healthy: nobody listens on port \d+/, 'starting 2.0.0 elsewhere'],
  ['strays', /h1: prove: pid \d+ runs from another release: \S+\/releases\/\d{14}-[0-9a-f]{8}/, 'starting 1.0.0 strays'],
  ['hangs', /h1: the app is not healthy: GET \/ on port \d+ answered 500/, 'starting 2.0.0 hangs'],
]

test('each is taken back (7) within ten seconds, and its message shows the cause', async () => {
  const [mine, port] = [await laptop(), await freePort()]
  // The stop of one hangs as well, whatever is done to it; that of the others fails, so that they get TERM.
  const stop = `[ "$(cat manner.txt)" = hangs ] || exit 1; trap '' TERM; while :; do sleep 1; done`
  const target = targetOn(hosts, 'bad', {
    runner: { start: START, stop },
    env: { PORT: String(port), WORD: 'one' },
    health: { http: `:${port}/`, timeout: '4s', interval: '1s', settle: '4s' },
    stopTimeout: '2s',
    keep: 20,
  })
  await mine.configure({ prod: target })
  onTestFinished(async () => {
    for (const { pid, command } of await userProcesses(hosts.hosts[0].uid))
      if (command.includes('server.mjs')) process.kill(pid, 'SIGKILL')
  })
  await webRelease(mine, '1.0.0')
  expect(await mine.call(...DEPLOY)).toMatchObject({ code: 0 })
  const before = await serving(hosts, 'bad')
  for (const [manner, why, wrote] of BAD) {
    await webRelease(mine, '2.0.0', manner)
    const deploying = mine.begin(...DEPLOY)
    await until(async () => /h1: (failed while|taken back)/.test(deploying.said()), 60)
    const decided = performance.now()
    await until(async () => (await answer(port))?.version === '1.0.0' && (await serving(hosts, 'bad'))[0] === before[0], 60)
    const back = performance.now() - decided
    console.log(`${manner}: the old release serves ${(back / 1000).toFixed(1)} s after the decision`)
    const { code, stderr } = await deploying.ended
    expect(code, stderr).toBe(7)
    expect(stderr, manner).toMatch(new RegExp(`releaser: error: ${why.source}.*\\(every host serves what it served before\\)`))
    expect(stderr, manner).toContain(`h1: | ${wrote}\n`)
    expect(back, manner).toBeLessThan(10_000)
    expect((await mine.call('status')).last['hosts']).toMatchObject([
      { current: { version: '1.0.0' }, app: { running: true, version: '1.0.0' }, healthy: true, appProblem: null },
    ])
    await expectClean(hosts, 'bad', [0])
  }
  const servers = (await userProcesses(hosts.hosts[0].uid)).filter(({ command }) => command.includes('server.mjs'))
  expect(servers).toHaveLength(1)
}, 300_000)

test('one that takes its time to say its process and its version is waited for', async () => {
  const [mine, port] = [await laptop(), await freePort()]
  const target = targetOn(hosts, 'slow', {
    runner: {
      start: `rm -f "$RELEASER_PATH/shared/pid" "$RELEASER_PATH/shared/said"; ${process.execPath} server.mjs >>"$RELEASER_PATH/shared/log/own.log" 2>&1 &`,
      pid: 'cat "$RELEASER_PATH/shared/pid"',
      version: 'cat "$RELEASER_PATH/shared/said"',
    },
    env: { PORT: String(port) },
  })
  await mine.configure({ prod: target })
  await webRelease(mine, '1.0.0', 'slow')
  const { code, stderr } = await mine.say(...DEPLOY)
  expect(code, stderr).toBe(0)
  expect(await mine.say('version', 'target=prod')).toEqual({ code: 0, stdout: '1.0.0\n', stderr: '' })
  expect(await mine.call('stop', 'target=prod')).toMatchObject({ code: 0 })
  expect(await answer(port)).toBe(null)
}, 120_000)
