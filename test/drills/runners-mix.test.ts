import { execFile } from 'node:child_process'
import { hash } from 'node:crypto'
import { cp, mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { packTree } from '../../src/local/pack.ts'
import { layoutOf } from '../../src/model/layout.ts'
import { mixService } from '../../src/tasks/runners/mix.ts'
import { type Epmd, freePort, mixRelease, startEpmd } from '../support/elixir.ts'
import { isRunning } from '../support/is-running.ts'
import { type ServiceHost, serviceHost } from '../support/service-host.ts'
import { pathOf, SHELLS } from '../support/shells.ts'
import { openTerminal } from '../support/terminal.ts'
import { listTree } from '../support/tree.ts'
import { until } from '../support/until.ts'

const GREETING = 'grüße, $HOME `id` \\ "quoted" \'too\' %s\nsecond line\t'
const service = mixService('shop')
let epmd: Epmd
let env: Readonly<Record<string, string>>
let host: ServiceHost
let url: string

beforeAll(async () => {
  epmd = await startEpmd()
  const port = await freePort()
  url = `http://127.0.0.1:${port}`
  env = { ...epmd.env, RELEASE_DISTRIBUTION: 'name', RELEASE_NODE: 'shop@127.0.0.1', PORT: String(port), GREETING }
  host = await serviceHost(env)
  await cp(await mixRelease('1.4.0'), host.dir('old'), { recursive: true })
  await cp(await mixRelease('1.5.0'), host.dir('new'), { recursive: true })
})
afterEach(() => host.end())
afterAll(async () => {
  await host?.remove()
  await epmd?.end()
})

/** What the app answers over HTTP; null where nobody listens. */
const fetched = (path: string) =>
  fetch(url + path)
    .then((answer) => answer.text())
    .catch(() => null)
const serves = (version: string) => until(async () => (await fetched('/')) === `${version}\n`)
const gone = (pid: number) => until(async () => !(await isRunning(pid)))
const said = (stdout: string) => ({ code: 0, stdout, stderr: '' })

describe('a release of mix', () => {
  it('is known by its files', async () => {
    const store = await mkdtemp(join(tmpdir(), 'releaser-store-'))
    const { manifest } = await packTree({ dir: host.dir('old'), storeDir: store, app: 'shop' })
    await rm(store, { recursive: true })
    expect(layoutOf(manifest, (text) => hash('sha256', text))).toEqual({ kind: 'mix', name: 'shop', version: '1.4.0' })
  })

  it('runs, answers, says who and what it is, and stops; and leaves its folder as it was', async () => {
    const before = await listTree(host.dir('old'))
    expect(await host.say('old', service.ping)).toMatchObject({ code: 1, stdout: '' })
    const pid = await host.start('old', service.start)
    await serves('1.4.0')

    // The script has become the VM, so that what was started is what has to be watched.
    expect(await host.say('old', service.pid)).toEqual(said(`${pid}\n`))
    expect(await readlink(`/proc/${pid}/exe`)).toMatch(join(host.dir('old'), 'erts-'))
    expect(await readlink(`/proc/${pid}/cwd`)).toBe(host.dir('old'))
    expect(await host.say('old', service.ping)).toEqual(said('pong\n'))
    expect(await host.say('old', service.version)).toEqual(said('1.4.0\n'))

    expect(await fetched('/env/GREETING')).toBe(GREETING)
    expect(await host.say('old', service.rpc, 'IO.write(System.get_env("GREETING"))')).toEqual(said(GREETING))
    expect(await host.say('old', service.rpc, 'raise "no"')).toMatchObject({ code: 1, stderr: expect.stringContaining('no') })
    expect(await host.say('old', service.rpc, 'exit({:shutdown, 3})')).toMatchObject({ code: 3 })

    // It returns before the app is gone.
    expect(await host.say('old', service.stop)).toEqual(said(''))
    await gone(pid)
    expect(await host.say('old', service.pid)).toMatchObject({ code: 1, stdout: '' })
    expect(await listTree(host.dir('old'))).toEqual(before)
  })

  it('migrates in a VM of its own, without a running node', async () => {
    const file = join(host.root, 'migrated')
    const migrate = `MIGRATED=${JSON.stringify(file)}; export MIGRATED\n${service.eval}`
    expect(await host.say('new', migrate, 'Shop.Release.migrate()')).toEqual(said(''))
    expect(await readFile(file, 'utf8')).toBe('1.5.0\n')
    expect(await host.say('new', service.eval, 'System.halt(7)')).toMatchObject({ code: 7 })
  })

  it('goes over to the next version: only the old script can stop the old node', async () => {
    const before = await listTree(host.dir('new'))
    const old = await host.start('old', service.start)
    await serves('1.4.0')
    expect(await host.say('new', service.stop)).toMatchObject({ code: 1, stderr: expect.stringMatching(/nodedown|noconnection/) })
    expect(await isRunning(old)).toBe(true)
    expect(await host.say('old', service.stop)).toEqual(said(''))
    await gone(old)

    const pid = await host.start('new', service.start)
    await serves('1.5.0')
    expect(await host.say('new', service.version)).toEqual(said('1.5.0\n'))
    process.kill(pid, 'SIGTERM')
    await gone(pid)
    expect(await listTree(host.dir('new'))).toEqual(before)
  })

  it('has a console on a terminal', async () => {
    const pid = await host.start('old', service.start)
    await serves('1.4.0')
    // The VM leaves its terminal without blocking, which a program that reads there next would stumble over.
    const script = `trap : INT; (trap - INT; ${service.console}); echo "left with $?"; exec sleep 600`
    const variables = Object.entries({ ...env, RELEASER_PATH: host.root, GREETING: '' }).map(([key, value]) => `${key}=${value}`)
    const terminal = await openTerminal(['env', '-C', host.dir('old'), ...variables, 'sh', '-c', script])
    onTestFinished(() => terminal.close())
    await terminal.shows(/iex\(shop@127\.0\.0\.1\)1>/)
    await terminal.type('{:says, 6 * 7, "ü"}', 'Enter')
    await terminal.shows(/^\{:says, 42, "ü"\}/m)
    await terminal.type('C-c')
    await terminal.shows(/BREAK/)
    await terminal.type('a', 'Enter')
    await terminal.shows(/left with 0/)
    expect(await isRunning(pid)).toBe(true)
    expect(await host.say('old', service.stop)).toEqual(said(''))
    await gone(pid)
  })

  it('leaves the dump of a crash beside its log', async () => {
    const boot = await host.say('old', `PORT=none; export PORT\n${service.start}`)
    expect(boot).toMatchObject({ code: 1, stdout: expect.stringContaining('init terminating') })
    expect(await readdir(join(host.root, 'shared/log'))).toContain('erl_crash.dump')
    expect(await readdir(host.dir('old'))).not.toContain('erl_crash.dump')
  })

  it('keeps what it writes for itself, until the release is pruned', async () => {
    const places = () => readdir(join(host.root, 'shared/tmp'))
    expect(await places()).toEqual(['otp-new', 'otp-old'])
    await promisify(execFile)('cp', ['-R', host.dir('new'), host.dir('newer')])
    await rm(host.dir('old'), { recursive: true })
    const pid = await host.start('newer', service.start)
    await serves('1.5.0')
    expect(await places()).toEqual(['otp-new', 'otp-newer'])
    expect(await host.say('newer', service.stop)).toEqual(said(''))
    await gone(pid)
  })
})

it.each(SHELLS)('the scripts of a release of mix run in %s', async (shell) => {
  const bin = await mkdtemp(join(tmpdir(), 'releaser-shell-'))
  const other = await serviceHost(env, pathOf(shell, bin))
  onTestFinished(async () => {
    await other.remove()
    await rm(bin, { recursive: true })
  })
  await cp(await mixRelease('1.4.0'), other.dir('only'), { recursive: true })
  expect(await other.say('only', service.eval, 'IO.write(System.get_env("GREETING"))')).toEqual(said(GREETING))
  const boot = await other.say('only', `PORT=none; export PORT\n${service.start}`)
  expect(boot).toMatchObject({ code: 1, stdout: expect.stringContaining('init terminating') })
  expect(await readdir(join(other.root, 'shared/tmp'))).toEqual(['otp-only'])
})
