import { alike } from './alike.ts'
import { foldNames } from './fold-names.ts'

/** An entry of several hosts' histories. */
export interface Entry {
  /** ISO 8601, UTC. */
  readonly at: string
  /** The rollout that it belongs to: entries of one are alike in it. */
  readonly rollout: string
  readonly target: string
  readonly host: string
  readonly action: string
  readonly release: string | null
  readonly version: string | null
  readonly by: string
  readonly from: string
  readonly ok: boolean
  readonly durationMs: number
  /** Why it did not go well; empty where it did. */
  readonly result: string
}

/** Columns that the names of hosts may take; of more, it is told how many. */
const NAMES = 24

/**
 * One entry for each rollout and release, in the order of their coming: `host` names all of its hosts, `at` is when the last of them had
 * ended, `durationMs` what the slowest took, and `result` tells who did not go along.
 */
export function mergedHistory<E extends Entry>(entries: readonly E[]): readonly E[] {
  return alike(entries, ({ rollout, action, release }) => [rollout, action, release].join('\t')).map(merged)
}

function merged<E extends Entry>(entries: readonly [E, ...E[]]): E {
  const [first] = entries
  const one = { ...first, result: withoutOrder(first.result) }
  if (entries.length === 1) return one
  const names = foldNames(entries.map(({ host }) => host).toSorted(byName))
  return {
    ...one,
    at: entries.reduce((last, { at }) => (at > last ? at : last), first.at),
    target: [...new Set(entries.map(({ target }) => target))].join(','),
    host: names.length <= NAMES ? names : `${entries.length} hosts`,
    ok: entries.every(({ ok }) => ok),
    durationMs: Math.max(...entries.map(({ durationMs }) => durationMs)),
    result: resultOf(entries),
  }
}

/** `7 ok; web3 taken back: the app is not healthy`. */
function resultOf(entries: readonly Entry[]): string {
  const failed = alike(
    entries.filter(({ ok }) => !ok),
    ({ result }) => withoutOrder(result),
  )
  if (failed.length === 0) return ''
  const well = entries.filter(({ ok }) => ok).length
  const told = failed.map((all) => `${foldNames(all.map(({ host }) => host).toSorted(byName))} ${withoutOrder(all[0].result)}`)
  return [...(well === 0 ? [] : [`${well} ok`]), ...told].join('; ')
}

/** That somebody told a host to go back is no reason. */
function withoutOrder(result: string): string {
  return result.replace(/: back$/, '')
}

/** As people count: web2 before web10. */
function byName(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true })
}
