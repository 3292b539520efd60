import { isGenuine, signerOf } from '../local/signer.ts'
import type { Store } from '../local/store.ts'
import { ReleaserError } from '../model/errors.ts'
import type { Manifest } from '../model/manifest.ts'
import { type Grown, grownFiles } from '../model/manifest-change.ts'
import type { Release } from '../model/release.ts'
import { count, size } from '../model/size.ts'
import { oneLine } from '../ui/sanitize.ts'
import { pairs } from '../ui/table.ts'
import { ago } from '../ui/time.ts'
import type { Run } from './command.ts'
import { type Live, whereLive } from './live.ts'
import { openPlace, releaseMeant } from './place.ts'
import { gitShown, releaseJson } from './release-shown.ts'

const BIGGEST = 10

export const run: Run = async (call) => {
  const place = await openPlace(call, false)
  const { store } = place
  const release = releaseMeant(place, call)
  const manifest = await store.manifest(release)
  const isLatest = store.latest(release.app).id === release.id
  const live = whereLive(store, release)
  const biggest = biggestFiles(manifest)
  const growth = await growthOf(store, release, manifest)
  const tarball = store.tarballPath(release)
  const signed = await signedBy(release, call.signal)
  return {
    result: { release: releaseJson(release, isLatest), genuine: signed.genuine, tarball, live, biggest, growth },
    text: shown(release, { isLatest, live, biggest, growth, tarball, signed: signed.words }, new Date()),
  }
}

/** Who signed a release, in words, and whether it is true; `genuine` null where nobody has signed it, or nobody can tell here. */
async function signedBy(
  { signature, digest }: Release,
  signal: AbortSignal,
): Promise<{ readonly genuine: boolean | null; readonly words: string }> {
  if (!signature) return { genuine: null, words: '-' }
  const signer = signerOf(signature)
  if (!signer) return { genuine: false, words: 'what should be a signature is none' }
  const who = `${signer.comment === '' ? '' : `${signer.comment}, `}${signer.type} ${signer.fingerprint}`
  const genuine = await isGenuine(signature, digest, signal).catch((error: unknown) => {
    if (!(error instanceof ReleaserError) || error.code !== 'CONFIG') throw error
    return null
  })
  if (genuine === null) return { genuine, words: `by ${who}, as it says itself: there is no ssh-keygen here to verify it` }
  return { genuine, words: genuine ? `by ${who}` : `not by ${who}, as it says itself: it is of something else` }
}

/** What grew since the release before; null where there is none, or its manifest is lost. */
async function growthOf(store: Store, release: Release, manifest: Manifest): Promise<Growth | null> {
  const before = store.list(release.app).find(({ createdAt }) => createdAt < release.createdAt)
  const known = before && (await store.manifest(before).catch(() => undefined))
  if (!before || !known) return null
  const files = grownFiles(known, manifest).slice(0, BIGGEST)
  return { since: { id: before.id, version: before.version }, bytes: release.unpackedBytes - before.unpackedBytes, files }
}

function biggestFiles(manifest: Manifest): { path: string; size: number }[] {
  const files = manifest.flatMap((entry) => (entry.type === 'file' ? [{ path: entry.path, size: entry.size }] : []))
  return files.sort((a, b) => b.size - a.size).slice(0, BIGGEST)
}

interface Growth {
  readonly since: Pick<Release, 'id' | 'version'>
  /** Unpacked. */
  readonly bytes: number
  readonly files: readonly Grown[]
}

interface Shown {
  readonly growth: Growth | null
  readonly isLatest: boolean
  readonly live: readonly Live[]
  readonly biggest: readonly { readonly path: string; readonly size: number }[]
  readonly tarball: string
  readonly signed: string
}

function shown(release: Release, { isLatest, live, biggest, growth, tarball, signed }: Shown, now: Date): string {
  const { app, version, id, tags, createdAt, bytes, sha256, md5, digest, files, unpackedBytes, builder, git } = release
  const rows: (readonly [string, string])[] = [
    ['id', id],
    ['tags', [...(isLatest ? ['latest'] : []), ...tags].join(', ') || '-'],
    ['built', `${createdAt} (${ago(new Date(createdAt), now)})${builder === null ? '' : ` by ${builder}`}`],
    ['from', git ? gitShown(git) : '-'],
    ['holds', `${count(files, 'file')}, ${size(unpackedBytes)}`],
    ['digest', digest],
    ['signed', signed],
    ['tarball', oneLine(tarball)],
    ['', `${size(bytes)}, sha256 ${sha256}`],
    ['', `md5 ${md5}`],
    [
      'live',
      live.map(({ target, host, since }) => `${target}/${host} (${ago(new Date(since), now)})`).join(', ') ||
        'nowhere that this store knows of',
    ],
  ]
  const list = pairs(
    biggest.map((file) => [size(file.size).padStart(8), oneLine(file.path)]),
    '  ',
  )
  return `${app} ${version}\n\n${pairs(rows, '  ')}${biggest.length === 0 ? '' : `\n\nbiggest files\n${list}`}${growthShown(growth)}`
}

function growthShown(growth: Growth | null): string {
  if (growth === null) return ''
  const { since, bytes, files } = growth
  const sum = bytes === 0 ? 'as big as' : `${size(Math.abs(bytes))} ${bytes > 0 ? 'more' : 'less'} than`
  const list = files.map(({ path, grown }) => [`+${size(grown)}`.padStart(9), oneLine(path)] as const)
  return `\n\n${sum} ${since.version} (${since.id})${list.length === 0 ? '' : `\n${pairs(list, '  ')}`}`
}
