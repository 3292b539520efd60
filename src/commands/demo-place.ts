import { rmSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { ReleaserError } from '../model/errors.ts'
import { type Embedded, generateKeyPair, startEmbedded } from '../remote/embedded.ts'

/** A temporary folder with a project and a host in it, and a server on loopback that lets the project's owner into the host. */
export interface DemoPlace {
  readonly root: string
  readonly project: string
  readonly host: string
  readonly port: number
  /** Writes files of the project. */
  write(files: Readonly<Record<string, string | Buffer>>): Promise<void>
  /** Ends the server once the host is at rest. Removes the folder; of one that is kept only the key and what was cached. */
  close(): Promise<void>
}

/** How long a host that was interrupted may take to settle before what runs there is ended. */
const SETTLE_MS = 10_000
const LOOK_EVERY_MS = 50

/** Makes it. Should the process end without `close`, everything that runs there is ended, and all goes that would have gone. */
export async function makePlace(keep: boolean): Promise<DemoPlace> {
  const root = await mkdtemp(join(tmpdir(), 'releaser-demo-'))
    .then((made) => realpath(made))
    .catch((cause: unknown) => {
      throw new ReleaserError('NOT_CHANGED', `cannot make a folder in ${tmpdir()}`, {
        hint: 'name another place: TMPDIR=/some/folder releaser demo',
        cause,
      })
    })
  const [project, host] = [join(root, 'project'), join(root, 'host')]
  const passing = keep ? [join(root, 'key'), join(root, 'cache')] : [root]
  let server: Embedded | undefined
  const abandon = (): void => {
    endGroups(server)
    for (const path of passing) rmSync(path, { recursive: true, force: true, maxRetries: 5 })
  }
  const close = async (): Promise<void> => {
    if (server) await atRest(server, host)
    await server?.close()
    endGroups(server)
    for (const path of passing) await rm(path, { recursive: true, force: true, maxRetries: 5 })
    process.off('exit', abandon)
  }
  process.on('exit', abandon)
  try {
    await Promise.all([project, host].map((dir) => mkdir(dir)))
    const [own, its] = await Promise.all([generateKeyPair('releaser demo'), generateKeyPair('releaser demo host')])
    server = await startEmbedded({ home: host, authorizedKey: own.publicKey, hostKey: its.privateKey })
    await writeFile(join(root, 'key'), own.privateKey, { mode: 0o600 })
    await writeFile(join(root, 'known_hosts'), `[127.0.0.1]:${server.port} ${server.hostPublicKey}\n`)
    return { root, project, host, port: server.port, close, write: (files) => writeAll(project, files) }
  } catch (error) {
    await close()
    throw error
  }
}

async function writeAll(dir: string, files: Readonly<Record<string, string | Buffer>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(dir, name)), { recursive: true })
    await writeFile(join(dir, name), content)
  }
}

/** Whoever works on a host, or watches over it, holds its lock: when nobody does and no command runs, it is at rest. */
async function atRest(server: Embedded, host: string): Promise<void> {
  for (const end = Date.now() + SETTLE_MS; Date.now() < end; await delay(LOOK_EVERY_MS)) {
    const locks = await Promise.all(
      (await readdir(host)).map((app) => readdir(join(host, app, '.releaser/lock')).catch(() => [])),
    )
    if (server.groups().length === 0 && locks.flat().length === 0) return
  }
}

function endGroups(server: Embedded | undefined): void {
  for (const group of server?.groups() ?? []) {
    try {
      process.kill(-group, 'SIGKILL')
    } catch {
      // It is gone already.
    }
  }
}
