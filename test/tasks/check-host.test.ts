import { expect, test } from 'vitest'
import { NO_APP } from '../../src/tasks/app-state.ts'
import { type CheckedHost, hostFindings } from '../../src/tasks/check-host.ts'
import { A, factsWith, onHost } from '../support/facts.ts'

const NOW = 1_760_000_000_000

function checked(facts: Partial<CheckedHost['facts']> = {}, more: Partial<CheckedHost> = {}): CheckedHost {
  const all = {
    ...factsWith([onHost(A)], [A]),
    time: NOW / 1000,
    boot: { kind: 'cron', text: '' },
    freeBytes: 5e9,
    freeInodes: 1e6,
    ...facts,
  }
  return { app: 'shop', target: 'prod', host: 'h1', facts: all, now: NOW, state: NO_APP, jobs: [], ...more }
}

const wrong = (one: CheckedHost) =>
  hostFindings(one)
    .filter(({ level }) => level !== 'ok')
    .map(({ level, check, message, remedy }) => [level, check, message, remedy])

test('a host on which all is well has nothing but that to say', () => {
  expect(wrong(checked())).toEqual([])
  expect(hostFindings(checked()).map(({ check }) => check)).toEqual(['path', 'disk', 'clock', 'boot', 'lock'])
})

test.each<[string, CheckedHost, readonly string[]]>([
  [
    'little room',
    checked({ freeBytes: 150_000_000, mount: '/srv' }),
    ['warning', 'disk', 'only 150 MB are free on /srv', 'make room there, or lower keep and run releaser prune'],
  ],
  [
    'few inodes',
    checked({ freeInodes: 10, mount: null }),
    ['warning', 'disk', 'only 10 inodes are free', 'make room there, or lower keep and run releaser prune'],
  ],
  [
    'a clock that is late',
    checked({ time: NOW / 1000 - 90 }),
    ['warning', 'clock', 'it is 90 s behind the one here', 'have both set their clocks by NTP: timedatectl set-ntp true'],
  ],
  [
    'a clock that is early',
    checked({ time: NOW / 1000 + 3600 }),
    ['warning', 'clock', 'it is 3600 s ahead of the one here', 'have both set their clocks by NTP: timedatectl set-ntp true'],
  ],
  [
    'somebody at work',
    checked({ lock: { by: 'ana', since: 1_759_999_000, message: 'deploy of shop', where: 'laptop', frozen: false } }),
    ['warning', 'lock', expect.stringMatching(/^at work there is ana/), 'wait for them, for instance with --wait=10m'],
  ],
  [
    'next to no room',
    checked({ freeBytes: 4096, mount: '/srv' }),
    [
      'error',
      'disk',
      'no room for any release: only 4.1 kB are free on /srv',
      'make room there, or lower keep and run releaser prune',
    ],
  ],
  [
    'a cut deploy',
    checked({ unsettled: 'x' }),
    ['warning', 'unsettled', 'a deploy was cut off', 'releaser deploy target=prod, or any change, settles it'],
  ],
  [
    'an app that is down',
    checked({}, { state: { app: { running: false, pid: null, version: null }, healthy: null, problem: null } }),
    ['warning', 'app', 'it does not run', 'releaser start target=prod'],
  ],
  [
    'an app that is ill',
    checked({}, { state: { app: { running: true, pid: 1, version: null }, healthy: false, problem: null } }),
    ['warning', 'app', 'it is not healthy', 'releaser logs target=prod'],
  ],
  [
    'a job that failed',
    checked({}, { jobs: [{ job: 'backup', message: 'backup failed: no', remedy: 'releaser timer log target=prod job=backup' }] }),
    ['warning', 'backup', 'backup failed: no', 'releaser timer log target=prod job=backup'],
  ],
])('%s is told with what helps', (_, one, finding) => {
  expect(wrong(one)).toEqual([finding])
})
