import type { Store } from '../local/store.ts'
import type { Manifest } from '../model/manifest.ts'
import type { Release } from '../model/release.ts'
import { count, size } from '../model/size.ts'
import { oneLine } from '../ui/sanitize.ts'
import { pairs } from '../ui/table.ts'
import { ago } from '../ui/time.ts'
import type { Run } from './command.ts'
import { openPlace, releaseMeant } from './place.ts'
import { gitShown, releaseJson } from './release-shown.ts'

const BIGGEST = 10

interface Live {
  readonly target: string
  readonly host: string
  readonly since: string
}

export const run: Run = async (call) => {
  const place = await openPlace(call, false)
  const { store } = place
  const release = releaseMeant(place, call)
  const manifest = await store.manifest(release)
  const isLatest = store.latest(release.app).id === release.id
  const live = whereLive(store, release)
  const biggest = biggestFiles(manifest)
  return {
    result: { release: releaseJson(release, isLatest), tarball: store.tarballPath(release), live, biggest },
    text: shown(release, { isLatest, live, biggest, tarball: store.tarballPath(release) }, new Date()),
  }
}

/** The hosts that served this release last, as far as this store has seen. */
function whereLive(store: Store, release: Release): Live[] {
  const last = new Map<string, Live & { readonly id: string | null }>()
  for (const { at, app, target, hosts } of store.deployments()) {
    if (app !== release.app) continue
    for (const { host, to } of hosts) last.set(`${target}\0${host}`, { target, host, since: at, id: to })
  }
  return [...last.values()].filter(({ id }) => id === release.id).map(({ target, host, since }) => ({ target, host, since }))
}

function biggestFiles(manifest: Manifest): { path: string; size: number }[] {
  const files = manifest.flatMap((entry) => (entry.type === 'file' ? [{ path: entry.path, size: entry.size }] : []))
  return files.sort((a, b) => b.size - a.size).slice(0, BIGGEST)
}

interface Shown {
  readonly isLatest: boolean
  readonly live: readonly Live[]
  readonly biggest: readonly { readonly path: string; readonly size: number }[]
  readonly tarball: string
}

function shown(release: Release, { isLatest, live, biggest, tarball }: Shown, now: Date): string {
  const { app, version, id, tags, createdAt, bytes, sha256, md5, digest, files, unpackedBytes, builder, git } = release
  const rows: (readonly [string, string])[] = [
    ['id', id],
    ['tags', [...(isLatest ? ['latest'] : []), ...tags].join(', ') || '-'],
    ['built', `${createdAt} (${ago(new Date(createdAt), now)})${builder === null ? '' : ` by ${builder}`}`],
    ['from', git ? gitShown(git) : '-'],
    ['holds', `${count(files, 'file')}, ${size(unpackedBytes)}`],
    ['digest', digest],
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
  return `${app} ${version}\n\n${pairs(rows, '  ')}${biggest.length === 0 ? '' : `\n\nbiggest files\n${list}`}`
}
