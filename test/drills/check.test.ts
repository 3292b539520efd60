import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import type { Target } from '../../src/model/config.ts'
import { type Disk, memoryDisk } from '../support/disk.ts'
import { built, DEPLOY } from '../support/fleet.ts'
import { startHosts, type TestHost, type TestHosts } from '../support/hosts.ts'
import { type Answer, type Json, type Laptop, targetOn } from '../support/laptop.ts'

/** Set-ups that are broken on purpose: `check` finds each, says what it is, and what helps. bash reads its .bashrc when sshd starts it. */
let hosts: TestHosts
let host: TestHost
let bastion: TestHost
const disks: Disk[] = []
beforeAll(async () => {
  hosts = await startHosts(2, { shell: '/bin/bash' })
  host = hosts.hosts[0]
  bastion = hosts.hosts[1] ?? host
})
afterAll(async () => {
  await Promise.all(disks.map((disk) => disk.remove()))
  await hosts?.stop()
})
afterEach(() => rmSync(join(host.home, '.bashrc'), { force: true }))

const found = (answer: Answer): readonly Json[] => (answer.last['findings'] as readonly Json[]) ?? []
const bashrc = (text: string): void => writeFileSync(join(host.home, '.bashrc'), text)
const target = (more: Partial<Target> = {}, path = 'app'): Target => targetOn(hosts, path, more, ['h1'])

/** A file of this test's, and where it lies. */
function file(name: string, text: string, mode = 0o644): string {
  writeFileSync(join(hosts.dir, name), text)
  chmodSync(join(hosts.dir, name), mode)
  return join(hosts.dir, name)
}

function keyAt(name: string): string {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(hosts.dir, name)])
  return join(hosts.dir, name)
}

async function disk(options: string): Promise<Disk> {
  const made = await memoryDisk(options)
  disks.push(made)
  mkdirSync(join(made.dir, 'app'))
  chownSync(join(made.dir, 'app'), host.uid, host.uid)
  return made
}

/** A folder of programs in front of all others, or instead of them. */
function programs(name: string, make: string): string {
  const dir = join(hosts.dir, name)
  mkdirSync(dir)
  execFileSync('sh', ['-c', make, 'sh', dir])
  return dir
}

/** One broken set-up: what is arranged, the target that meets it, how `check` ends, and what it says. */
interface Broken {
  readonly what: string
  readonly target: () => Target | Promise<Target>
  readonly exit: number
  readonly finding: Json
}

const says = (level: string, check: string, message: string | RegExp, remedy: string | RegExp): Json => ({
  level,
  check,
  message: typeof message === 'string' ? expect.stringContaining(message) : expect.stringMatching(message),
  remedy: typeof remedy === 'string' ? expect.stringContaining(remedy) : expect.stringMatching(remedy),
})

