import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Target } from '../../src/model/config.ts'
import { built, DEPLOY, home } from '../support/fleet.ts'
import { startHosts, type TestHosts } from '../support/hosts.ts'
import { type Answer, type Json, type Laptop, targetOn } from '../support/laptop.ts'

let hosts: TestHosts
beforeAll(async () => {
  hosts = await startHosts(1)
})
afterAll(() => hosts?.stop())

const findings = ({ last }: Answer) => (last['findings'] as readonly Json[]).filter(({ level }) => level !== 'ok')
const prod = (more: Partial<Target> = {}, path = 'app') => targetOn(hosts, path, more)

it('finds nothing wrong where nothing is, tells what is missing, and changes nothing', async () => {
  const mine: Laptop = await built(hosts, 'app')
  const before = await mine.call('check')
  expect(before).toMatchObject({
    code: 0,
    last: { findings: expect.arrayContaining([expect.objectContaining({ check: 'config', host: null })]) },
  })
  expect(findings(before)).toMatchObject([
    { check: 'boot', level: 'warning', remedy: expect.stringMatching(/setup|linger|cron/) },
  ])
  expect((await mine.call(...DEPLOY)).code).toBe(0)

  await mine.configure({ prod: prod({ backup: { command: 'false', schedule: 'daily' }, runner: { start: 'exec sleep 86400' } }) })
  expect((await mine.call('lock', 'target=prod', 'message=a talk')).code).toBe(0)
  expect((await mine.call('backup', 'target=prod')).code).toBe(10)
  const { stdout, code } = await mine.say('doctor', 'target=prod')
  expect(code).toBe(0)
  for (const word of [
    'the app does not run',
    'releaser start target=prod',
    'frozen by',
    'backup failed',
    'backup has no timer',
    'releaser timer install target=prod',
    'releaser unlock target=prod',
  ])
    expect(stdout).toContain(word)
})

it('explains what keeps a deploy from working, each with what helps and its own exit code', async () => {
  const mine: Laptop = await built(hosts, 'other')
  expect((await mine.call(...DEPLOY)).code).toBe(0)
  await mkdir(join(hosts.dir, 'locked'), { mode: 0o755 })
  await writeFile(join(hosts.dir, 'key'), 'no key')
  await chmod(join(hosts.dir, 'key'), 0o600)
  const [{ configEntry }] = hosts.hosts
  const cases: readonly [Partial<Target>, number, Json][] = [
    [
      { hosts: [{ ...configEntry, port: 1 }] },
      3,
      { check: 'connection', message: expect.stringContaining('connection refused') },
    ],
    [
      { hosts: [{ ...configEntry, host: 'no-such-host.invalid' }] },
      3,
      { check: 'connection', message: expect.stringContaining('is not known') },
    ],
    [
      { knownHosts: '/dev/null' },
      3,
      { check: 'host-key', remedy: expect.stringContaining('releaser trust target=prod host=h1') },
    ],
    [
      { identity: join(hosts.dir, 'key'), agent: false },
      3,
      { check: 'auth', message: expect.stringContaining('no private key') },
    ],
    [{ path: join(hosts.dir, 'locked/shop') }, 6, { check: 'path', message: expect.stringContaining('is not writable') }],
    [{ path: home(hosts, 0, 'theirs') }, 2, { check: 'path', message: expect.stringContaining('belongs to') }],
  ]
  await mine.configure({ first: prod({}, 'theirs') })
  expect((await mine.call('deploy', 'target=first', 'release=latest', '--yes')).code).toBe(0)
  for (const [more, exit, finding] of cases) {
    await mine.configure({ prod: prod(more, 'other') })
    const answer = await mine.call('check', 'target=prod')
    expect(answer, JSON.stringify(finding)).toMatchObject({ code: exit, last: { event: 'error', exit } })
    expect(findings(answer)).toContainEqual(expect.objectContaining({ level: 'error', host: 'h1', target: 'prod', ...finding }))
    expect(String(findings(answer).find(({ level }) => level === 'error')?.['remedy'])).not.toBe('')
  }
})
