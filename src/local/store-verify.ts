import { readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { sorted } from '../model/finding.ts'
import type { Release } from '../model/release.ts'
import type { Database } from './store-data.ts'
import { isStoreLocked } from './store-lock.ts'
import { storePaths } from './store-paths.ts'
import { type LocalFinding, verifyRelease } from './verify-release.ts'

export interface VerifyOptions {
  readonly signal: AbortSignal
  /** Bytes of tarballs that were read, of all. */
  readonly onProgress: (done: number, total: number) => void
}

/**
 * All that is wrong in a store, or with these releases of it: every tarball, list of files and record is read. `reread` reads the
 * database once more, for what others store or remove meanwhile is no damage.
 */
export async function verifyStore(
  dir: string,
  data: Database,
  only: readonly Release[] | null,
  reread: () => Promise<Database>,
  { signal, onProgress }: VerifyOptions,
): Promise<readonly LocalFinding[]> {
  const releases = only ?? data.releases
  const total = releases.reduce((sum, { bytes }) => sum + bytes, 0)
  const findings: LocalFinding[] = []
  let done = 0
  for (const release of releases) {
    signal.throwIfAborted()
    findings.push(...(await verifyRelease(dir, release, signal)))
    done += release.bytes
    onProgress(done, total)
  }
  const extra = only === null ? await strangers(dir, data) : []
  if (findings.length + extra.length === 0) return []
  // Whoever stores or removes something holds the lock, or is done by now and the database knows.
  const now = await reread()
  const busy = await isStoreLocked(dir)
  const still = new Set(now.releases.map(({ id }) => id))
  const left = extra.length === 0 || busy ? [] : await strangers(dir, now)
  return sorted([...findings.filter(({ release }) => release !== null && still.has(release)), ...left])
}

/** Files below `releases/` that no record knows. */
async function strangers(dir: string, { releases, removing = [] }: Database): Promise<LocalFinding[]> {
  const paths = storePaths(dir)
  const known = new Set(
    [...releases, ...removing].flatMap((release) => [
      paths.tarball(release),
      paths.manifest(release),
      paths.record(release),
      paths.signature(release),
    ]),
  )
  const apps = await readdir(paths.releases, { withFileTypes: true }).catch(() => [])
  const files = await Promise.all(
    apps.map(async (app) => {
      const path = join(paths.releases, app.name)
      return app.isDirectory() ? (await readdir(path).catch(() => [])).map((name) => join(path, name)) : [path]
    }),
  )
  return files
    .flat()
    .filter((path) => !known.has(path))
    .map((path) => ({ release: null, path: relative(dir, path), kind: 'extra', why: whyStrange(path) }))
}

function whyStrange(path: string): string {
  return /\.tar\.(?:gz|zst)$/.test(path) ? 'no record knows it; releaser import takes it in' : 'no record knows it'
}