const BROKEN: readonly Broken[] = [
  {
    what: 'a host key that nobody knows',
    target: () => target({ knownHosts: '/dev/null' }),
    exit: 3,
    finding: says('error', 'host-key', 'is not known: ssh-ed25519 SHA256:', 'then: releaser trust target=prod host=h1'),
  },
  {
    what: 'a host key that has changed',
    target: () => {
      const other = readFileSync(`${keyAt('other-host')}.pub`, 'utf8')
        .split(' ')
        .slice(0, 2)
        .join(' ')
      return target({ knownHosts: file('changed', `# first\n[127.0.0.1]:${host.port} ${other}\n`) })
    },
    exit: 3,
    finding: says(
      'error',
      'host-key',
      /has changed: it shows \S+ SHA256:\S+, but \S+changed:2 knows/,
      /ssh-keygen -R \S+ -f \S+changed/,
    ),
  },
  {
    what: 'no key that is let in',
    target: () => target({ identity: keyAt('stranger'), agent: false }),
    exit: 3,
    finding: says('error', 'auth', 'lets none of these keys in', 'ssh-copy-id'),
  },
  {
    what: 'nobody who listens',
    target: () => target({ hosts: [{ ...host.configEntry, port: 1 }] }),
    exit: 3,
    finding: says('error', 'connection', 'connection refused', 'does sshd run there, on port 1?'),
  },
  {
    what: 'a jump host that lets nobody through',
    target: () => {
      const keys = join(bastion.home, '.ssh/authorized_keys')
      writeFileSync(keys, `restrict ${readFileSync(keys, 'utf8')}`)
      return target({ jump: 'bastion' })
    },
    exit: 3,
    finding: says(
      'error',
      'connection',
      'a host on the way does not reach it: administratively prohibited',
      'AllowTcpForwarding',
    ),
  },
  {
    what: 'a login shell that ends before anything is run',
    target: () => {
      bashrc('echo "not today"; exit 3\n')
      return target()
    },
    exit: 3,
    finding: says('error', 'connection', /did not start our program, and ended with exit code 3: not today/, '.bashrc'),
  },
  {
    what: 'start-up files that print',
    target: () => {
      bashrc('echo "Welcome to $HOSTNAME"; echo again\n')
      return target()
    },
    exit: 0,
    finding: says(
      'warning',
      'noise',
      'print 2 lines where nobody reads: "Welcome to',
      'have ~/.bashrc print only where [ -t 1 ]',
    ),
  },
  {
    what: 'a path that is not writable',
    target: () => target({}, join(hosts.dir, 'shop')),
    exit: 6,
    finding: says('error', 'path', 'shop on h1 is not writable', 'mkdir -p'),
  },
  {
    what: 'tools that are missing',
    target: () => {
      const make =
        'find /usr/bin /bin/ -maxdepth 1 ! -type d ! -name tar ! -name sha256sum ! -name shasum ! -name openssl -exec ln -sft "$1" {} +'
      bashrc(`PATH=${programs('few', make)}\n`)
      return target()
    },
    exit: 6,
    finding: says('error', 'tools', 'h1 lacks sha256sum or shasum or openssl, tar', 'install it there'),
  },
  {
    what: 'a clock that is wrong',
    target: () => {
      const make = 'printf "#!/bin/sh\\nexec /usr/bin/date -d \'+1 hour\' \\"\\$@\\"\\n" >"$1/date"; chmod 755 "$1/date"'
      bashrc(`PATH=${programs('wrong', make)}:$PATH\n`)
      return target()
    },
    exit: 0,
    finding: says('warning', 'clock', /it is 3(59|6\d)\d s ahead of the one here/, 'timedatectl set-ntp true'),
  },
  {
    what: 'a disk that is full',
    target: async () => {
      const { dir } = await disk('size=2m')
      execFileSync('sh', ['-c', 'head -c 3000000 /dev/zero >"$1/ballast" || true', 'sh', dir], { stdio: 'ignore' })
      return target({}, join(dir, 'app'))
    },
    exit: 6,
    finding: says('error', 'disk', /only \S+( \S+)? are free on \/tmp/, 'make room there'),
  },
  {
    what: 'a disk without inodes',
    target: async () => target({}, join((await disk('nr_inodes=4')).dir, 'app')),
    exit: 6,
    finding: says('error', 'disk', /only \d inodes are free/, 'make room there'),
  },
  {
    what: 'a file system that starts no programs',
    target: async () => target({}, join((await disk('size=400m,noexec')).dir, 'app')),
    exit: 0,
    finding: says('warning', 'file-system', 'is mounted noexec: programs of a release cannot be started there', 'remount,exec'),
  },
  {
    what: 'a file system in memory',
    target: async () => target({}, join((await disk('size=400m')).dir, 'app')),
    exit: 0,
    finding: says('warning', 'file-system', 'in memory, and gone after a reboot', 'a path on a disk'),
  },
  {
    what: 'a file system that is read-only',
    target: async () => {
      const made = await disk('size=400m')
      await made.remount('ro')
      return target({}, join(made.dir, 'app'))
    },
    exit: 6,
    finding: says('error', 'file-system', 'is mounted read-only, so nothing can be written', 'mount -o remount,rw'),
  },
  {
    what: 'a line of sudo that asks for a password',
    target: () => target({ hooks: { 'post-activate': 'sudo -n systemctl restart nginx && echo done' } }),
    exit: 6,
    finding: says(
      'error',
      'sudo',
      'sudo -n systemctl restart nginx does not work: sudo asks for a password',
      /visudo -f .*NOPASSWD: .*systemctl restart nginx/,
    ),
  },
  {
    what: 'a current that is not ours',
    target: () => {
      mkdirSync(join(host.home, 'theirs/current'), { recursive: true })
      chownSync(join(host.home, 'theirs'), host.uid, host.uid)
      return target({}, 'theirs')
    },
    exit: 6,
    finding: says('error', 'path', 'current on h1 is a real file or directory, not a link of ours', 'move it away'),
  },
]

