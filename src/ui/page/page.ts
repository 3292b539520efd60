import { createHash } from 'node:crypto'
import { byTarget, type Glance } from '../../model/glance.ts'
import { count } from '../../model/size.ts'
import { type Html, html, htmlText, trusted } from './html.ts'
import { moment } from './moment.ts'
import { type PageRelease, releasesSection } from './releases.ts'
import { STYLE } from './style.ts'
import { stateOf, targetSection } from './target.ts'

/** All that a page tells. */
export interface PageData {
  /** When it was asked for, milliseconds since 1970. */
  readonly at: number
  /** The version of the releaser that makes it. */
  readonly version: string
  readonly glances: readonly Glance[]
  /** Of the store, newest first. */
  readonly releases: readonly PageRelease[]
}

/** How each such page begins: by this one is known that may be written over. */
export const BEGINNING = '<!doctype html>\n<!-- made by releaser report -->\n'

const DAY = 24 * 60 * 60 * 1000

/** Nothing but our own style is obeyed, and nothing is fetched. */
const POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'`

/** One page that needs nothing else: no script, no font, no picture from anywhere. Whatever the data hold, it stays text. */
export function page(data: PageData): string {
  const { at, glances, releases } = data
  const targets = [...byTarget(glances)]
  const apps = [...new Set([...glances.map(({ app }) => app), ...releases.map(({ app }) => app)])]
  const body = html`<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${trusted(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>Deploys of ${apps.join(', ')}</title>
<style>${trusted(STYLE)}</style>
</head>
<body>
<header class="top">
<h1>Deploys of ${apps.join(', ')}</h1>
<p class="dim">As of ${moment(at)} UTC, by releaser ${data.version}</p>
</header>
<main>
${tiles(data, targets.length)}${targets.length > 1 ? contents(targets) : null}${targets.map(([name, hosts], index) => targetSection(`target-${index + 1}`, name, hosts, at))}${[
  ...new Set(releases.map(({ app }) => app)),
].map((app) =>
  releasesSection(
    app,
    releases.filter((release) => release.app === app),
    at,
  ),
)}</main>
</body>
</html>
`
  return BEGINNING + htmlText(body)
}

function tiles({ at, glances }: PageData, targets: number): Html {
  const silent = glances.filter((glance) => glance.silent !== null).length
  const recent = glances.flatMap(({ happenings }) => happenings.filter((each) => each.mark !== null && each.at > at - 30 * DAY))
  const failed = recent.filter(({ ok }) => !ok).length
  const tile = (what: string, number: number, more: Html | null = null) =>
    html`<div><dt>${what}</dt><dd>${number}${more}</dd></div>\n`
  const also = (number: number, words: string) => (number === 0 ? null : html` <span class="bad">${number} ${words}</span>`)
  return html`<dl class="tiles">
${tile('Targets', targets)}${tile('Hosts', glances.length, also(silent, 'without answer'))}${tile('Deploys in 30 days, on each host', recent.length, also(failed, 'failed'))}${tile(
  'Hosts with backups',
  glances.filter(({ backup }) => backup !== null).length,
  also(glances.filter(({ backup }) => backup && (!backup.ok || backup.overdue)).length, 'not good'),
)}</dl>
`
}

function contents(targets: readonly (readonly [string, readonly Glance[]])[]): Html {
  const links = targets.map(([name, hosts], index) => {
    const { kind, words } = stateOf(hosts)
    return html`<li><a href="#target-${index + 1}">${name}</a> <span class="dim">${count(hosts.length, 'host')}</span> <span class="badge ${kind}">${words}</span></li>\n`
  })
  return html`<nav class="card" aria-label="Targets"><ul>
${links}</ul></nav>
`
}
