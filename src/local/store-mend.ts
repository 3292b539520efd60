import { hash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { countFiles, encodeManifest, treeBytes } from '../model/manifest.ts'
import type { Release } from '../model/release.ts'
import { writeDurably } from './durable.ts'
import type { Change } from './store-actions.ts'
import * as changes from './store-changes.ts'
import { storePaths } from './store-paths.ts'
import { temporaryPath } from './temporary.ts'
import { readRecord } from './verify-release.ts'
import { contentOf, hashFile } from './verify-tarball.ts'

/**
 * Puts right what a release's whole tarball proves: its list of files, the record beside it, what the database says of it. Does
 * nothing where the tarball is neither what the database nor what the record says.
 */
export async function mendRecords(dir: string, change: Change, release: Release, signal: AbortSignal): Promise<void> {
  const paths = storePaths(dir)
  const packed = await hashFile(paths.tarball(release), signal).catch(() => undefined)
  const content = await contentOf(paths.tarball(release), release.compression)
  if (packed === undefined || content.broken !== null) return
  const canonical = encodeManifest(content.entries)
  const digest = `sha256:${hash('sha256', canonical)}`
  const record = await readRecord(dir, release)
  // One of the two has to vouch for both: they were written together.
  if (![release, record].some((one) => one?.sha256 === packed.sha256 && one.digest === digest)) return
  const sums = { ...packed, digest, files: countFiles(content.entries), unpackedBytes: treeBytes(content.entries) }
  await change(async (data, held) => {
    const now = data.releases.find(({ id }) => id === release.id)
    held()
    if (!now) return { data, result: undefined }
    const mended = { ...now, ...sums }
    await writeDurably(paths.manifest(mended), canonical, await temporaryPath(dir, '.manifest'))
    await writeDurably(paths.record(mended), `${JSON.stringify(mended, null, 2)}\n`, await temporaryPath(dir, '.json'))
    return { data: changes.withRelease(data, mended), result: undefined }
  })
}

/** Removes files below a store's `releases/` that no record knows by now. `paths` are relative to the store. */
export async function removeStrangers(dir: string, change: Change, files: readonly string[]): Promise<void> {
  await change(async (data, held) => {
    const paths = storePaths(dir)
    const known = [...data.releases, ...(data.removing ?? [])].flatMap((one) => [
      paths.tarball(one),
      paths.manifest(one),
      paths.record(one),
      paths.signature(one),
    ])
    held()
    for (const file of files) if (!known.includes(join(dir, file))) await rm(join(dir, file), { recursive: true, force: true })
    return { data, result: undefined }
  })
}
