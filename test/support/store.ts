import { join } from 'node:path'
import { type Packed, type PackOptions, packTree } from '../../src/local/pack.ts'
import type { ReleaseMeta } from '../../src/local/store-changes.ts'
import { project } from './project.ts'

/** What the tests say of a release where it does not matter. */
export const META: ReleaseMeta = { app: 'shop', version: '1.0.0', tags: [], builder: null, git: null }

/** A folder for a store; nothing is in it yet. */
export async function emptyStore(): Promise<string> {
  return join(await project(), 'store')
}

/** Packs files, by path, for a store. */
export async function packFiles(
  storeDir: string,
  files: Readonly<Record<string, string>>,
  options: Partial<PackOptions> = {},
): Promise<Packed> {
  return packTree({ dir: await project(files), storeDir, app: 'shop', ...options })
}
