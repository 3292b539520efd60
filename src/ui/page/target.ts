import { type Glance, servedBy } from '../../model/glance.ts'
import { count, size } from '../../model/size.ts'
import { durations, lasted } from './durations.ts'
import { type Html, html } from './html.ts'
import { lanes } from './lanes.ts'
import { moment, momentAgo } from './moment.ts'
import { table } from './table.ts'

/** Entries of the history that a target shows. */
const ENTRIES = 20

const NOTHING = html`<span class="dim">–</span>`

/** How a target is, in one word for its badge and a few for people. */
export function stateOf(hosts: readonly Glance[]): { readonly kind: 'good' | 'warn' | 'bad'; readonly words: string } {
  const silent = hosts.filter((host) => host.silent !== null).length
  if (silent > 0) return { kind: 'bad', words: `no answer from ${silent} of ${count(hosts.length, 'host')}` }
  if (hosts.some(({ remarks }) => remarks.some(({ wrong }) => wrong))) return { kind: 'bad', words: 'needs a look' }
  const served = servedBy(hosts)
  const empty = hosts.some(({ serves }) => serves === null)
  const [only] = served
  if (!only) return { kind: 'warn', words: 'nothing is deployed' }
  if (served.length > 1 || empty) return { kind: 'warn', words: 'hosts differ' }
  return { kind: 'good', words: `${only.name} is live` }
}

/** All about one target: its hosts, its timeline, how long deploys took, what happened. `id` is where links go. */
export function targetSection(id: string, name: string, hosts: readonly Glance[], now: number): Html {
  const { kind, words } = stateOf(hosts)
  const apps = [...new Set(hosts.map(({ app }) => app))].join(', ')
  return html`<section class="card" id="${id}" aria-labelledby="${id}-name">
<header><h2 id="${id}-name">${name}</h2> <span class="dim">${apps}, ${count(hosts.length, 'host')}</span> <span class="badge ${kind}">${words}</span></header>
${hostsTable(name, hosts, now)}${lanes(hosts, now)}${durations(hosts)}${happened(name, hosts)}</section>
`
}

function hostsTable(name: string, hosts: readonly Glance[], now: number): Html {
  const most = servedBy(hosts)[0]?.id ?? null
  const headings = ['Host', 'Live', 'Since', 'Before', 'App', 'Free', 'Backups', 'Remarks']
  return table(
    `The hosts of ${name}`,
    headings.map((heading) => (heading === 'Free' ? { heading, right: true } : { heading })),
    hosts.map((host) => hostRow(host, most, now)),
  )
}

function hostRow(host: Glance, most: string | null, now: number): readonly Html[] {
  const { serves, previous, running, healthy, freeBytes, remarks, silent } = host
  const called = html`${host.host}<span class="dim path">${host.path}</span>`
  if (silent !== null) {
    const blanks = Array.from({ length: 5 }, () => NOTHING)
    return [called, html`<span class="bad">no answer</span>`, ...blanks, html`<span class="bad">${silent}</span>`]
  }
  const differs = serves && serves.id !== most ? html` <span class="warn">unlike the others</span>` : null
  return [
    called,
    serves
      ? html`<strong>${serves.name}</strong>${differs}<span class="dim id">${serves.id === serves.name ? '' : serves.id}</span>`
      : NOTHING,
    serves?.since ? momentAgo(serves.since, now, serves.by) : NOTHING,
    previous === null ? NOTHING : html`${previous}`,
    appWords(running, healthy),
    freeBytes === null ? NOTHING : html`${size(freeBytes)}`,
    backupWords(host, now),
    remarks.length === 0
      ? NOTHING
      : html`${remarks.map(({ text, wrong }) => html`<span class="${wrong ? 'remark bad' : 'remark'}">${text}</span>`)}`,
  ]
}

function appWords(running: boolean | null, healthy: boolean | null): Html {
  const runs = running === null ? null : running ? html`runs` : html`<span class="bad">down</span>`
  const well =
    healthy === null ? null : healthy ? html`<span class="good">healthy</span>` : html`<span class="bad">not healthy</span>`
  if (!runs && !well) return NOTHING
  return html`<span class="short">${runs}${runs && well ? ', ' : ''}${well}</span>`
}

function backupWords({ backup }: Glance, now: number): Html {
  if (backup === null) return html`<span class="dim short">no backups set up</span>`
  const { last, ok, overdue } = backup
  const words = ok
    ? overdue
      ? html`<span class="warn">overdue</span>`
      : html`<span class="good">good</span>`
    : html`<span class="bad">failed</span>`
  return html`${words} ${last === null ? html`<span class="dim">never</span>` : momentAgo(last, now)}`
}

function happened(name: string, hosts: readonly Glance[]): Html | null {
  const all = hosts
    .flatMap(({ host, happenings }) => happenings.map((event) => ({ ...event, host })).reverse())
    .sort((a, b) => b.at - a.at)
  if (all.length === 0) return null
  const rows = all
    .slice(0, ENTRIES)
    .map((event) => [
      moment(event.at),
      html`${event.host}`,
      html`${event.action}`,
      event.name === null ? NOTHING : html`${event.name}`,
      html`${event.by}${place(event)}`,
      html`${lasted(event.took)}`,
      event.ok ? html`<span class="good">ok</span>` : html`<span class="bad why">${event.why}</span>`,
    ])
  const headings = ['When (UTC)', 'Host', 'What', 'Release', 'By', 'Took', 'Result']
  const older = all.length - rows.length
  return html`<h3>What happened</h3>
${table(
  `What happened on ${name}, newest first`,
  headings.map((heading) => (heading === 'Took' ? { heading, right: true } : { heading })),
  rows,
)}${older > 0 ? html`<p class="dim">And ${older} before that: <code>releaser history target=${name} limit=${all.length}</code></p>\n` : null}`
}

/** Where they were, as far as the name does not say it: text and no link, since whoever deployed wrote it. */
function place({ by, from }: Glance['happenings'][number]): Html | null {
  return from === '' || by.endsWith(`@${from}`) ? null : html`<span class="dim from">${from}</span>`
}
