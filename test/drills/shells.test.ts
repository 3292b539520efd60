import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { HostEntry, Target } from '../../src/model/config.ts'
import { connector } from '../../src/remote/connect.ts'
import { startInTerminal } from '../../src/remote/in-terminal.ts'
import { type Dropbear, startDropbear } from '../support/dropbear.ts'
import { built, release } from '../support/fleet.ts'
import { startHosts, type TestHost, type TestHosts } from '../support/hosts.ts'
import { type Json, type Laptop, type Listed, trusting } from '../support/laptop.ts'

/** Login shells, and the file by which each prints before it runs a command; dash and busybox read none then. */
const SHELLS = [
  { shell: '/bin/dash', file: '.profile', noisy: false },
  { shell: '/bin/bash', file: '.bashrc', noisy: true },
  { shell: 'ash', file: '.profile', noisy: false },
  { shell: '/bin/zsh', file: '.zshenv', noisy: true },
  { shell: '/usr/bin/fish', file: '.config/fish/config.fish', noisy: true },
] as const

/** What people do all day, where the login shell is whatever it is and prints, and the server may be another one. */
let hosts: TestHosts
let mine: Laptop
let servers: readonly [Dropbear, Dropbear, Dropbear]
let versions: readonly [string, string]
beforeAll(async () => {
  hosts = await startHosts(SHELLS.length)
  // Called by its name, busybox is its shell.
  symlinkSync('/bin/busybox', join(hosts.dir, 'ash'))
  for (const [index, { shell, file }] of SHELLS.entries()) {
    const at = hostAt(index)
    const path = shell === 'ash' ? join(hosts.dir, 'ash') : shell
    execFileSync('flock', [join(dirname(hosts.dir), 'users.lock'), 'usermod', '-s', path, at.user])
    mkdirSync(dirname(join(at.home, file)), { recursive: true })
    writeFileSync(join(at.home, file), 'echo "Welcome, 100% of you"\necho "and mind the step" >&2\nprintf "no newline"\n')
    if (file.startsWith('.config')) execFileSync('chown', ['-R', String(at.uid), join(at.home, '.config')])
  }
  const start = (name: string, type: Parameters<typeof startDropbear>[2]) => startDropbear(hosts.dir, name, type)
  servers = await Promise.all([start('one', 'ed25519'), start('two', 'ecdsa'), start('three', 'rsa')])
  for (const { port, hostKey } of servers) appendFileSync(hosts.knownHosts, `[127.0.0.1]:${port} ${hostKey}\n`)
})
afterAll(async () => {
  await Promise.all((servers ?? []).map((server) => server.stop()))
  await hosts?.stop()
})

function hostAt(index: number): TestHost {
  const host = hosts.hosts[index]
  if (!host) throw new RangeError('no such host')
  return host
}

const results = (last: Json): readonly Json[] => last['hosts'] as readonly Json[]
const WORDS = ["it's", '', '$HOME', '"x"', 'a\nb', '!x', '~', '*', '%s\\n', 'ü', '-n', '; exit 9', 'a\\b', '`id`']

