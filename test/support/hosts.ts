import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { chown, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import type { HostEntry } from '../../src/model/config.ts'
import type { Host } from '../../src/model/target.ts'

/** A real sshd with a user of its own. Without root there is one user, ourselves, for all of them. */
export interface TestHost {
  /** `h1`, `h2` … */
  readonly name: string
  readonly port: number
  readonly user: string
  readonly uid: number
  readonly home: string
  /** The host's public key, `ssh-ed25519 AAAA…`. */
  readonly hostKey: string
  /** An entry for `hosts` of a target in a releaser.config. */
  readonly configEntry: HostEntry & { readonly user: string; readonly port: number; readonly name: string }
  /** The same as the model's `Host`, at `path`. */
  host(path: string): Host
  /** Kills the sessions: every line to this host is lost at once, what runs there lives on. */
  cut(): Promise<void>
  /** Ends sshd, so that nobody gets in any more; `start` brings it back on the same port. */
  stopSshd(): Promise<void>
  startSshd(): Promise<void>
}

export interface TestHosts {
  readonly hosts: readonly [TestHost, ...TestHost[]]
  /** A known_hosts file that knows them all. */
  readonly knownHosts: string
  /** A private key that opens them all; `.pub` lies beside it. */
  readonly identity: string
  /** A folder for a test's own files, gone with the hosts. */
  readonly dir: string
  /** Ends the sshds and everything their users run, and removes users and homes. */
  stop(): Promise<void>
}

export interface HostsOptions {
  readonly shell?: string
  readonly keyType?: 'ed25519' | 'rsa' | 'ecdsa'
  /** Further lines of sshd_config; the first to say a thing wins, and these come first. */
  readonly sshdConfig?: readonly string[]
}

/** Starts hosts on 127.0.0.1. Unprivileged users where we are root; else sshd runs as ourselves, and only we can log in. */
export async function startHosts(count: number, options: HostsOptions = {}): Promise<TestHosts> {
  await sweep()
  const id = `rlsr-${process.pid}-${randomBytes(3).toString('hex')}`
  const dir = join(BASE, id)
  await mkdir(dir, { recursive: true, mode: 0o755 })
  const identity = join(dir, 'client')
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'releaser test', '-f', identity])
  const authorized = await readFile(`${identity}.pub`, 'utf8')
  const numbers = Array.from({ length: count }, (_, index) => index + 1)
  const hosts = await Promise.all(numbers.map((number) => startHost({ number, id, dir, authorized, options })))
  const [first, ...others] = hosts
  if (!first) throw new RangeError('at least one host')
  const knownHosts = join(dir, 'known_hosts')
  await writeFile(knownHosts, hosts.map((host) => `[127.0.0.1]:${host.port} ${host.hostKey}\n`).join(''))
  return {
    hosts: [first, ...others],
    knownHosts,
    identity,
    dir,
    stop: async () => {
      await Promise.all(hosts.map((host) => host.stop()))
      await rm(dir, { recursive: true, force: true })
    },
  }
}

/** The processes of a user, zombies left out: their ids and command lines. */
export async function userProcesses(uid: number): Promise<readonly { readonly pid: number; readonly command: string }[]> {
  return (await allProcesses()).filter((process) => process.uid === uid)
}

const run = promisify(execFile)
const ROOT = process.getuid?.() === 0
/** Not below /tmp, which everybody may write: sshd's StrictModes refuses every key there. */
const BASE = ROOT ? '/var/lib/releaser-test' : join(tmpdir(), `releaser-test-${userInfo().uid}`)
const SSHD = '/usr/sbin/sshd'

interface Plan {
  readonly number: number
  readonly id: string
  readonly dir: string
  readonly authorized: string
  readonly options: HostsOptions
}

async function startHost({ number, id, dir, authorized, options }: Plan): Promise<TestHost & { stop(): Promise<void> }> {
  const name = `h${number}`
  const own = join(dir, name)
  await mkdir(own, { mode: 0o755 })
  const account = ROOT
    ? await addUser(`${id}-${number}`, join(own, 'home'), options.shell ?? '/bin/sh')
    : { ...userInfo(), home: userInfo().homedir }
  const keys = ROOT ? join(account.home, '.ssh', 'authorized_keys') : join(own, 'authorized_keys')
  if (ROOT) await mkdir(join(account.home, '.ssh'), { mode: 0o700 })
  await writeFile(keys, authorized, { mode: 0o600 })
  if (ROOT) await Promise.all([keys, join(account.home, '.ssh')].map((path) => chown(path, account.uid, account.gid)))
  const hostKeyFile = join(own, 'host_key')
  await run('ssh-keygen', [
    '-q',
    '-t',
    options.keyType ?? 'ed25519',
    ...(options.keyType === 'rsa' ? ['-b', '2048'] : []),
    '-N',
    '',
    '-f',
    hostKeyFile,
  ])
  const hostKey = (await readFile(`${hostKeyFile}.pub`, 'utf8')).split(' ').slice(0, 2).join(' ').trim()
  const config = join(own, 'sshd_config')
  const lines = [
    ...(options.sshdConfig ?? []),
    `HostKey ${hostKeyFile}`,
    `AuthorizedKeysFile ${keys}`,
    `PidFile ${join(own, 'sshd.pid')}`,
    `StrictModes ${ROOT ? 'yes' : 'no'}`,
    'UsePAM no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PrintMotd no',
    'UseDNS no',
  ]
  await writeFile(config, `${lines.join('\n')}\n`)
  let { sshd, port } = await startSshd(config)
  const sessions = async (): Promise<readonly number[]> => descendants(await allProcesses(), sshd.pid ?? -1)
  const stopSshd = async (): Promise<void> => {
    if (sshd.exitCode !== null || sshd.signalCode !== null) return
    sshd.kill('SIGKILL')
    await once(sshd, 'exit')
  }
  const entry = { host: '127.0.0.1', user: account.username, port, name }
  return {
    name,
    port,
    user: account.username,
    uid: account.uid,
    home: account.home,
    hostKey,
    configEntry: entry,
    host: (path) => ({ ...entry, path, env: {}, tags: [], identity: undefined }),
    cut: async () => {
      // The listener's descendants are sessions (sshd) and what they run: only sshd itself is ended.
      const all = await allProcesses()
      const below = new Set(await sessions())
      const isSession = (command: string) => /^sshd(-session)?: /.test(command)
      for (const { pid, command } of all) if (below.has(pid) && isSession(command) && isSession(commandNow(pid))) kill(pid)
    },
    stopSshd,
    startSshd: async () => {
      ;({ sshd, port } = await startSshd(config, port))
    },
    stop: async () => {
      const below = await sessions()
      await stopSshd()
      below.forEach(kill)
      if (ROOT) await removeUser(account.username, account.uid)
    },
  }
}

