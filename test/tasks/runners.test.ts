import { describe, expect, it } from 'vitest'
import { serviceOf } from '../../src/tasks/runners.ts'

const about = { target: 'prod', release: '20261120172058-c1f865fc' }
const mix = { kind: 'mix', name: 'shop', version: '1.4.0' } as const

describe('serviceOf', () => {
  it('starts nothing where the release is no OTP release, or nothing is to be started', () => {
    expect(serviceOf(undefined, null, about)).toBeNull()
    expect(serviceOf('none', mix, about)).toBeNull()
  })

  it('takes commands of your own as they are, whatever the release is', () => {
    const own = { runner: 'commands', start: 'node main.js', stop: null, restart: null, ping: null, pid: 'cat pid' }
    const rest = { version: null, console: null, rpc: null, eval: null }
    expect(serviceOf({ start: 'node main.js', pid: 'cat pid' }, mix, about)).toEqual({ ...own, ...rest })
  })

  it('finds out by itself what runs an OTP release', () => {
    for (const kind of ['mix', 'distillery', 'relx'] as const) {
      const found = serviceOf(undefined, { ...mix, kind }, about)
      expect(found?.runner).toBe(kind)
      expect(found).toEqual(serviceOf(kind, { ...mix, kind }, about))
    }
  })

  it('refuses a release that the configured runner cannot run', () => {
    expect(() => serviceOf('mix', null, about)).toThrow(
      expect.objectContaining({
        code: 'CONFIG',
        message: 'target prod: release 20261120172058-c1f865fc is no mix release',
        hint: "a release folder has bin/ and releases/start_erl.data at its top: is the builder's output that folder?",
      }),
    )
    expect(() => serviceOf('relx', mix, about)).toThrow(
      expect.objectContaining({ hint: 'it is one of mix, which is found out by itself: leave runner out' }),
    )
  })

  it('has systemd run an OTP release, or commands of your own, by the same words', () => {
    expect(serviceOf('systemd', mix, about)).toEqual(serviceOf('mix', mix, about))
    expect(serviceOf({ systemd: true, start: 'x' }, mix, about)).toEqual(serviceOf({ start: 'x' }, mix, about))
    expect(() => serviceOf('systemd', null, about)).toThrow(
      expect.objectContaining({
        code: 'CONFIG',
        message: 'target prod: release 20261120172058-c1f865fc does not tell how systemd is to start it',
        hint: "only OTP releases do; write runner: { systemd: true, start: 'exec ./server' } in the target",
      }),
    )
  })
})
