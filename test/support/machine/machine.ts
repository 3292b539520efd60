import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, open, readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { uptime } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { until } from '../until.ts'
import { endCgroup } from './cgroup.ts'
import { claimPlace, clearPlace, type Place, sweepPlaces } from './place.ts'
import { rootFs } from './root-fs.ts'

/** A Debian with systemd, sshd and cron, and with a disk, processes, an address, a clock and boots of its own. */
export interface Machine {
  readonly address: string
  readonly port: number
  /** Without privileges: uid 1500, home `/home/deploy`. */
  readonly user: 'deploy'
  /** A private key that opens `deploy` and `root`. */
  readonly identity: string
  /** A known_hosts file with the machine's key. */
  readonly knownHosts: string
  /** Its disk, seen from here, on or off. What it has in memory (`/run`, `/dev`) is not there. */
  readonly root: string
  /** Runs a script in the user's login shell, over a connection of its own. `code` is 255 where that fails or is lost. */
  ssh(user: 'deploy' | 'root', script: string): Promise<Said>
  /**
   * Cuts the power: nothing in there is warned, and nobody outside is told. What was written stays on the disk, synced or
   * not; disk.ts has disks that lose the rest.
   */
  cut(): Promise<void>
  /** Boots it after `cut`, or after it was powered off from inside: the same disk, address and keys. Then users can log in. */
  boot(): Promise<void>
  /** Ends it, and leaves nothing behind. */
  remove(): Promise<void>
}

interface Said {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/**
 * Makes a machine and boots it. It ends with this process, however that ends; what is left of it then, the next start removes.
 * Needs root, and a minute more where it is the first one ever, which makes the file system that all stand on.
 */
export async function startMachine(): Promise<Machine> {
  const lower = await rootFs()
  await sweepPlaces()
  const place = await claimPlace()
  const identity = join(place.dir, 'client')
  const knownHosts = join(place.dir, 'known_hosts')
  const ssh = ['-n', '-F', 'none', '-i', identity, '-o', `UserKnownHostsFile=${knownHosts}`, ...SSH_OPTIONS]
  let power: ChildProcess | undefined
  const isUp = (): boolean => power !== undefined && power.exitCode === null && power.signalCode === null
  const end = async (): Promise<void> => {
    const exit = power && isUp() ? once(power, 'exit') : undefined
    power?.kill('SIGKILL')
    await endCgroup(place.cgroup)
    await exit
  }
  const machine: Machine = {
    address: place.address,
    port: 22,
    user: 'deploy',
    identity,
    knownHosts,
    root: place.root,
    ssh: (user, script) => say('ssh', [...ssh, `${user}@${place.address}`, script]),
    cut: async () => {
      if (!isUp()) throw new Error('the machine is off already')
      // The cable first, or the kernel would end its connections in good order.
      await run('ip', ['link', 'set', place.port, 'down'])
      await end()
    },
    boot: async () => {
      if (isUp()) throw new Error('the machine is on already')
      await end()
      power = await powerOn(place)
      try {
        await until(async () => !isUp() || (await speaksSsh(place.address)), 60)
        if (!isUp()) throw new Error('its first process has ended')
      } catch (cause) {
        throw new Error(`the machine does not boot: ${await readFile(consoleOf(place), 'utf8')}`, { cause })
      }
    },
    remove: async () => {
      await end()
      await clearPlace(place)
    },
  }
  try {
    await makeDisk(place, lower)
    await giveKeys(place, identity, knownHosts)
    await machine.boot()
  } catch (error) {
    await machine.remove()
    throw error
  }
  return machine
}

const run = promisify(execFile)
const INIT = fileURLToPath(new URL('init.sh', import.meta.url))

// A connection whose machine has no power any more is given up after 15 s.
const SSH_OPTIONS = [
  'BatchMode=yes',
  'IdentitiesOnly=yes',
  'ConnectTimeout=10',
  'ServerAliveInterval=5',
  'LogLevel=ERROR',
].flatMap((option) => ['-o', option])

const consoleOf = ({ dir }: Place): string => join(dir, 'console.log')

async function makeDisk({ dir, root, name, address }: Place, lower: string): Promise<void> {
  const [upper, work] = [join(dir, 'upper'), join(dir, 'work')]
  for (const path of [root, upper, work]) await mkdir(path)
  await chmod(upper, 0o755) // whatever our umask is: this is its `/`
  await run('mount', ['-t', 'overlay', '-o', `lowerdir=${lower},upperdir=${upper},workdir=${work}`, 'releaser-test', root])
  await writeFile(join(root, 'etc/hostname'), `${name}\n`)
  await writeFile(join(root, 'etc/hosts'), `127.0.0.1 localhost\n${address} ${name}\n`)
}

async function giveKeys({ root, address }: Place, identity: string, knownHosts: string): Promise<void> {
  const hostKey = join(root, 'etc/ssh/ssh_host_ed25519_key')
  for (const key of [identity, hostKey])
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'releaser test', '-f', key])
  await writeFile(knownHosts, `${address} ${await readFile(`${hostKey}.pub`, 'utf8')}`)
  const authorized = await readFile(`${identity}.pub`)
  for (const home of ['root', 'home/deploy']) await writeFile(join(root, home, '.ssh/authorized_keys'), authorized)
}

/** The process that the machine lives and dies with; it dies with us. */
async function powerOn(place: Place): Promise<ChildProcess> {
  const { name, dir, bridge, port, address, mac, cgroup } = place
  await run('ip', ['link', 'delete', port]).catch(() => {}) // of the boot before: the kernel takes its time
  const log = await open(consoleOf(place), 'w')
  const words = [process.pid, bridge, port, `${address}/30`, mac, cgroup, Math.floor(uptime()), name, dir].map(String)
  const power = spawn('sh', [INIT, 'power', ...words], {
    stdio: ['ignore', log.fd, log.fd],
    detached: true, // Ctrl-C is for us, and not for its systemd
  })
  power.unref()
  await log.close()
  return power
}

/** Whether a server answers there; one that takes a connection and says nothing is not there yet. */
function speaksSsh(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port: 22, timeout: 200 })
    const answer = (speaks: boolean): void => {
      socket.destroy()
      resolve(speaks)
    }
    socket.once('data', (banner) => answer(banner.toString('latin1').startsWith('SSH-2.0-')))
    for (const event of ['error', 'timeout', 'close']) socket.once(event, () => answer(false))
  })
}

function say(command: string, words: readonly string[]): Promise<Said> {
  return new Promise((resolve) => {
    execFile(command, words, { maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 255
      resolve({ code, stdout, stderr })
    })
  })
}
