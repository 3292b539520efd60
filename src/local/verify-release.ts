import { hash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { relative } from 'node:path'
import type { Finding } from '../model/finding.ts'
import { countFiles, decodeManifest, type Manifest, treeBytes } from '../model/manifest.ts'
import type { Release } from '../model/release.ts'
import { parseRelease } from './store-data.ts'
import { storePaths } from './store-paths.ts'
import { contentOf, differences, hashFile } from './verify-tarball.ts'

/** What must never change of a record, however often its content is packed again. */
const FIXED = ['app', 'sha256', 'md5', 'bytes', 'digest', 'files', 'unpackedBytes', 'compression'] as const
type Fixed = Partial<Pick<Release, (typeof FIXED)[number]>>

export type LocalFinding = Omit<Finding, 'host' | 'target' | 'dir'>

/** All that is wrong with one release of a store: tarball, list of files, records. Reads everything, changes nothing. */
export async function verifyRelease(dir: string, release: Release, signal: AbortSignal): Promise<readonly LocalFinding[]> {
  const paths = storePaths(dir)
  const [tarball, list, file] = [paths.tarball(release), paths.manifest(release), paths.record(release)]
  const found = (path: string, kind: Finding['kind'], why: string): LocalFinding => ({
    release: release.id,
    path: relative(dir, path),
    kind,
    why,
  })
  const text = await readFile(file, 'utf8').catch(() => undefined)
  const record = recordIn(text, release)
  const listed = await readFile(list).catch(() => undefined)
  const digest = listed && `sha256:${hash('sha256', listed)}`
  const manifest = listed && isOneOf('digest', digest, release, record) ? decodeManifest(listed.toString()) : undefined
  const packed = await hashFile(tarball, signal).catch((error: unknown) => {
    if (signal.aborted) throw error
    return undefined
  })
  const actual = { ...packed, ...(manifest && digest && { digest, ...sumsOf(manifest) }) }
  const whole = packed !== undefined && isOneOf('sha256', packed.sha256, release, record)
  const findings = [
    ...(text === undefined ? [found(file, 'missing', '')] : []),
    ...(text !== undefined && !record ? [found(file, 'corrupt', 'is no record of this release')] : []),
    ...(record
      ? disagreements(release, record, actual).map(({ db, field }) =>
          found(db ? paths.database : file, 'changed', `${field} of ${release.id}`),
        )
      : []),
    ...(listed ? [] : [found(list, 'missing', '')]),
    ...(listed && !manifest ? [found(list, 'corrupt', 'is not the list of files that was packed')] : []),
  ]
  if (packed === undefined) return [...findings, found(tarball, 'missing', 'gone, or cannot be read')]
  const content = await contentOf(tarball, release.compression)
  const differ = manifest ? differences(content, manifest) : []
  const why = whole ? 'does not hold what the list of files says' : tarballWhy(packed.bytes, release, content.broken)
  const bad = !whole || content.broken !== null || differ.length > 0
  return [
    ...findings,
    ...(bad ? [found(tarball, 'corrupt', why)] : []),
    ...differ.map((difference) => ({ release: release.id, ...difference })),
  ]
}

/** The record that lies beside a release's tarball; undefined where it is lost, broken or another's. */
export async function readRecord(dir: string, release: Release): Promise<Release | undefined> {
  return recordIn(await readFile(storePaths(dir).record(release), 'utf8').catch(() => undefined), release)
}

function recordIn(text: string | undefined, { id }: Release): Release | undefined {
  const record = text === undefined ? undefined : parseRelease(text)
  return record?.id === id ? record : undefined
}

function tarballWhy(bytes: number, release: Release, broken: string | null): string {
  const what = bytes === release.bytes ? 'its sha256 is not what it was' : `has ${bytes} bytes and had ${release.bytes}`
  return broken === null ? what : `${what}; it can be read only in part`
}

function sumsOf(manifest: Manifest): Fixed {
  return { files: countFiles(manifest), unpackedBytes: treeBytes(manifest) }
}

function isOneOf(field: 'digest' | 'sha256', value: string | undefined, release: Release, record: Release | undefined): boolean {
  return value !== undefined && (value === release[field] || value === record?.[field])
}

/** Where the database and the record beside the tarball do not say the same, and which of them is wrong: what lies there decides. */
function disagreements(
  release: Release,
  record: Release,
  actual: Fixed,
): readonly { readonly field: string; readonly db: boolean }[] {
  return FIXED.filter(
    (field) => release[field] !== record[field] || (field in actual && BY_LIST.has(field) && release[field] !== actual[field]),
  ).map((field) => ({ field, db: actual[field] !== release[field] }))
}

const BY_LIST: ReadonlySet<string> = new Set(['files', 'unpackedBytes'])
