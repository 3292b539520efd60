import type { Glance } from '../../model/glance.ts'
import { count } from '../../model/size.ts'
import { span } from '../time.ts'
import { type Html, html } from './html.ts'
import { utc } from './moment.ts'

/** Columns of the chart: as many as the newest deploys that it shows, and no wider than with so many. */
const MOST = 40
const LEAST = 20

const HEIGHT = 64

/** How long deploys took on a target's hosts, oldest first, and in words; nothing where there was none. */
export function durations(hosts: readonly Glance[]): Html | null {
  const all = hosts
    .flatMap(({ host, happenings }) => happenings.filter(({ mark }) => mark !== null).map((event) => ({ ...event, host })))
    .sort((a, b) => a.at - b.at)
  const last = all.at(-1)
  if (!last) return null
  const shown = all.slice(-MOST)
  const slowest = Math.max(...shown.map(({ took }) => took))
  const slot = 100 / Math.max(LEAST, shown.length)
  const columns = shown.map(({ at, host, name, ok, took }, index) => {
    const height = Math.max(3, Math.round((took / Math.max(1000, slowest)) * HEIGHT))
    return html`<rect class="${ok ? 'took' : 'took failed'}" x="${(index * slot).toFixed(2)}%" y="${HEIGHT - height}" width="${(slot * 0.72).toFixed(2)}%" height="${height}"><title>${utc(at)} UTC, ${host}: ${name ?? 'no release'} in ${lasted(took)}${ok ? '' : ', failed'}</title></rect>\n`
  })
  const middle = shown.map(({ took }) => took).sort((a, b) => a - b)[shown.length >> 1] ?? 0
  const words = `${count(shown.length, 'deploy')}, each host counted: median ${lasted(middle)}, longest ${lasted(slowest)}, last ${lasted(last.took)}`
  return html`<h3>How long deploys took</h3>
<figure class="durations">
<svg width="100%" height="${HEIGHT}" role="img" aria-label="${words}">
${columns}</svg>
<figcaption>${words}${shown.some(({ ok }) => !ok) ? '; hollow: failed' : ''}.</figcaption>
</figure>
`
}

/** Hosts count whole seconds. */
export function lasted(took: number): string {
  if (took < 1000) return 'under 1 s'
  return took < 60_000 ? `${Math.round(took / 1000)} s` : span(took)
}
