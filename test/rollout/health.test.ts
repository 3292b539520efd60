import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Patience, PortCheck } from '../../src/model/health.ts'
import { probe } from '../../src/remote/probe.ts'
import { processRemote } from '../../src/remote/process.ts'
import { type ProbeOnce, waitHealthy } from '../../src/rollout/health.ts'
import { type App, freePort, httpApp, tcpApp } from '../support/apps.ts'
import { until } from '../support/until.ts'

const remote = processRemote()
let http: App
beforeAll(async () => {
  http = await httpApp()
})
afterAll(async () => {
  await remote.close()
  await http.close()
})

/** A real question to a port, and when it was asked, in milliseconds since it could have been. */
function asking(port: number, path?: string) {
  const since = performance.now()
  const times: number[] = []
  const limits: number[] = []
  const once: ProbeOnce = (seconds) => {
    times.push(performance.now() - since)
    limits.push(seconds)
    const asked: PortCheck =
      path === undefined
        ? { kind: 'tcp', port }
        : { kind: 'http', port, path, host: 'localhost', expectStatus: null, expectBody: null }
    return probe(remote, asked, seconds)
  }
  return { once, times, limits }
}

const quick: Patience = { delay: 0, interval: 0.05, timeout: 1, settle: 0.2 }
const never = new AbortController().signal

test('an app that serves is asked after the delay, and once more when it has settled', async () => {
  const { once, times } = asking(http.port)
  expect(await waitHealthy(once, { ...quick, delay: 0.3 }, never)).toEqual({ ok: true })
  expect(times).toHaveLength(2)
  expect(times[0]).toBeGreaterThan(290)
  expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(190)
})

test('without a time to settle it is asked once', async () => {
  const { once, times } = asking(http.port)
  expect(await waitHealthy(once, { ...quick, settle: 0 }, never)).toEqual({ ok: true })
  expect(times).toHaveLength(1)
})

test('one that comes up late is waited for', async () => {
  const port = await freePort()
  const { once, times } = asking(port)
  const waiting = waitHealthy(once, { ...quick, timeout: 30 }, never)
  await until(async () => times.length === 3)
  const app = await tcpApp(() => {}, '127.0.0.1', port)
  expect(await waiting).toEqual({ ok: true })
  expect(times.length).toBeGreaterThan(4)
  await app.close()
})

test('one that never comes up is given up in time, with what was wrong last', async () => {
  const port = await freePort()
  const { once, times } = asking(port)
  expect(await waitHealthy(once, quick, never)).toEqual({ ok: false, why: `nobody listens on port ${port}` })
  expect(times.length).toBeGreaterThan(5)
  expect(times.at(-1)).toBeLessThan(1500)
})

test('one that never answers costs no more than the time there is', async () => {
  const { once, times, limits } = asking(http.port, '/hangs')
  const since = performance.now()
  expect(await waitHealthy(once, quick, never)).toEqual({
    ok: false,
    why: `GET /hangs on port ${http.port}: no answer within 1 s`,
  })
  expect(performance.now() - since).toBeLessThan(2500)
  expect(limits[0]).toBe(1)
  expect(times.length).toBeLessThan(3)
})

test('one that goes down while it settles is not healthy', async () => {
  const app = await tcpApp(() => {})
  const { once, times } = asking(app.port)
  const waiting = waitHealthy(once, { ...quick, settle: 0.5 }, never)
  await until(async () => times.length === 1)
  await until(async () => app.open() === 0)
  await app.close()
  expect(await waiting).toEqual({
    ok: false,
    why: `it was healthy, and 0.5 s later not any more: nobody listens on port ${app.port}`,
  })
})

describe('it can be interrupted', () => {
  test.each([
    ['in the delay', { ...quick, delay: 60 }, 0],
    ['while it waits for an answer', quick, 1],
  ])('%s', async (_, patience, asked) => {
    const stopping = new AbortController()
    const { once, times } = asking(http.port, '/hangs')
    const waiting = waitHealthy(once, patience, stopping.signal)
    await until(async () => times.length === asked)
    stopping.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'INTERRUPTED' })
  })

  test('before it began', async () => {
    const { once, times } = asking(http.port)
    await expect(waitHealthy(once, quick, AbortSignal.abort())).rejects.toMatchObject({ code: 'INTERRUPTED' })
    expect(times).toEqual([])
  })
})

test('a line that is lost is told at once', async () => {
  const own = processRemote()
  await own.close()
  const once: ProbeOnce = (seconds) => probe(own, { kind: 'tcp', port: http.port }, seconds)
  await expect(waitHealthy(once, quick, never)).rejects.toMatchObject({ code: 'CONNECTION' })
})
