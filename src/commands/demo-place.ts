import { existsSync, rmSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { ReleaserError } from '../model/errors.ts'
import { type Embedded, generateKeyPair, startEmbedded } from '../remote/embedded.ts'

/** A temporary folder with a project and hosts in it, and for each host a server on loopback that lets the project's owner into it. */
export interface DemoPlace {
  readonly root: string
  readonly project: string
  readonly hosts: readonly [DemoHost, ...DemoHost[]]
  /** Writes files of the project. */
  write(files: Readonly<Record<string, string | Buffer>>): Promise<void>
  /** Ends the servers, and waits until the hosts are at rest. Removes the folder; of one that is kept only the key and what was cached. */
  close(): Promise<void>
}

export interface DemoHost {
  /** Where one lands there, absolute. While a file `off` lies in it, the host takes no calls. */
  readonly home: string
  readonly port: number
}

export interface PlaceOptions {
  readonly keep: boolean
  /** The hosts' homes, below the folder. */
  readonly homes: readonly [string, ...string[]]
}

/** How long a host that was interrupted may take to settle before what runs there is ended. */
const SETTLE_MS = 5_000
const LOOK_EVERY_MS = 50

/** Makes it. Should the process end without `close`, everything that runs there is ended, and all goes that would have gone. */
export async function makePlace({ keep, homes }: PlaceOptions): Promise<DemoPlace> {
  const root = await mkdtemp(join(tmpdir(), 'releaser-demo-'))
    .then((made) => realpath(made))
    .catch((cause: unknown) => {
      throw new ReleaserError('NOT_CHANGED', `cannot make a folder in ${tmpdir()}`, {
        hint: 'name another place: TMPDIR=/some/folder releaser demo',
        cause,
      })
    })
  const project = join(root, 'project')
  const passing = keep ? [join(root, 'key'), join(root, 'cache')] : [root]
  const served: Served[] = []
  const abandon = (): void => {
    endGroups(served)
    for (const path of passing) rmSync(path, { recursive: true, force: true, maxRetries: 5 })
  }
  const close = async (): Promise<void> => {
    // Whoever is at work there from elsewhere loses the line, and the hosts go back.
    await Promise.all(served.map(({ server }) => server.close()))
    await atRest(served)
    endGroups(served)
    for (const path of passing) await rm(path, { recursive: true, force: true, maxRetries: 5 })
    process.off('exit', abandon)
  }
  process.on('exit', abandon)
  try {
    await mkdir(project)
    const own = await generateKeyPair('releaser demo')
    const serve = async (dir: string): Promise<DemoHost> => {
      const home = join(root, dir)
      await mkdir(home, { recursive: true })
      const { privateKey: hostKey } = await generateKeyPair('releaser demo host')
      const isOff = () => existsSync(join(home, 'off'))
      const server = await startEmbedded({ home, authorizedKey: own.publicKey, hostKey, isOff })
      served.push({ home, server })
      return { home, port: server.port }
    }
    const [first, ...others] = homes
    const hosts = [await serve(first), ...(await Promise.all(others.map(serve)))] as const
    const known = served.map(({ server }) => `[127.0.0.1]:${server.port} ${server.hostPublicKey}\n`)
    await writeFile(join(root, 'key'), own.privateKey, { mode: 0o600 })
    await writeFile(join(root, 'known_hosts'), known.join(''))
    return { root, project, hosts, close, write: (files) => writeAll(project, files) }
  } catch (error) {
    await close()
    throw error
  }
}

interface Served {
  readonly home: string
  readonly server: Embedded
}

async function writeAll(dir: string, files: Readonly<Record<string, string | Buffer>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(dir, name)), { recursive: true })
    await writeFile(join(dir, name), content)
  }
}

/** Whoever works on a host, or watches over it, holds its lock: when nobody does and no command runs, it is at rest. */
async function atRest(served: readonly Served[]): Promise<void> {
  for (const end = Date.now() + SETTLE_MS; Date.now() < end; await delay(LOOK_EVERY_MS)) {
    const locks = await Promise.all(served.map(({ home }) => locksIn(home)))
    if (groupsOf(served).length === 0 && locks.flat().length === 0) return
  }
}

async function locksIn(home: string): Promise<readonly string[]> {
  const apps = await readdir(home)
  return (await Promise.all(apps.map((app) => readdir(join(home, app, '.releaser/lock')).catch(() => [])))).flat()
}

function groupsOf(served: readonly Served[]): readonly number[] {
  return served.flatMap(({ server }) => server.groups())
}

function endGroups(served: readonly Served[]): void {
  for (const group of groupsOf(served)) {
    try {
      process.kill(-group, 'SIGKILL')
    } catch {
      // It is gone already.
    }
  }
}
