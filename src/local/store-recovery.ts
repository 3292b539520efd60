import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { ReleaserError } from '../model/errors.ts'
import type { Release } from '../model/release.ts'
import { type Database, EMPTY, newest, parseDatabase, parseRelease } from './store-data.ts'
import { storePaths } from './store-paths.ts'

export interface Recovered {
  readonly data: Database
  /** What was lost and where it came from; empty where there was nothing to lose. */
  readonly warnings: readonly string[]
}

/**
 * What a store whose database is missing or damaged still knows: its last good copy, else the records beside the tarballs. A
 * store without tarballs starts empty; tarballs of which nothing is known are refused with INTEGRITY (11).
 */
export async function recoverDatabase(dir: string, damaged: boolean): Promise<Recovered> {
  const paths = storePaths(dir)
  const what = `the store's database ${paths.database} ${damaged ? 'is damaged' : 'is missing'}`
  const copy = await readFile(paths.backup, 'utf8').catch(() => undefined)
  const backup = copy === undefined ? undefined : parseDatabase(copy)
  if (backup) return { data: backup, warnings: [`${what}; its last good copy took its place`] }

  const found = await findReleases(dir)
  const known = found.flatMap(({ release }) => (release ? [release] : []))
  const unknown = found.filter(({ release }) => !release).map(({ tarball }) => tarball)
  if (known.length === 0 && unknown.length > 0)
    throw new ReleaserError(
      'INTEGRITY',
      `${what}, and nothing tells what ${unknown.length === 1 ? 'its tarball is' : `its ${unknown.length} tarballs are`}`,
      {
        hint: `move ${paths.releases} away, and take each tarball in again: releaser import file=${unknown[0]}`,
      },
    )
  if (known.length === 0) return { data: EMPTY, warnings: damaged ? [`${what}; it held no releases, so it starts anew`] : [] }
  const apps = [...new Set(known.map(({ app }) => app))]
  const latest = Object.fromEntries(apps.map((app) => [app, newest(known.filter((release) => release.app === app))?.id ?? '']))
  const rebuilt = `${what}; ${known.length} releases were rebuilt from their records, without what came later (tags, newer versions of the same content, deployments); latest is what was packed last`
  return {
    data: { ...EMPTY, releases: known, latest },
    // Tarballs of which nothing is known are told of by store-strays.ts, each time.
    warnings: [rebuilt],
  }
}

async function findReleases(dir: string): Promise<{ readonly tarball: string; readonly release: Release | undefined }[]> {
  const paths = storePaths(dir)
  const apps = await readdir(paths.releases).catch(() => [])
  const tarballs = await Promise.all(
    apps.map(async (app) => {
      const names = await readdir(paths.folder(app)).catch(() => [])
      return names.filter((name) => TARBALL.test(name)).map((name) => join(paths.folder(app), name))
    }),
  )
  const found = await Promise.all(
    tarballs.flat().map(async (tarball) => {
      const text = await readFile(tarball.replace(TARBALL, '.json'), 'utf8').catch(() => '')
      const release = parseRelease(text)
      return { tarball, release: release && paths.tarball(release) === tarball ? release : undefined }
    }),
  )
  return found.sort((a, b) => (basename(a.tarball) < basename(b.tarball) ? -1 : 1))
}

const TARBALL = /\.tar\.(?:gz|zst)$/
