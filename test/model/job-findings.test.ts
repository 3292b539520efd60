import { expect, test } from 'vitest'
import type { HostJob, HostJobs } from '../../src/model/job.ts'
import { jobFindings, jobOf, wantedView } from '../../src/model/job-findings.ts'

const at = (text: string) => Date.parse(`${text}Z`)
const NOW = at('2026-03-10T12:00')
/** Its clock on the wall is two hours ahead of UTC. */
const host = (jobs: readonly HostJob[], installed: boolean | null): HostJobs => ({
  wall: NOW + 7_200_000,
  now: NOW,
  way: installed === null ? null : { kind: 'cron', installed },
  jobs,
  backups: [],
})
const ran = (schedule: string | null, good: string | null, rest: Partial<HostJob> = {}): HostJob => ({
  job: 'backup',
  schedule,
  since: schedule === null ? null : at('2026-03-01T00:00'),
  running: false,
  ...{ started: good === null ? null : at(good) / 1000, ended: good === null ? null : at(good) / 1000 },
  exit: good === null ? null : 0,
  message: '',
  good: good === null ? null : at(good) / 1000,
  ...rest,
})
const PROD = { name: 'prod', backup: { command: 'x', schedule: 'daily at 03:30' } }
const NEVER = { ...PROD, auto: { backup: false } }
const DAILY = '30 3 * * *'
const INSTALL = 'releaser timer install target=prod'
const LOG = 'releaser timer log target=prod job=backup'

test.each([
  ['all is well', PROD, host([ran(DAILY, '2026-03-10T01:30')], true), '2026-03-01T00:00', false, []],
  [
    'it failed, and is late',
    PROD,
    host([ran(DAILY, '2026-03-08T01:30', { exit: 1, message: 'no space' })], true),
    '2026-03-01T00:00',
    true,
    [
      ['backup failed: no space', LOG],
      ['backup overdue', LOG],
    ],
  ],
  [
    'there is no timer yet, and no time has passed',
    PROD,
    host([], null),
    '2026-03-10T11:00',
    false,
    [['backup has no timer', INSTALL]],
  ],
  [
    'there is no timer, and a time has passed',
    PROD,
    host([], null),
    '2026-03-09T12:00',
    true,
    [
      ['backup overdue', INSTALL],
      ['backup has no timer', INSTALL],
    ],
  ],
  [
    'there is none, and somebody did it by hand',
    PROD,
    host([ran(null, '2026-03-10T02:00')], null),
    '2026-03-01T00:00',
    false,
    [['backup has no timer', INSTALL]],
  ],
  [
    'the timer was removed by hand',
    PROD,
    host([ran(DAILY, '2026-03-10T01:30')], false),
    '2026-03-01T00:00',
    false,
    [['backup has no timer', INSTALL]],
  ],
  [
    'the configuration has another schedule by now',
    PROD,
    host([ran('0 1 * * *', '2026-03-10T01:30')], true),
    '2026-03-01T00:00',
    false,
    [['backup has another schedule there', INSTALL]],
  ],
  ['it says no', NEVER, host([ran(null, '2026-01-01T00:00')], null), '2026-01-01T00:00', false, []],
  [
    'it says no, and the host still does it',
    NEVER,
    host([ran(DAILY, '2026-01-01T00:00')], true),
    '2026-01-01T00:00',
    false,
    [['backup has a timer, against auto.backup', INSTALL]],
  ],
  ['nobody asked for a time', { name: 'prod', backup: { command: 'x' } }, host([], null), '2026-01-01T00:00', false, []],
] as const)('%s', (_, target, seen, since, overdue, findings) => {
  expect(wantedView(target, jobOf(seen, 'backup'), seen, at(since)).overdue).toBe(overdue)
  expect(jobFindings(target, seen, at(since)).map(({ message, remedy }) => [message, remedy])).toEqual(findings)
})