it('explains each set-up that is broken on purpose, with what helps', { timeout: 400_000 }, async () => {
  const mine: Laptop = await built(hosts, 'app', {}, ['h1'])
  const way = ['Host bastion', 'HostName 127.0.0.1', `Port ${bastion.port}`, `User ${bastion.user}`]
  const keys = [`IdentityFile ${hosts.identity}`, `UserKnownHostsFile ${hosts.knownHosts}\n`]
  Object.assign(mine.env, { RELEASER_SSH_CONFIG: file('ssh_config', [...way, ...keys].join('\n')) })
  for (const { what, target: arranged, exit, finding } of BROKEN) {
    await mine.configure({ prod: await arranged() })
    const answer = await mine.call('check', 'target=prod')
    expect.soft(found(answer), what).toContainEqual({ target: 'prod', host: 'h1', ...finding })
    expect.soft({ what, code: answer.code }).toEqual({ what, code: exit })
    // Nothing else is made of it, but that there is nothing yet that comes back at boot.
    const [also] = found(answer).filter(({ level, check }) => level === 'error' && check !== finding['check'])
    expect.soft(also === undefined || what.includes('read-only'), `${what}: ${JSON.stringify(also)}`).toBe(true)
    rmSync(join(host.home, '.bashrc'), { force: true })
  }

  // Whoever is at work there, or has frozen it.
  await mine.configure({ prod: target() })
  expect((await mine.call(...DEPLOY)).code).toBe(0)
  expect((await mine.call('lock', 'target=prod', 'message=moving house')).code).toBe(0)
  const frozen = says('warning', 'lock', /frozen by .*moving house/, 'releaser unlock target=prod')
  expect(found(await mine.call('check'))).toContainEqual({ target: 'prod', host: 'h1', ...frozen })
})

it('needs one connection and two execs for all that, and says how it got there', { timeout: 200_000 }, async () => {
  const mine: Laptop = await built(hosts, 'counted', {}, ['h1'])
  const app = {
    runner: { start: 'exec sleep 86400', pid: 'cat "$RELEASER_RELEASE_DIR/pid"', version: 'cat version.txt', ping: 'true' },
    health: { command: 'echo poorly; exit 4' },
    backup: { command: 'cat', schedule: 'daily' },
  } as const
  await mine.configure({ prod: target({ ...app, health: { command: 'true' } }, 'counted') })
  expect((await mine.call(...DEPLOY)).last).toMatchObject({ exit: 0 })
  await mine.configure({ prod: target(app, 'counted') })
  bashrc('echo "$SSH_CONNECTION" >>~/came\n')
  const answer = await mine.call('check')
  expect(answer.code).toBe(0)
  const came = readFileSync(join(host.home, 'came'), 'utf8').trim().split('\n')
  expect(came).toHaveLength(2)
  expect(new Set(came).size).toBe(1)
  expect(found(answer)).toEqual(
    expect.arrayContaining(
      [
        ['route', 'ok', `${host.user}@127.0.0.1:${host.port}, by the library`],
        ['connection', 'ok', `logged in as ${host.user} at 127.0.0.1:${host.port}`],
        ['key', 'ok', expect.stringMatching(/^ssh-ed25519 SHA256:\S+ from \S+\/client was let in$/)],
        ['host-key', 'ok', expect.stringMatching(/^ssh-ed25519 SHA256:\S+ known by \S+known_hosts:1$/)],
        ['shell', 'ok', expect.stringContaining('/bin/bash')],
        ['agent', 'ok', 'our program lies there, of this version'],
        ['tools', 'ok', expect.stringMatching(/tar \(GNU\), gzip \(GNU\), zstd \(zstd\), sha256sum \(GNU\)/)],
        ['file-system', 'ok', expect.stringContaining(`${host.home}/counted lies on `)],
        ['app', 'warning', 'the health command ended with exit code 4'],
        ['backup', 'warning', expect.stringContaining('backup has no timer')],
      ].map(([check, level, message]) => expect.objectContaining({ check, level, message })),
    ),
  )
})
