import { hash } from 'node:crypto'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { packTree } from '../../src/local/pack.ts'
import { layoutOf } from '../../src/model/layout.ts'
import type { Service } from '../../src/model/service.ts'
import { distilleryService } from '../../src/tasks/runners/distillery.ts'
import { relxService } from '../../src/tasks/runners/relx.ts'
import { type Epmd, freePort, startEpmd } from '../support/elixir.ts'
import { isRunning } from '../support/is-running.ts'
import { otpRelease } from '../support/otp.ts'
import { type ServiceHost, serviceHost } from '../support/service-host.ts'
import { listTree } from '../support/tree.ts'
import { until } from '../support/until.ts'

const said = (stdout: string) => ({ code: 0, stdout, stderr: '' })

/** What is different: how each says that nothing runs, and how a person asks for `6 * 7`, with and without a running node. */
const KINDS = [
  {
    kind: 'distillery',
    service: distilleryService('shop'),
    down: "Received 'pang' from shop@127.0.0.1!\n",
    rpc: '6 * 7',
    eval: 'to_string(node())',
    evaluated: said('"nonode@nohost"\n'),
    evaluatedDown: said('"nonode@nohost"\n'),
    failing: ['raise "no"'],
  },
  {
    kind: 'relx',
    service: relxService('shop'),
    down: 'Node is not running!\n',
    rpc: 'erlang max [42,7]',
    eval: 'atom_to_list(node()).',
    evaluated: said('"shop@127.0.0.1"\n'),
    evaluatedDown: { code: 1, stdout: 'Node is not running!\n', stderr: '' },
    failing: ['erlang error [no]', 'foo bar []'],
  },
] as const

let epmd: Epmd
let env: Readonly<Record<string, string>>
let url: string

beforeAll(async () => {
  epmd = await startEpmd()
  const port = await freePort()
  url = `http://127.0.0.1:${port}`
  env = { ...epmd.env, NODE: 'shop@127.0.0.1', PORT: String(port), REPLACE_OS_VARS: 'true', GREETING: 'grüße' }
})
afterAll(() => epmd?.end())

const fetched = (path: string) =>
  fetch(url + path)
    .then((answer) => answer.text())
    .catch(() => null)
const serves = (version: string) => until(async () => (await fetched('/')) === `${version}\n`)

describe.each(KINDS)('a release of $kind', ({ kind, service, ...differs }) => {
  let host: ServiceHost

  beforeAll(async () => {
    host = await serviceHost(env)
    await otpRelease(kind, '1.4.0', host.dir('old'))
    await otpRelease(kind, '1.5.0', host.dir('new'))
  })
  afterEach(() => host.end())
  afterAll(() => host?.remove())

  it('is known by its files', async () => {
    const store = await mkdtemp(join(tmpdir(), 'releaser-store-'))
    const { manifest } = await packTree({ dir: host.dir('old'), storeDir: store, app: 'shop' })
    await rm(store, { recursive: true })
    expect(layoutOf(manifest, (text) => hash('sha256', text))).toEqual({ kind, name: 'shop', version: '1.4.0' })
  })

  it('runs, answers, says who and what it is, and stops; and leaves its folder as it was', async () => {
    const before = await listTree(host.dir('old'))
    expect(await host.say('old', service.ping)).toEqual({ code: 1, stdout: differs.down, stderr: '' })
    expect(await host.say('old', service.stop)).toMatchObject({ code: 1 })
    expect(await host.say('old', service.eval, differs.eval)).toEqual(differs.evaluatedDown)
    expect(await host.say('old', service.version)).toMatchObject({ code: 1, stdout: expect.stringContaining('not running') })
    const pid = await host.start('old', service.start)
    await serves('1.4.0')

    expect(await host.say('old', service.pid)).toEqual(said(`${pid}\n`))
    expect(await host.say('old', service.ping)).toEqual(said('pong\n'))
    expect(await host.say('old', service.version)).toEqual(said('1.4.0\n'))
    expect(await host.say('old', service.rpc, differs.rpc)).toEqual(said('42\n'))
    expect(await host.say('old', service.eval, differs.eval)).toEqual(differs.evaluated)
    for (const failing of differs.failing) expect(await host.say('old', service.rpc, failing)).toMatchObject({ code: 1 })
    expect(await host.say('old', service.eval, '1 = 2.')).toMatchObject({ code: 1 })
    expect(await fetched('/env/GREETING')).toBe('grüße')

    // Unlike that of mix it returns when the app is gone.
    expect(await host.say('old', service.stop)).toMatchObject({ code: 0 })
    expect(await isRunning(pid)).toBe(false)
    expect(await host.say('old', service.pid)).toMatchObject({ code: 1 })
    expect(await listTree(host.dir('old'))).toEqual(before)
  })

  it('goes over to the next version: only the old script can stop the old node', async () => {
    const old = await host.start('old', service.start)
    await serves('1.4.0')
    expect(await host.say('new', service.stop)).toMatchObject({ code: 1 })
    expect(await isRunning(old)).toBe(true)
    expect(await host.say('old', service.stop)).toMatchObject({ code: 0 })
    await host.start('new', service.start)
    await serves('1.5.0')
    expect(await host.say('new', service.version)).toEqual(said('1.5.0\n'))
    expect(await host.say('new', service.stop)).toMatchObject({ code: 0 })
  })
})

describe('the version that boots', () => {
  let host: ServiceHost

  beforeAll(async () => {
    host = await serviceHost(env)
  })
  afterEach(() => host.end())
  afterAll(() => host?.remove())

  async function boots(service: Service, version: string) {
    await host.start('new', service.start)
    await serves(version)
    expect(await host.say('new', service.version)).toEqual(said(`${version}\n`))
    expect(await host.say('new', service.stop)).toMatchObject({ code: 0 })
    await rm(host.dir('new'), { recursive: true })
  }

  it('is not the one that a shared mutable folder of Distillery remembers', async () => {
    const shared = join(host.root, 'shared/var')
    await mkdir(shared)
    await writeFile(join(shared, 'start_erl.data'), '13.1.5 1.4.0')
    await otpRelease('distillery', '1.5.0', host.dir('new'))
    const service = distilleryService('shop')
    const prefix = 'RELEASE_MUTABLE_DIR=$RELEASER_PATH/shared/var; export RELEASE_MUTABLE_DIR\n'
    const within = (script: string | null) => prefix + script
    const { start, version, stop } = service
    await boots({ ...service, start: within(start), version: within(version), stop: within(stop) }, '1.5.0')
    expect(await readFile(join(shared, 'start_erl.data'), 'utf8')).toMatch(/ 1\.5\.0$/)
  })

  it('is not the one in the start script of relx, where that is from an older build', async () => {
    await otpRelease('relx', '1.5.0', host.dir('new'))
    await otpRelease('relx', '1.4.0', join(host.root, 'older'))
    await cp(join(host.root, 'older/releases/1.4.0'), join(host.dir('new'), 'releases/1.4.0'), { recursive: true })
    await cp(join(host.root, 'older/lib'), join(host.dir('new'), 'lib'), { recursive: true })
    await cp(join(host.root, 'older/bin/shop'), join(host.dir('new'), 'bin/shop'))
    await boots(relxService('shop'), '1.5.0')
  })
})
