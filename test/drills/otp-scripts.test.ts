import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../support/elixir.ts'
import { DEPLOY, home } from '../support/fleet.ts'
import { startHosts, type TestHosts, userProcesses } from '../support/hosts.ts'
import { type Laptop, laptop, targetOn } from '../support/laptop.ts'
import { otpRelease } from '../support/otp.ts'

/** The start scripts of Distillery and relx, with their traps, from `pack` to `stop`. */
let hosts: TestHosts
let epmd: string
let port: number
beforeAll(async () => {
  epmd = String(await freePort())
  port = await freePort()
  hosts = await startHosts(1)
})
afterAll(() => hosts?.stop())

const vms = async () => (await userProcesses(hosts.hosts[0].uid)).filter(({ command }) => /beam|run_erl/.test(command))
const answer = () =>
  fetch(`http://127.0.0.1:${port}/`).then(
    (response) => response.text(),
    () => null,
  )

const KINDS = [
  // A mutable folder that all releases share, as edeliver sets it up, remembers the version that was booted first.
  { kind: 'distillery', rpc: 'to_string(node())', more: { REPLACE_OS_VARS: 'true', RELEASE_MUTABLE_DIR: '__HOME__/mutable' } },
  { kind: 'relx', rpc: 'erlang node', more: {} },
] as const

describe.each(KINDS)('$kind', ({ kind, rpc, more }) => {
  let mine: Laptop
  const printed = async (...words: readonly string[]) => {
    const { code, last, stderr } = await mine.call(...words)
    expect(code, stderr).toBe(0)
    return (last['hosts'] as readonly { stdout: string }[])[0]?.stdout
  }
  /** What the node itself says it is, and what answers on its port; and that no other node is there. */
  const serves = async (version: string) => {
    expect(await printed('version', 'target=prod')).toBe(`${version}\n`)
    expect(await answer()).toBe(`${version}\n`)
    expect((await vms()).filter(({ command }) => command.includes('beam'))).toHaveLength(1)
  }

  afterEach(async () => {
    for (const { pid } of await vms()) process.kill(pid, 'SIGKILL')
  })

  test('runs a version, the next one, the one before it again, and none', async () => {
    mine = await laptop()
    const env = {
      ...{ NODE: 'shop@127.0.0.1', PORT: String(port), ERL_EPMD_PORT: epmd, ERL_EPMD_ADDRESS: '127.0.0.1' },
      ...Object.fromEntries(Object.entries(more).map(([name, value]) => [name, value.replace('__HOME__', home(hosts, 0))])),
    }
    const health = { http: `http://127.0.0.1:${port}/`, settle: '1s' }
    await mine.configure({ prod: targetOn(hosts, kind, { env, health }) })
    for (const version of ['1.4.0', '1.5.0']) {
      const dir = join(mine.dir, version)
      await otpRelease(kind, version, dir)
      // The release says its version by itself, in a folder and in a tarball.
      const file = join(mine.dir, `${version}.tar.gz`)
      await promisify(execFile)('tar', ['-czf', file, '-C', dir, '.'])
      const words = version === '1.4.0' ? ['pack', `dir=${dir}`] : ['import', `file=${file}`]
      expect(await mine.call(...words)).toMatchObject({ code: 0, last: { release: { version } } })
    }
    const first = await mine.call('deploy', 'target=prod', 'release=1.4.0', '--yes')
    expect(first.code, first.stderr).toBe(0)
    await serves('1.4.0')
    expect(await printed('rpc', 'target=prod', '--', ...rpc.split(' '))).toMatch(/shop@127\.0\.0\.1/)
    const pid = await printed('pid', 'target=prod')
    expect((await vms()).map((vm) => `${vm.pid}\n`)).toContain(pid)

    const second = await mine.call(...DEPLOY)
    expect(second.code, second.stderr).toBe(0)
    await serves('1.5.0')
    // What runs is what `current` is, whatever file remembers another version.
    expect((await mine.call('status')).last['hosts']).toMatchObject([
      { current: { version: '1.5.0' }, app: { running: true }, healthy: true },
    ])
    expect(await mine.call(...DEPLOY)).toMatchObject({ code: 0, last: { changed: false } })

    expect(await mine.call('rollback', 'target=prod', '--yes')).toMatchObject({ code: 0 })
    await serves('1.4.0')
    expect(await mine.call('stop', 'target=prod')).toMatchObject({ code: 0 })
    expect(await vms()).toEqual([])
    expect(await answer()).toBe(null)
    const log = await readFile(home(hosts, 0, kind, 'shared/log/app.log'), 'utf8')
    expect(log).not.toContain('crash')
  }, 120_000)
})
