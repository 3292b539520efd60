import { execFile, spawn } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { access, cp, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const SOURCE = fileURLToPath(new URL('../fixtures/otp/shop', import.meta.url))

/**
 * The folder of a `mix release` of the app in test/fixtures/otp/shop, in this version, whole and with its VM. It is built once on a
 * machine for each version and state of the source, and belongs to all tests: copy it, and let nothing run in it. Two versions
 * have different cookies, as two builds in containers do.
 */
export async function mixRelease(version: string): Promise<string> {
  const home = join(tmpdir(), `releaser-elixir-${process.getuid?.() ?? 0}`)
  const made = join(home, `shop-${version}-${await hashOf(SOURCE)}`)
  if (await isThere(made)) return made
  await mkdir(home, { recursive: true, mode: 0o700 })
  const work = join(home, randomUUID())
  try {
    await cp(SOURCE, join(work, 'source'), { recursive: true })
    const env = { PATH: process.env['PATH'], HOME: work, LC_ALL: 'C.UTF-8', MIX_ENV: 'prod', SHOP_VERSION: version }
    await run('mix', ['release', '--quiet', '--path', join(work, 'shop')], { cwd: join(work, 'source'), env })
    // Where another process was faster, its result is as good.
    await rename(join(work, 'shop'), made).catch(async (error) => {
      if (!(await isThere(made))) throw error
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return made
}

/** A place where nodes find each other, of a test's own: `env` belongs to every VM that takes part. */
export interface Epmd {
  readonly env: Readonly<Record<string, string>>
  end(): Promise<void>
}

export async function startEpmd(): Promise<Epmd> {
  const env = { ERL_EPMD_PORT: String(await freePort()), ERL_EPMD_ADDRESS: '127.0.0.1' }
  const epmd = spawn('epmd', [], { env: { ...process.env, ...env }, stdio: 'ignore' })
  await once(epmd, 'spawn')
  return {
    env,
    end: async () => {
      const exit = once(epmd, 'exit')
      epmd.kill('SIGKILL')
      await exit
    },
  }
}

/** A port of 127.0.0.1 that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** What the result depends on: the source, the tools, and who builds. */
async function hashOf(dir: string): Promise<string> {
  const sum = createHash('sha256').update((await run('elixir', ['--version'])).stdout)
  const files = (await readdir(dir, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
  for (const path of files.map((file) => join(file.parentPath, file.name)).sort())
    sum.update(`${path.slice(dir.length)}\0`).update(await readFile(path))
  return sum.digest('hex').slice(0, 16)
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
