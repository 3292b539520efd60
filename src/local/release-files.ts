import { createHash, hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, rm, stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { ReleaserError } from '../model/errors.ts'
import { decodeManifest, type Manifest } from '../model/manifest.ts'
import type { Release } from '../model/release.ts'
import { armoured } from '../model/signature.ts'
import { READ_CHUNK } from './compression.ts'
import { moveDurably, privateFolder, syncFolder, writeDurably } from './durable.ts'
import type { Packed } from './pack.ts'
import { storePaths } from './store-paths.ts'
import { temporaryPath } from './temporary.ts'

/** Gives a packed tree its place in the store: tarball, manifest, and last the record, each on disk before the next. */
export async function placeRelease(dir: string, packed: Packed, release: Release): Promise<void> {
  const paths = storePaths(dir)
  await privateFolder(paths.folder(release.app))
  await syncFolder(paths.releases)
  await moveDurably(packed.file, paths.tarball(release))
  await writeDurably(paths.manifest(release), packed.canonical, await temporaryPath(dir, '.manifest'))
  await placeSignature(dir, release)
  await writeDurably(paths.record(release), `${JSON.stringify(release, null, 2)}\n`, await temporaryPath(dir, '.json'))
}

/** Lays the signature of a release beside its tarball, where it has one. */
export async function placeSignature(dir: string, release: Release): Promise<void> {
  const { signature } = release
  if (!signature) return
  await writeDurably(storePaths(dir).signature(release), armoured(signature), await temporaryPath(dir, '.sig'))
}

/** Removes a release's files, its record first, so that what is cut off is not taken for a release when the store is rebuilt. */
export async function removeReleaseFiles(dir: string, release: Release): Promise<void> {
  const paths = storePaths(dir)
  for (const path of [paths.record(release), paths.signature(release), paths.manifest(release), paths.tarball(release)])
    await rm(path, { force: true })
}

/** Fails with INTEGRITY (11) where the tarball or the manifest is gone or is not what it was. */
export async function checkReleaseFiles(dir: string, release: Release): Promise<void> {
  const file = storePaths(dir).tarball(release)
  const found = await stat(file).catch(() => undefined)
  if (!found) throw damaged(release, `the tarball ${file} is gone`)
  if (found.size !== release.bytes)
    throw damaged(release, `the tarball ${file} is damaged: it has ${found.size} bytes and had ${release.bytes}`)
  const sum = createHash('sha256')
  await pipeline(createReadStream(file, { highWaterMark: READ_CHUNK }), sum)
  if (sum.digest('hex') !== release.sha256)
    throw damaged(release, `the tarball ${file} is damaged: its sha256 is not what it was`)
  await readManifest(dir, release)
}

/** A release's manifest, checked against its digest. Fails with INTEGRITY (11). */
export async function readManifest(dir: string, release: Release): Promise<Manifest> {
  const file = storePaths(dir).manifest(release)
  const text = await readFile(file).catch(() => undefined)
  if (!text) throw damaged(release, `the manifest ${file} is gone`)
  const manifest = decodeManifest(text.toString())
  if (!manifest || `sha256:${hash('sha256', text)}` !== release.digest) throw damaged(release, `the manifest ${file} is damaged`)
  return manifest
}

function damaged(release: Release, message: string): ReleaserError {
  return new ReleaserError('INTEGRITY', message, {
    hint: `build ${release.app} ${release.version} again, the same content takes its place; or use another release`,
  })
}
