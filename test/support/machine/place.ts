import { execFile } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { mkdir, readdir, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cgroupRoot, endCgroup } from './cgroup.ts'
import { BASE } from './root-fs.ts'

const run = promisify(execFile)
const PLACES = join(BASE, 'machines')

/** What a machine has of this one. All of it follows from the id, so that it can be found again. */
export interface Place {
  /** `OWNER-NUMBER`: the process that it belongs to, and four hexadecimal digits. */
  readonly id: string
  /** Its host name. */
  readonly name: string
  readonly dir: string
  /** A mount: the machine's disk. */
  readonly root: string
  readonly cgroup: string
  /** The network device that has the gateway's address; the machine's cable goes into its `port`. */
  readonly bridge: string
  readonly port: string
  readonly gateway: string
  readonly address: string
  readonly mac: string
}

/** A place that nobody else has, of this process. */
export async function claimPlace(): Promise<Place> {
  for (;;) {
    const place = await placeOf(`${process.pid}-${randomInt(0x8000).toString(16).padStart(4, '0')}`)
    await mkdir(place.dir, { recursive: true, mode: 0o755 })
    try {
      // Two cannot make a device of the same name: so number and addresses are ours.
      await run('ip', ['link', 'add', place.bridge, 'type', 'bridge'])
    } catch (error) {
      await rmdir(place.dir)
      if (/File exists/.test(String(error))) continue
      throw error
    }
    await run('ip', ['address', 'add', `${place.gateway}/30`, 'dev', place.bridge])
    await run('ip', ['link', 'set', place.bridge, 'up'])
    // Asked for by ARP, a machine that is off would be missed for a second after it is on.
    await run('ip', ['neighbour', 'add', place.address, 'lladdr', place.mac, 'dev', place.bridge, 'nud', 'permanent'])
    return place
  }
}

/** Ends what runs there and leaves nothing behind, however much of it there is. */
export async function clearPlace({ dir, root, cgroup, bridge, port }: Place): Promise<void> {
  await endCgroup(cgroup)
  await run('umount', [root]).catch(() => run('umount', ['--lazy', root]).catch(() => {}))
  for (const device of [port, bridge]) await run('ip', ['link', 'delete', device]).catch(() => {})
  await rm(dir, { recursive: true, force: true })
}

/** Clears the places of processes that were killed before they could. */
export async function sweepPlaces(): Promise<void> {
  const ids = await readdir(PLACES).catch(() => [])
  const dead = ids.filter((id) => !isAlive(Number(id.split('-')[0])))
  // Another process may be sweeping too: what one of us does not get to, the other does, or the next start.
  await Promise.all(dead.map(async (id) => clearPlace(await placeOf(id)).catch(() => {})))
}

/** The numbers count the networks of four addresses in 198.18.0.0/15, which is set aside for tests between devices. */
async function placeOf(id: string): Promise<Place> {
  const dir = join(PLACES, id)
  const number = id.split('-')[1] ?? ''
  const network = Number.parseInt(number, 16) * 4
  const addressOf = (host: number): string => `198.${18 + (network >> 16)}.${(network >> 8) & 255}.${(network & 255) + host}`
  return {
    id,
    name: `machine-${number}`,
    dir,
    root: join(dir, 'root'),
    cgroup: join(await cgroupRoot(), `releaser-test-${id}`),
    bridge: `rlsr-${number}`,
    port: `rlsr-${number}p`,
    gateway: addressOf(1),
    address: addressOf(2),
    mac: `02:72:6c:73:${number.slice(0, 2)}:${number.slice(2)}`,
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
