import { byTarget, type Glance } from '../model/glance.ts'
import type { Entry } from '../model/merged-history.ts'
import { type Column, fitted } from './fitted.ts'
import { oneLine } from './sanitize.ts'
import type { Screen } from './screen.ts'
import { span } from './time.ts'
import { legend, timeline } from './timeline.ts'

/** How an entry is told: when, of which release, and how it ended. */
export function told({ at, version, ok, result, durationMs }: Entry) {
  return {
    when: at.replace('T', ' ').slice(0, 19),
    release: version ?? '-',
    result: ok ? 'ok' : result,
    took: durationMs < 1000 ? '<1 s' : span(durationMs),
  }
}

const COLUMNS: readonly Column[] = [
  { heading: 'when (UTC)' },
  { heading: 'target', worth: 7 },
  { heading: 'host', worth: 8, least: 5 },
  { heading: 'what' },
  { heading: 'release', least: 12 },
  { heading: 'by', worth: 5 },
  { heading: 'from', worth: 1 },
  { heading: 'took', right: true, worth: 3 },
  { heading: 'result', worth: 9 },
]

/** What happened, newest first, in a table that fits the window; below it when the hosts of each target were switched. */
export function historyPicture(entries: readonly Entry[], glances: readonly Glance[], now: number, screen: Screen): string {
  if (entries.length === 0) return 'nothing has happened there yet'
  const { green, red, bold } = screen.style
  const targets = [...byTarget(glances)]
  const rows = entries.map((entry) => {
    const { when, release, result, took } = told(entry)
    const from = entry.by.endsWith(`@${entry.from}`) ? '-' : entry.from
    return {
      cells: [
        { text: when },
        { text: targets.length > 1 ? entry.target : '-' },
        { text: entry.host },
        { text: entry.action },
        { text: release },
        { text: entry.by },
        { text: from },
        { text: took },
        entry.ok ? { text: 'ok', paint: green } : { text: 'failed', paint: red },
      ],
      ...(entry.ok ? {} : { remark: { text: result, paint: red } }),
    }
  })
  const { head, rows: lines } = fitted(COLUMNS, rows, screen)
  const lanes = targets.flatMap(([target, hosts]) => {
    const drawn = timeline(hosts, now, screen)
    return drawn.length === 0 ? [] : ['', ...(targets.length > 1 ? [bold(oneLine(target))] : []), ...drawn]
  })
  return [head, ...lines, ...lanes, ...(lanes.length === 0 ? [] : ['', ...legend(glances, screen)])].join('\n')
}
