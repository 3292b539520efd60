import { count, size } from '../../model/size.ts'
import { type Html, html } from './html.ts'
import { momentAgo } from './moment.ts'
import { table } from './table.ts'

/** A release of the store, as the page shows it. */
export interface PageRelease {
  readonly app: string
  readonly id: string
  readonly version: string
  /** Milliseconds since 1970. */
  readonly builtAt: number
  /** Of the tarball, and of all files unpacked. */
  readonly bytes: number
  readonly unpackedBytes: number
  readonly files: number
  readonly tags: readonly string[]
  /** The hosts that serve it. */
  readonly liveOn: readonly string[]
}

/** Releases of an app that are listed. */
const LISTED = 15

/** How big an app's newest releases are. `all` is newest first. */
export function releasesSection(app: string, all: readonly PageRelease[], now: number): Html {
  const shown = all.slice(0, LISTED)
  const biggest = Math.max(1, ...shown.map(({ bytes }) => bytes))
  const rows = shown.map(({ id, version, builtAt, bytes, unpackedBytes, files, tags, liveOn }) => [
    html`<strong>${version}</strong><span class="dim id">${id}</span>`,
    momentAgo(builtAt, now),
    html`${size(bytes)}<svg class="bar" width="100%" height="10" aria-hidden="true"><rect class="size" width="${((bytes / biggest) * 100).toFixed(1)}%" height="10" rx="2"/></svg>`,
    html`${count(files, 'file')}, ${size(unpackedBytes)}`,
    tags.length === 0 ? html`<span class="dim">–</span>` : html`${tags.join(', ')}`,
    liveOn.length === 0 ? html`<span class="dim">–</span>` : html`${liveOn.join(', ')}`,
  ])
  const older = all.length - shown.length
  return html`<section class="card">
<header><h2>Releases of ${app}</h2> <span class="dim">in the store</span></header>
${table(
  `The releases of ${app} in the store, newest first`,
  [
    { heading: 'Release' },
    { heading: 'Built' },
    { heading: 'Size' },
    { heading: 'Unpacked' },
    { heading: 'Tags' },
    { heading: 'Live on' },
  ],
  rows,
)}${older > 0 ? html`<p class="dim">And ${older} older: <code>releaser releases app=${app}</code></p>\n` : null}</section>
`
}
