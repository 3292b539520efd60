import { alike } from '../model/alike.ts'
import { foldNames } from '../model/fold-names.ts'
import { size } from '../model/size.ts'
import type { Target } from '../model/target.ts'
import type { HostOutcome } from '../rollout/host.ts'
import { type Column, fitted } from '../ui/fitted.ts'
import type { Screen } from '../ui/screen.ts'
import { table } from '../ui/table.ts'
import { span } from '../ui/time.ts'
import { nameAmong } from './release-words.ts'
import type { Rolled } from './roll.ts'

/** What has become of a host in a switch, in words. */
export interface HostRow {
  /** Empty where there is but one. */
  readonly app: string
  readonly host: string
  readonly from: string
  readonly to: string
  readonly sentBytes: number
  /** Null where nothing was done. */
  readonly durationMs: number | null
  /** `good` where the app was asked, and was well; `-` where nobody asked. */
  readonly health: 'good' | '-'
}

export function hostRows({ hosts, plans }: Pick<Rolled, 'hosts' | 'plans'>, targets: readonly Target[]): readonly HostRow[] {
  const keyOf = ({ target, host }: { readonly target: string; readonly host: string }) => `${target}\t${host}`
  const planned = new Map(plans.map((plan) => [keyOf(plan), plan]))
  const apps = new Map(targets.map(({ name, app }) => [name, app]))
  const several = new Set(apps.values()).size > 1
  return hosts.map((outcome) => {
    const { target, host, previous, current, sentBytes, durationMs, state } = outcome
    const plan = planned.get(keyOf(outcome))
    const there = [...(plan?.next.releases ?? []), ...(plan?.bad.releases ?? [])]
    const named = (id: string | null): string =>
      id === null ? '-' : nameAmong(there.find((release) => release.id === id) ?? { id, version: '' }, there)
    return {
      app: several ? (apps.get(target) ?? '-') : '',
      host,
      from: named(previous),
      to: state === 'skipped' ? 'left out' : `${named(current)}${lags(outcome) ? ' (stays behind)' : ''}`,
      sentBytes,
      durationMs: state === 'idle' || state === 'skipped' ? null : durationMs,
      health: state === 'done' && plan?.steps.some(({ step }) => step === 'health') ? 'good' : '-',
    }
  })
}

/** Whether a host failed while the others went on. */
export function lags({ ok, state }: HostOutcome): boolean {
  return !ok && state !== 'skipped'
}

/** A row a host, however many they are. */
export function hostTable(rows: readonly HostRow[]): string {
  const several = rows.some(({ app }) => app !== '')
  return table(
    [...(several ? ['app'] : []), 'host', 'from', 'to', 'sent', 'time', 'health'],
    rows.map(({ app, host, from, to, sentBytes, durationMs, health }) => [
      ...(several ? [app] : []),
      host,
      from,
      to,
      size(sentBytes),
      durationMs === null ? '-' : span(durationMs),
      health,
    ]),
    ['sent', 'time'],
  )
}

/** Lines of a window beside the rows: headings, a blank one, what has come of it, and where the next command is typed. */
const BESIDE = 5

const COLUMNS: readonly Column[] = [
  { heading: 'app', worth: 9 },
  { heading: 'hosts', least: 16 },
  { heading: 'number', right: true, worth: 5 },
  { heading: 'from', worth: 7 },
  { heading: 'to' },
  { heading: 'sent in all', right: true, worth: 1 },
  { heading: 'longest', right: true, worth: 3 },
  { heading: 'health', worth: 4 },
]

/** The same for a window: where the hosts are more than its lines, those that ended alike share one. */
export function hostPicture(rows: readonly HostRow[], screen: Screen): string {
  if (rows.length + BESIDE <= screen.rows) return hostTable(rows)
  const groups = alike(rows, ({ app, from, to, health, durationMs }) =>
    [app, from, to, health, durationMs === null].join('\t'),
  ).map((group) => {
    const [{ app, from, to, health, durationMs }] = group
    const longest = Math.max(...group.map((row) => row.durationMs ?? 0))
    return {
      cells: [
        app,
        foldNames(group.map(({ host }) => host)),
        String(group.length),
        from,
        to,
        size(group.reduce((sum, { sentBytes }) => sum + sentBytes, 0)),
        durationMs === null ? '-' : span(longest),
        health,
      ].map((text) => ({ text })),
    }
  })
  const { head, rows: lines } = fitted(COLUMNS, groups, screen)
  return [head, ...lines].join('\n')
}
