import { createHash } from 'node:crypto'
import { chownSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { type Database, EMPTY } from '../../src/local/store-data.ts'
import { storePaths } from '../../src/local/store-paths.ts'
import { TAR_END, tarHeader, tarPadding } from '../../src/local/tar-header.ts'
import type { Deployment } from '../../src/model/deployment.ts'
import { encodeState, NO_STATE } from '../../src/model/host-state.ts'
import { type Entry, encodeManifest } from '../../src/model/manifest.ts'
import { type Release, releaseId } from '../../src/model/release.ts'

/** A release of two small files, and all that a store or a host has of it. */
export interface Made {
  readonly release: Release
  readonly files: Readonly<Record<string, string>>
  readonly canonical: string
  readonly tarball: Buffer
}

/** So many releases of `shop`, a minute apart, oldest first: each is whole, and no two are the same. */
export function makeReleases(count: number): readonly Made[] {
  return Array.from({ length: count }, (_, number) => make(number, new Date(Date.UTC(2026, 0, 1) + number * 60_000)))
}

function make(number: number, now: Date): Made {
  const version = `1.${number}.0`
  const files = { VERSION: `${version}\n`, 'index.html': `<h1>shop ${version}</h1>\n` }
  const manifest = Object.entries(files).map(
    ([path, text]): Entry => ({ type: 'file', path, mode: 0o644, size: Buffer.byteLength(text), sha256: sum('sha256', text) }),
  )
  const canonical = encodeManifest(manifest)
  const parts = manifest.flatMap((entry) => {
    const content = Buffer.from(files[entry.path as keyof typeof files])
    return [tarHeader(entry), content, Buffer.alloc(tarPadding(content.length))]
  })
  const tarball = gzipSync(Buffer.concat([...parts, TAR_END]), { level: 1 })
  const digest = `sha256:${sum('sha256', canonical)}`
  const release: Release = {
    id: releaseId(now, digest, undefined),
    app: 'shop',
    version,
    // Only old ones have a tag: what has one stays on hosts too.
    tags: number % 100 === 0 && number < 1000 ? [`hundred-${number / 100}`] : [],
    createdAt: now.toISOString(),
    bytes: tarball.length,
    sha256: sum('sha256', tarball),
    md5: sum('md5', tarball),
    compression: 'gzip',
    digest,
    files: manifest.length,
    unpackedBytes: Object.values(files).join('').length,
    builder: 'copy',
    git: { rev: sum('sha1', version), branch: 'main', dirty: false },
  }
  return { release, files, canonical, tarball }
}

/** Puts releases into an empty store, each with the deployment that made it live on `host` of prod. */
export function fillStore(dir: string, all: readonly Made[], host: string): void {
  const paths = storePaths(dir)
  mkdirSync(paths.folder('shop'), { recursive: true, mode: 0o700 })
  for (const { release, canonical, tarball } of all) {
    writeFileSync(paths.tarball(release), tarball)
    writeFileSync(paths.manifest(release), canonical)
    writeFileSync(paths.record(release), `${JSON.stringify(release, null, 2)}\n`)
  }
  const releases = all.map(({ release }) => release)
  const deployments = releases.map(({ id, createdAt }, number): Deployment => {
    const hosts = [{ host, ok: true, from: releases[number - 1]?.id ?? null, to: id, sentBytes: 1000 }]
    return {
      at: createdAt,
      target: 'prod',
      app: 'shop',
      action: 'deploy',
      release: id,
      hosts,
      by: 'ana@laptop',
      ok: true,
      exit: 0,
    }
  })
  const data: Database = { ...EMPTY, releases, deployments, latest: { shop: releases.at(-1)?.id ?? '' } }
  for (const file of [paths.database, paths.backup]) writeFileSync(file, `${JSON.stringify(data, null, 2)}\n`)
}

/** Puts releases beside each other on a host that has none, as deploys one after the other would have; the last one serves. */
export function fillHost(root: string, all: readonly Made[], owner: { readonly uid: number; readonly gid: number }): void {
  const inside = (...path: string[]) => join(root, ...path)
  for (const room of ['lock', 'journal', 'tx', 'flip', 'trash', 'incoming', 'manifests', 'overlays'])
    mkdirSync(inside('.releaser', room), { recursive: true, mode: 0o700 })
  mkdirSync(inside('shared'))
  for (const { release, files, canonical } of all) {
    mkdirSync(inside('releases', release.id), { recursive: true })
    for (const [path, text] of Object.entries(files)) writeFileSync(inside('releases', release.id, path), text)
    writeFileSync(inside('.releaser/manifests', release.id), canonical)
    writeFileSync(inside('.releaser/overlays', release.id), '')
  }
  const releases = all.map(({ release: { id, version, digest } }) => ({ id, dir: id, version, digest, state: 'good' as const }))
  const served = releases.slice(-20).map(({ id }) => id)
  const state = encodeState({ ...NO_STATE, releases, served, since: 1_767_225_600, by: 'ana@laptop' })
  const words = { format: '1', identity: 'shop\tprod', seq: String(all.length), state: state.join('\n') }
  for (const [name, text] of Object.entries(words)) writeFileSync(inside('.releaser', name), `${text}\n`)
  symlinkSync(join('releases', releases.at(-1)?.id ?? ''), inside('current'))
  chown(root, owner)
}

function chown(path: string, owner: { readonly uid: number; readonly gid: number }): void {
  chownSync(path, owner.uid, owner.gid)
  for (const entry of readdirSync(path, { withFileTypes: true, recursive: true }))
    if (!entry.isSymbolicLink()) chownSync(join(entry.parentPath, entry.name), owner.uid, owner.gid)
}

function sum(algorithm: string, data: string | Buffer): string {
  return createHash(algorithm).update(data).digest('hex')
}
