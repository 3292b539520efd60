import { readFile } from 'node:fs/promises'
import type { Deployment } from '../model/deployment.ts'
import type { Release } from '../model/release.ts'
import { type Database, parseDatabase } from './store-data.ts'
import { storePaths } from './store-paths.ts'

/**
 * The releases of a store as its database has them now, for who only wants to know of them: nothing is looked at or mended beside. Undefined
 * where the database is missing or damaged: openStore finds out what is to be done then. Fails with CONFIG where a newer releaser wrote it.
 */
export async function peekReleases(dir: string): Promise<readonly Release[] | undefined> {
  return (await peek(dir))?.releases
}

/** Its deployments, likewise, the oldest first. */
export async function peekDeployments(dir: string): Promise<readonly Deployment[] | undefined> {
  return (await peek(dir))?.deployments
}

async function peek(dir: string): Promise<Database | undefined> {
  const text = await readFile(storePaths(dir).database, 'utf8').catch(() => undefined)
  return text === undefined ? undefined : parseDatabase(text)
}
