import { execFile } from 'node:child_process'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { encodeSharedEnv } from '../../src/model/app-env.ts'
import { CLI } from '../support/cli.ts'
import { freePort } from '../support/elixir.ts'
import { DEPLOY, home } from '../support/fleet.ts'
import { HOSTILE, variablesOf } from '../support/hostile-env.ts'
import { startHosts, type TestHosts, userProcesses } from '../support/hosts.ts'
import { type Laptop, laptop } from '../support/laptop.ts'
import { openTerminal, type Terminal } from '../support/terminal.ts'

/** What somebody with nothing but Elixir does, from `mix new` on: each test goes on where the one before it ended. */
let hosts: TestHosts
let mine: Laptop
beforeAll(async () => {
  // Nodes of a host find each other there and nowhere else.
  const own = `SetEnv ERL_EPMD_PORT=${await freePort()} ERL_EPMD_ADDRESS=127.0.0.1 RELEASE_DISTRIBUTION=name RELEASE_NODE=shop@127.0.0.1`
  hosts = await startHosts(1, { sshdConfig: [own] })
  mine = await laptop({}, { keep: true })
  await promisify(execFile)('mix', ['new', '.', '--app', 'shop', '--sup'], {
    cwd: mine.dir,
    env: { ...process.env, HOME: mine.dir },
  })
})
afterAll(async () => {
  await hosts?.stop()
  if (mine) await rm(dirname(mine.dir), { recursive: true, force: true })
})

const config = () => join(mine.dir, 'releaser.config.ts')

/** Changes a file of the project; what is to be changed must be there. */
async function edit(name: string, ...changes: readonly (readonly [string, string])[]): Promise<void> {
  let text = await readFile(join(mine.dir, name), 'utf8')
  for (const [from, to] of changes) {
    expect(text).toContain(from)
    text = text.replace(from, () => to)
  }
  await writeFile(join(mine.dir, name), text)
}

async function open(...words: readonly string[]): Promise<Terminal> {
  const { HOME = '', RELEASER_SSH_CONFIG = '' } = mine.env
  const terminal = await openTerminal([process.execPath, CLI, ...words], {
    cwd: mine.dir,
    columns: 140,
    rows: 40,
    env: { HOME, RELEASER_SSH_CONFIG, SSH_AUTH_SOCK: '' },
  })
  onTestFinished(() => terminal.close())
  return terminal
}

async function well(...words: readonly string[]) {
  const answer = await mine.call(...words)
  expect(answer.code, answer.stderr).toBe(0)
  return answer
}

const printed = async (...words: readonly string[]) =>
  ((await well(...words)).last['hosts'] as readonly { stdout: string }[])[0]?.stdout
const status = async () => (await well('status')).last['hosts']

test('init asks what it has to know, and what it wrote is built and deployed as it is', async () => {
  const [host] = hosts.hosts
  const terminal = await open('init')
  await terminal.shows(/What kind of app is it\?[\s\S]*elixir/, 30)
  await terminal.type('Enter')
  await terminal.shows(/Its name\?/, 30)
  await terminal.type('C-u', 'shop', 'Enter')
  await terminal.shows(/Which host does it go to/, 30)
  await terminal.type('C-u', `${host.user}@127.0.0.1:${host.port}`, 'Enter')
  await terminal.shows(/Which directory there\?/, 30)
  await terminal.type('C-u', 'shop', 'Enter')
  expect(await terminal.shows(/^exit \d/m, 30)).toMatch(
    /wrote releaser\.config\.ts, \.dockerignore, Dockerfile, \.gitignore[\s\S]*exit 0$/,
  )
  await edit(
    'releaser.config.ts',
    ["// identity: '~/.ssh/id_ed25519'", `identity: '${hosts.identity}'`],
    ["// knownHosts: '~/.ssh/known_hosts'", `knownHosts: '${hosts.knownHosts}'`],
  )
  expect(await well('build')).toMatchObject({ last: { release: { app: 'shop', version: '0.1.0' } } })
  expect(await well(...DEPLOY)).toMatchObject({ last: { changed: true, hosts: [{ ok: true }] } })
  // On a slow machine a VM may take longer to answer than somebody waits for a table.
  const asDeployed = { current: { version: '0.1.0' }, app: { running: true, version: '0.1.0' }, healthy: null, appProblem: null }
  await expect.poll(status, { timeout: 60_000 }).toMatchObject([asDeployed])
}, 180_000)

test('the app is asked for its process and its version, in its own node and beside it', async () => {
  const pid = await printed('pid', 'target=prod')
  const [host] = hosts.hosts
  expect((await userProcesses(host.uid)).find((one) => one.pid === Number(pid))?.command).toContain('beam.smp')
  expect(await printed('ping', 'target=prod')).toBe('pong\n')
  expect(await printed('version', 'target=prod')).toBe('0.1.0\n')
  expect(await printed('rpc', 'target=prod', '--', 'IO.puts("#{node()} #{6 * 7} grüße")')).toBe('shop@127.0.0.1 42 grüße\n')
  expect(await printed('eval', 'target=prod', '--', 'IO.puts(node())')).toBe('nonode@nohost\n')
  const failed = await mine.call('rpc', 'target=prod', '--', 'raise "no"')
  expect(failed).toMatchObject({ code: 10, last: { hosts: [{ exit: 1, stderr: expect.stringContaining('(RuntimeError) no') }] } })
}, 180_000)

