import { randomBytes } from 'node:crypto'
import { lstat, mkdir, readdir, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { privateFolder } from './durable.ts'

const DAY = 86_400_000

/** A new unique path inside the store, on its file system. Its name says who writes there, for sweepTemporary. */
export async function temporaryPath(storeDir: string, suffix: string): Promise<string> {
  const dir = temporaryDir(storeDir)
  await privateFolder(dir)
  return join(dir, `${hostname()}~${process.pid}~${randomBytes(6).toString('hex')}${suffix}`)
}

/** Hands over an empty private folder inside the store, which is gone afterwards, whatever happened. */
export async function inTemporaryFolder<T>(storeDir: string, use: (dir: string) => Promise<T>): Promise<T> {
  await sweepTemporary(storeDir)
  const dir = await temporaryPath(storeDir, '')
  try {
    await mkdir(dir, { mode: 0o700 })
    return await use(dir)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

/** Removes what processes that are dead by now have left behind; on other machines' word, what nobody touched for a day. */
export async function sweepTemporary(storeDir: string): Promise<void> {
  const dir = temporaryDir(storeDir)
  const names = await readdir(dir).catch(() => [])
  await Promise.all(
    names.map(async (name) => {
      const path = join(dir, name)
      if (isOrphan(name) || (await isOld(path))) await rm(path, { recursive: true, force: true }).catch(() => {})
    }),
  )
}

function temporaryDir(storeDir: string): string {
  return join(storeDir, 'tmp')
}

function isOrphan(name: string): boolean {
  const [host, pid] = name.split('~')
  return host === hostname() && /^\d+$/.test(pid ?? '') && !isAlive(Number(pid))
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

async function isOld(path: string): Promise<boolean> {
  const stats = await lstat(path).catch(() => undefined)
  return stats !== undefined && stats.mtimeMs < Date.now() - DAY
}
