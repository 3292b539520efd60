import { ago } from '../time.ts'
import { type Html, html } from './html.ts'

/** A moment (milliseconds since 1970) to the minute, in UTC. */
export function utc(at: number): string {
  return new Date(at).toISOString().slice(0, 16).replace('T', ' ')
}

/** The same for a page: machines read it too. */
export function moment(at: number): Html {
  return html`<time datetime="${new Date(at).toISOString()}">${utc(at)}</time>`
}

/** With how long that was ago when the page was made, and who did it. */
export function momentAgo(at: number, now: number, by: string | null = null): Html {
  return html`${moment(at)} <span class="dim ago">${ago(new Date(at), new Date(now))}${by === null ? null : ` by ${by}`}</span>`
}
