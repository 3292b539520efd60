import { join } from 'node:path'
import type { Release } from '../model/release.ts'

/** Where things lie in a store. */
export function storePaths(dir: string) {
  const database = join(dir, 'db.json')
  const releases = join(dir, 'releases')
  const beside = (release: ReleaseName, ending: string) => join(releases, release.app, `${release.id}${ending}`)
  return {
    database,
    /** The last good copy of the database. */
    backup: `${database}.bak`,
    /** Tickets of those who change the store, or wait to. */
    lock: `${database}.lock`,
    releases,
    folder: (app: string) => join(releases, app),
    tarball: (release: ReleaseName & Pick<Release, 'compression'>) =>
      beside(release, release.compression === 'zstd' ? '.tar.zst' : '.tar.gz'),
    /** The manifest's canonical bytes. */
    manifest: (release: ReleaseName) => beside(release, '.manifest'),
    /** Who signed the release, as ssh-keygen reads it; only where somebody has. */
    signature: (release: ReleaseName) => beside(release, '.sig'),
    /** The record as it was when the release was made, from which a lost database is rebuilt. */
    record: (release: ReleaseName) => beside(release, '.json'),
  }
}

type ReleaseName = Pick<Release, 'app' | 'id'>