/** Starts sshd and waits until it listens. Somebody may take a free port before sshd does: then another one. */
async function startSshd(config: string, wanted?: number): Promise<{ sshd: ChildProcess; port: number }> {
  if (ROOT) await mkdir('/run/sshd', { recursive: true, mode: 0o755 })
  for (let attempt = 1; ; attempt++) {
    const port = wanted ?? (await freePort())
    const sshd = spawn(SSHD, ['-D', '-e', '-f', config, '-o', 'ListenAddress=127.0.0.1', '-p', String(port)], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const said: string[] = []
    for await (const line of createInterface({ input: sshd.stderr })) {
      said.push(line)
      if (line.startsWith('Server listening on')) {
        sshd.stderr.resume()
        return { sshd, port }
      }
    }
    if (attempt === 5) throw new Error(`sshd does not start: ${said.join('; ')}`)
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

interface Account {
  readonly username: string
  readonly uid: number
  readonly gid: number
  readonly home: string
}

/** `-p '*'`: without a password, but not locked, which sshd would refuse. */
async function addUser(username: string, home: string, shell: string): Promise<Account> {
  await locked('useradd', ['-p', '*', '-m', '-k', '/var/empty', '-K', 'UMASK=022', '-d', home, '-s', shell, username])
  const { uid, gid } = await stat(home)
  return { username, uid, gid, home }
}

async function removeUser(username: string, uid: number): Promise<void> {
  for (;;) {
    const left = await userProcesses(uid)
    if (left.length === 0) break
    for (const { pid } of left) kill(pid)
  }
  await locked('userdel', [username])
}

/** One at a time on this machine: shadow's tools give up when another one holds their lock. */
async function locked(command: string, words: readonly string[]): Promise<void> {
  await run('flock', [join(BASE, 'users.lock'), command, ...words])
}

/** What runs that were killed left behind: their names hold the process that made them. */
async function sweep(): Promise<void> {
  await mkdir(BASE, { recursive: true, mode: 0o755 })
  for (const id of await readdir(BASE)) {
    const owner = Number(/^rlsr-(\d+)-/.exec(id)?.[1])
    if (!owner || isAlive(owner)) continue
    const left = (await allProcesses()).filter(({ command }) => command.includes(join(BASE, id)))
    for (const { pid } of left) kill(pid)
    const passwd = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'))
    for (const [user = '', , uid] of passwd)
      if (ROOT && user.startsWith(`${id}-`)) await removeUser(user, Number(uid)).catch(() => {})
    await rm(join(BASE, id), { recursive: true, force: true })
  }
}

interface Running {
  readonly pid: number
  readonly parent: number
  readonly uid: number
  readonly command: string
}

async function allProcesses(): Promise<readonly Running[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const found = await Promise.all(
    pids.map(async (pid): Promise<readonly Running[]> => {
      try {
        const [status, command] = await Promise.all([
          readFile(`/proc/${pid}/status`, 'utf8'),
          readFile(`/proc/${pid}/cmdline`, 'utf8'),
        ])
        const field = (name: string): string => new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(status)?.[1] ?? ''
        if (field('State') === 'Z') return []
        return [
          {
            pid: Number(pid),
            parent: Number(field('PPid')),
            uid: Number(field('Uid')),
            command: command.replaceAll('\0', ' ').trim(),
          },
        ]
      } catch {
        return [] // gone meanwhile
      }
    }),
  )
  return found.flat()
}

/** Read at once: on a busy machine a number is soon somebody else's. */
function commandNow(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
  } catch {
    return ''
  }
}

function descendants(all: readonly Running[], root: number): readonly number[] {
  const children = all.filter(({ parent }) => parent === root).map(({ pid }) => pid)
  return children.flatMap((pid) => [pid, ...descendants(all, pid)])
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended by itself.
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