/** A first deploy, a second one, back again, and all that asks the hosts something. */
async function day(target: Listed): Promise<void> {
  const each = (one: Json): readonly Json[] => target.hosts.map(() => expect.objectContaining(one))
  const logs = 'mkdir -p "$RELEASER_PATH/shared/log" && echo "it began" >>"$RELEASER_PATH/shared/log/app.log"'
  await mine.configure({ prod: { ...target, hooks: { 'post-activate': logs } } })
  const call = async (...words: readonly string[]): Promise<Json> => {
    const { code, last, stderr } = await mine.call(...words)
    expect({ words, code, last, stderr: stderr.slice(-2000) }).toMatchObject({ code: 0 })
    return last
  }
  const [first, second] = versions
  expect(results(await call('deploy', 'target=prod', `release=${first}`, '--yes'))).toEqual(each({ ok: true, changed: true }))
  expect(results(await call('deploy', 'target=prod', `release=${second}`, '--yes'))).toEqual(each({ changed: true }))
  expect(results(await call('rollback', 'target=prod', '--yes'))).toEqual(each({ current: first }))
  const status = await call('status', 'target=prod')
  expect(results(status)).toEqual(each({ current: expect.objectContaining({ version: '1.0.0' }) }))
  const said = await call('exec', 'target=prod', '--', 'printf', '%s|', ...WORDS)
  expect(results(said)).toEqual(each({ exit: 0, stdout: WORDS.map((word) => `${word}|`).join('') }))
  expect((await mine.say('logs', 'target=prod', 'lines=5')).stdout.match(/it began/g)?.length).toBeGreaterThanOrEqual(
    target.hosts.length,
  )
  const check = await call('check', 'target=prod')
  const noisy = (check['findings'] as readonly Json[]).filter(({ check }) => check === 'noise').map(({ host }) => host)
  expect(noisy.sort()).toEqual(hosts.hosts.filter((_, index) => SHELLS[index]?.noisy).map(({ name }) => name))

  for (const [index, entry] of target.hosts.entries()) {
    if (typeof entry === 'string') continue
    const host = { ...hostAt(index).host(target.path), ...entry }
    const remote = await connector(host, { agent: false, ...target }, { configFile: mine.env['RELEASER_SSH_CONFIG'] })()
    const script = 'stty size; printf %s "$WORD"'
    const pty = { term: 'vt100', columns: 91, rows: 17 }
    const channel = await startInTerminal(remote, { root: target.path, script, env: { WORD: "it's 100%" }, pty })
    expect(await text(channel.stdout)).toBe("17 91\r\nit's 100%")
    await remote.close()
  }
}

/** Hosts by their number, each at the port of sshd or of another server. */
const on = (
  path: string,
  numbers: readonly number[],
  port: (index: number) => number,
  more: Partial<Omit<Target, 'hosts'>> = {},
): Listed => ({
  hosts: numbers.map((index): HostEntry => ({ ...hostAt(index).configEntry, port: port(index) })),
  path,
  ...trusting(hosts),
  ...more,
})

it('works in every login shell, over another server, and behind two others', { timeout: 400_000 }, async () => {
  mine = await built(hosts, 'app', {}, ['h1'])
  versions = [await release(mine, '1.0.0'), await release(mine, '2.0.0')]
  await day(on('library', [0, 1, 2, 3, 4], (index) => hostAt(index).port))

  // Dropbear lets in only who has a shell of /etc/shells.
  await day(on('dropbear', [0, 1, 3, 4], (index) => servers[index % 3]?.port ?? 0))

  const entry = (name: string, port: number, { user }: TestHost): string => `
    Host ${name}
      HostName 127.0.0.1
      Port ${port}
      User ${user}
      IdentityFile ${hosts.identity}
      UserKnownHostsFile ${hosts.knownHosts}`
  const config = `${entry('bastion', servers[0].port, hostAt(0))}${entry('second', hostAt(4).port, hostAt(4))}\n`
  await mine.write({ ssh_config: config })
  Object.assign(mine.env, { RELEASER_SSH_CONFIG: join(mine.dir, 'ssh_config') })
  const mixed = (index: number): number => (index % 2 ? servers[index % 3]?.port : undefined) ?? hostAt(index).port
  await day(on('system', [0, 1, 2, 3, 4], mixed, { jump: 'bastion,second' }))
  const findings = (await mine.call('check', 'host=h2')).last['findings'] as readonly Json[]
  const words = (wanted: string): readonly unknown[] =>
    findings.filter(({ check }) => check === wanted).map(({ message }) => message)
  const key = 'ED25519 SHA256:\\S+ from \\S+client'
  expect(words('route')).toEqual([expect.stringContaining("by the system's ssh: ProxyJump bastion,second")])
  expect(words('hop')).toEqual([
    expect.stringMatching(
      `^through ${hostAt(0).user}@127.0.0.1:${servers[0].port}; with ${key}; its key ssh-ed25519 \\S+ known by \\S+known_hosts:\\d+$`,
    ),
    expect.stringMatching(
      `^through ${hostAt(4).user}@127.0.0.1; with ${key}; its key ssh-ed25519 \\S+ known by \\S+known_hosts:\\d+$`,
    ),
  ])
  expect(words('key')).toEqual([expect.stringMatching(`^${key} was let in$`)])
  expect(words('host-key')).toEqual([expect.stringMatching(/^ecdsa-sha2-nistp256 \S+ known by \S+known_hosts:\d+$/)])
})
