import { expect, it } from 'vitest'
import type { HostJob } from '../../src/model/job.ts'
import { jobView } from '../../src/model/job-view.ts'

const at = (text: string) => Date.parse(`${text}Z`)
const NEW: HostJob = {
  job: 'backup',
  schedule: '30 3 * * *',
  since: at('2026-03-01T12:00'),
  running: false,
  started: null,
  ended: null,
  exit: null,
  message: '',
  good: null,
}

/** The host's clock on the wall is two hours ahead of UTC. */
const view = (wall: string, job: Partial<HostJob> = {}, installed = true) =>
  jobView({ ...NEW, ...job }, { wall: at(wall), now: at(wall) - 7_200_000, way: { kind: 'cron', installed } })

const run = (started: string, took = 60) => {
  const seconds = at(started) / 1000 - 7200
  return { started: seconds, ended: seconds + took, exit: 0, good: seconds + took }
}

it('is neither good nor bad before its first time, and overdue an hour after it', () => {
  expect(view('2026-03-01T13:00')).toEqual({
    job: 'backup',
    schedule: '30 3 * * *',
    last: null,
    ok: null,
    running: false,
    next: '2026-03-02T01:30:00.000Z',
    overdue: false,
    good: null,
    name: null,
    message: '',
  })
  expect([view('2026-03-02T04:00').overdue, view('2026-03-02T04:30').overdue]).toEqual([false, true])
})

it('is good after a good run, and overdue where the next one does not come', () => {
  const ran = run('2026-03-02T03:30')
  expect(view('2026-03-02T12:00', ran)).toMatchObject({ ok: true, last: '2026-03-02T01:30:00.000Z', overdue: false })
  expect(view('2026-03-03T04:29', ran).overdue).toBe(false)
  expect(view('2026-03-03T04:31', ran).overdue).toBe(true)
  const long = { running: true, started: at('2026-03-03T03:30') / 1000 - 7200, ended: null, exit: null }
  expect(view('2026-03-03T09:00', { ...ran, ...long })).toMatchObject({ running: true, ok: null, overdue: false })
})

it('has failed where it says so, or was cut off; what was due before it was installed does not count', () => {
  const ran = run('2026-03-02T03:30')
  const failed = { ...ran, exit: 1, good: null, message: 'no space' }
  expect(view('2026-03-02T05:00', failed)).toMatchObject({ ok: false, overdue: true, message: 'no space' })
  expect(view('2026-03-02T03:31', { ...ran, ended: null, exit: null })).toMatchObject({ ok: false, message: 'it was cut off' })
  expect(view('2026-03-02T12:00', { ...run('2026-02-01T00:00'), since: at('2026-03-02T11:00') }).overdue).toBe(false)
  expect(view('2026-03-02T12:00', {}, false).next).toBe(null)
  expect(view('2026-03-02T12:00', { schedule: null })).toMatchObject({ schedule: null, next: null, overdue: false })
})