test('its console is one of the node, on a terminal, and leaves it running', async () => {
  const terminal = await open('console', 'target=prod')
  await terminal.shows(/iex\(shop@127\.0\.0\.1\)1>/, 30)
  await terminal.type('{:says, node(), 6 * 7, "ü"}', 'Enter')
  await terminal.shows(/^\{:says, :"shop@127\.0\.0\.1", 42, "ü"\}/m, 30)
  await terminal.type('C-c')
  await terminal.shows(/BREAK/, 30)
  await terminal.type('a', 'Enter')
  expect(await terminal.shows(/^exit \d/m, 30)).toMatch(/exit 0$/)
  expect(await printed('ping', 'target=prod')).toBe('pong\n')
}, 180_000)

test('every byte of the environment arrives in the node', async () => {
  // A file may have the line ends of Windows, so that those in a value become plain ones.
  const env = Object.fromEntries(Object.entries(HOSTILE).filter(([, value]) => !value.includes('\r\n')))
  await writeFile(join(mine.dir, 'prod.env'), encodeSharedEnv(env))
  await edit('releaser.config.ts', ["// envFile: 'prod.env'", "envFile: 'prod.env'"])
  const before = await printed('pid', 'target=prod')
  expect(await well(...DEPLOY)).toMatchObject({ last: { changed: true } })
  expect(await printed('pid', 'target=prod')).not.toBe(before)
  const all = 'for({name, value} <- System.get_env(), do: [name, "=", value, 0])'
  await well('rpc', 'target=prod', '--', `File.write!(Path.join(System.get_env("RELEASER_PATH"), "shared/printed"), ${all})`)
  expect(variablesOf(await readFile(home(hosts, 0, 'shop/shared/printed'), 'utf8'))).toEqual(env)
}, 180_000)

test('the next version: the node that runs says so; a rollback brings the old one back, and stop ends it', async () => {
  await edit('mix.exs', ['version: "0.1.0"', 'version: "0.2.0"'])
  await well('build')
  const deployed = await mine.say(...DEPLOY)
  expect(deployed).toMatchObject({ code: 0, stdout: expect.stringContaining('shop 0.2.0 is live on prod') })
  // Builds of one machine have one cookie.
  expect(deployed.stderr).not.toContain('cookie')
  expect(await printed('rpc', 'target=prod', '--', 'IO.puts(Application.spec(:shop, :vsn))')).toBe('0.2.0\n')
  await well('rollback', 'target=prod', '--yes')
  expect(await printed('rpc', 'target=prod', '--', 'IO.puts(Application.spec(:shop, :vsn))')).toBe('0.1.0\n')
  await well('stop', 'target=prod')
  const { uid } = hosts.hosts[0]
  expect((await userProcesses(uid)).filter(({ command }) => command.includes('beam.smp'))).toEqual([])
  expect(await status()).toMatchObject([
    { current: { version: '0.1.0' }, app: { running: false, pid: null, version: null }, appProblem: 'the app does not run' },
  ])
}, 180_000)

test('another cookie is told of once, and never shown; one of the environment is nobody’s business', async () => {
  const { stdout } = await mine.say('show', 'release=latest')
  expect(stdout).toContain('0.2.0')
  await rm(join(mine.dir, '_build/COOKIE'))
  await edit('mix.exs', ['version: "0.2.0"', 'version: "0.3.0"'])
  await well('build')
  const cookie = await readFile(join(mine.dir, 'dist-release/releases/COOKIE'), 'utf8')
  const dry = await mine.say(...DEPLOY, '--dry-run')
  expect(dry.stderr.match(/0\.3\.0 has another Erlang cookie than what serves on \S+:\d+: /g)).toHaveLength(1)
  expect(dry.stderr + dry.stdout).not.toContain(cookie)
  await edit('releaser.config.ts', [
    '      envFile:',
    `      secrets: { RELEASE_COOKIE: { command: 'echo ours' } },\n      envFile:`,
  ])
  const set = await mine.say(...DEPLOY)
  expect(set).toMatchObject({ code: 0, stderr: expect.not.stringContaining('cookie') })
  expect(await printed('version', 'target=prod')).toBe('0.3.0\n')
}, 180_000)

test('a node that cannot boot: the old one runs again, and its last words are shown', async () => {
  const application = 'lib/shop/application.ex'
  await edit(application, ['  def start(_type, _args) do', '  def start(_type, _args) do\n    raise "no such database"'])
  await edit('mix.exs', ['version: "0.3.0"', 'version: "0.4.0"'])
  await well('build')
  const { code, stderr } = await mine.say(...DEPLOY)
  expect(code).toBe(7)
  expect(stderr).toContain('no such database')
  // How the crash dump begins.
  expect(stderr).toContain('=erl_crash_dump:')
  expect(stderr).toMatch(/releaser: error: \S+: .*the app (has ended|ended within).*\(every host serves what it served before\)/)
  expect(await printed('version', 'target=prod')).toBe('0.3.0\n')
  expect(await readFile(home(hosts, 0, 'shop/shared/log/app.log'), 'utf8')).toContain('no such database')
  expect(await readFile(config(), 'utf8')).toContain("type: 'command'")
}, 180_000)
