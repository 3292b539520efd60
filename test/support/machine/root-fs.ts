import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, readFile, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Where machines and what they stand on are kept: a folder of this user, outside any test's own. */
export const BASE = join(tmpdir(), `releaser-machine-${process.getuid?.() ?? 'any'}`)

/** Besides Debian's smallest system: what boots it, what lets us in, what starts apps, and what an Elixir release links to. */
const PACKAGES = [
  'systemd',
  'systemd-sysv',
  'dbus',
  'dbus-user-session',
  'libpam-systemd',
  'openssh-server',
  'sudo',
  'cron',
  'procps',
  'libstdc++6',
]

/**
 * The path of a Debian file system, to be read only. The first call of all makes it, in half a minute or two; who comes
 * meanwhile, in another process too, waits for it.
 */
export async function rootFs(): Promise<string> {
  if (process.getuid?.() !== 0) throw new Error('a test machine needs root: run these tests as root, as CI does')
  await mkdir(BASE, { recursive: true, mode: 0o755 })
  // Anybody may make a folder of this name below /tmp, and a machine's programs run as root.
  if ((await stat(BASE)).uid !== 0) throw new Error(`${BASE} belongs to somebody else: remove it`)
  const script = fileURLToPath(new URL('make-root.sh', import.meta.url))
  const packages = PACKAGES.join(',')
  const key = createHash('sha256')
    .update(packages)
    .update(await readFile(script))
    .digest('hex')
    .slice(0, 16)
  const dir = join(BASE, `root-${key}`)
  await run('flock', [`${dir}.lock`, 'sh', script, dir, packages])
  return dir
}
