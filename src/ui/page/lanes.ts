import { type Glance, type Happening, MARK_WORDS, MARKS, type Mark } from '../../model/glance.ts'
import { type Axis, along, axisOf, ticks } from '../axis.ts'
import { type Html, html, trusted } from './html.ts'
import { utc } from './moment.ts'

/** Marks are told apart by their shapes as well as by colour; drawn around 0,0. */
const SHAPES: { readonly [K in Mark]: Html } = {
  live: trusted('<circle r="5"/>'),
  back: trusted('<path d="M0-6.5 6.5 0 0 6.5-6.5 0z"/>'),
  'taken-back': trusted('<path d="M-5-5 5 5M5-5-5 5"/>'),
  unchanged: trusted('<circle r="4.5"/>'),
}

/**
 * When a target's hosts were switched: a lane each, on one axis that ends now. Places are percents, so that the page needs no script to
 * fit its window and marks keep their size.
 */
export function lanes(hosts: readonly Glance[], now: number): Html | null {
  // Of those that did not answer nothing is known, not even that.
  if (hosts.every(({ silent }) => silent !== null)) return null
  const known = hosts.map((host) => ({ host, events: host.happenings.filter(({ mark }) => mark !== null) }))
  const moments = known.flatMap(({ events }) => events.map(({ at }) => at))
  if (moments.length === 0)
    return html`<h3>Deploys</h3>
<p class="dim">There are no deploys in its history.</p>\n`
  const axis = axisOf(moments, now)
  const scale = ticks(axis, 4).map(({ text }) => html`<span>${text}</span>`)
  const rows = known.map(
    ({ host, events }) => html`<li><span class="host">${host.host}</span>
<svg class="lane" width="100%" height="24" role="img" aria-label="${spoken(host, events)}">
${served(events, axis)}${worstLast(events).flatMap((event) => mark(event, axis))}</svg></li>
`,
  )
  return html`<h3>Deploys</h3>
<figure class="timeline">
<ul>
${rows}</ul>
<div class="scale" aria-hidden="true"><span class="host"></span><div>${scale}</div></div>
<figcaption>${legend(hosts)}</figcaption>
</figure>
`
}

function legend(hosts: readonly Glance[]): readonly Html[] {
  const seen = new Set(hosts.flatMap(({ happenings }) => happenings.map((event) => event.mark)))
  return MARKS.toReversed()
    .filter((mark) => seen.has(mark))
    .map(
      (mark) =>
        html`<span><svg class="sign ${mark}" width="16" height="16" viewBox="-8 -8 16 16" aria-hidden="true">${SHAPES[mark]}</svg> ${MARK_WORDS[mark]}</span>\n`,
    )
}

function mark(event: Happening, axis: Axis): readonly Html[] {
  if (event.mark === null) return []
  return [
    html`<svg class="mark ${event.mark}" x="${percent(along(axis, event.at))}" y="12" overflow="visible"><title>${inWords(event)}</title>${SHAPES[event.mark]}</svg>\n`,
  ]
}

/** What is drawn later lies above what is in the same place. */
function worstLast(events: readonly Happening[]): readonly Happening[] {
  return MARKS.toReversed().flatMap((mark) => events.filter((event) => event.mark === mark))
}

/** A bar for each time that a release was live. */
function served(events: readonly Happening[], axis: Axis): readonly Html[] {
  const switches = events.filter(({ ok }) => ok)
  const before = events[0]?.previous ? [{ at: axis.from, name: null }] : []
  return [...before, ...switches].map(({ at, name }, index, all) => {
    const from = along(axis, at)
    const to = along(axis, all[index + 1]?.at ?? axis.to)
    const words = name === null ? 'an older release' : `${name}, from ${utc(at)}`
    return html`<rect class="served" x="${percent(from)}" y="9" width="${percent(Math.max(0, to - from))}" height="6"><title>${words}</title></rect>\n`
  })
}

function spoken({ host, serves }: Glance, events: readonly Happening[]): string {
  const failed = events.filter(({ ok }) => !ok).length
  return `${host}: ${events.length} times deployed or gone back, ${failed} of them failed; ${serves ? `${serves.name} is live` : 'nothing is live'}`
}

/** `2026-01-02 12:01 UTC: deploy of 1.4.0 by ana@laptop, taken back: …`. */
function inWords({ at, action, name, by, why, mark }: Happening): string {
  const end = why === '' ? (mark === null ? '' : MARK_WORDS[mark]) : why
  return `${utc(at)} UTC: ${action}${name === null ? '' : ` of ${name}`} by ${by}, ${end}`
}

function percent(part: number): string {
  return `${Number((part * 100).toFixed(2))}%`
}
