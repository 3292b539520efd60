import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Release } from '../model/release.ts'
import type { Database } from './store-data.ts'
import { isStoreLocked } from './store-lock.ts'
import { storePaths } from './store-paths.ts'

/**
 * What of a store does not fit together: tarballs that no record knows (whoever stored them was cut off), records whose tarball
 * is gone. In words for the person; empty where all is well. `reread` reads the database once more: whoever was just storing a
 * release is done by then, or still holds the lock, and is no stray.
 */
export async function strays(dir: string, data: Database, reread: () => Promise<Database>): Promise<readonly string[]> {
  const files = await tarballs(dir)
  const lost = await lostTarballs(dir, data, new Set(files))
  if (unknown(dir, files, data).length === 0) return lost
  if (await isStoreLocked(dir)) return lost
  const left = unknown(dir, files, await reread())
  const found = await Promise.all(left.map(async (file) => ((await exists(file)) ? [file] : [])))
  return [
    ...found.flat().map((file) => `no record knows ${file}: take it in with releaser import file=${file}, or remove it`),
    ...lost,
  ]
}

/** Removes what an earlier attempt to store the same content left when it was cut off. The store must be locked. */
export async function removeHalfStored(dir: string, data: Database, { app, id, digest }: Release): Promise<void> {
  const known = new Set([...data.releases, ...(data.removing ?? [])].map((release) => release.id))
  const ending = `-${digest.replace(/^sha256:/, '').slice(0, 8)}`
  const folder = storePaths(dir).folder(app)
  for (const name of await readdir(folder)) {
    const of = name.split('.', 1).join()
    if (of !== id && of.endsWith(ending) && !known.has(of)) await rm(join(folder, name), { force: true })
  }
}

async function tarballs(dir: string): Promise<string[]> {
  const { releases, folder } = storePaths(dir)
  const apps = await readdir(releases).catch(() => [])
  const files = apps.map(async (app) => {
    const names = await readdir(folder(app)).catch(() => [])
    return names.filter((name) => /\.tar\.(?:gz|zst)$/.test(name)).map((name) => join(folder(app), name))
  })
  return (await Promise.all(files)).flat().sort()
}

function unknown(dir: string, files: readonly string[], { releases, removing = [] }: Database): string[] {
  const known = new Set([...releases, ...removing].map(storePaths(dir).tarball))
  return files.filter((file) => !known.has(file))
}

async function lostTarballs(dir: string, { releases }: Database, files: ReadonlySet<string>): Promise<string[]> {
  const { tarball } = storePaths(dir)
  const unseen = releases.map((release) => ({ release, file: tarball(release) })).filter(({ file }) => !files.has(file))
  const found = unseen.map(async ({ release: { app, version }, file }) =>
    (await exists(file))
      ? []
      : [`the tarball of ${app} ${version} is gone (${file}): build it again, the same content takes its place`],
  )
  return (await Promise.all(found)).flat()
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
