import { markOf } from './glance.ts'
import type { Facts, HistoryEntry, SwitchAction } from './plan.ts'
import { rolloutOf } from './transaction.ts'

/** That a rollout stays on all of its hosts, as a machine wrote it down before it told the first of them. */
export interface Verdict {
  readonly rollout: string
  /** ISO 8601, UTC. */
  readonly at: string
  /** `user@machine` of the person or the CI job. */
  readonly by: string
  readonly action: SwitchAction
  readonly hosts: readonly JudgedHost[]
}

export interface JudgedHost {
  readonly target: string
  readonly host: string
  readonly release: { readonly id: string; readonly version: string }
}

/** What its hosts say of a rollout that was to stay. */
export interface Fate {
  readonly on: readonly JudgedHost[]
  readonly back: readonly JudgedHost[]
  /** Those that do not answer, were not asked, or have not settled it: nobody knows which end they come to. */
  readonly unknown: readonly JudgedHost[]
}

interface Asked {
  readonly target: { readonly name: string }
  readonly host: { readonly name: string }
  /** Null where it did not answer. */
  readonly facts: Facts | null
}

/**
 * How a rollout stands, by what these hosts say: `over` where all came to one end or have moved on since, `going on` where somebody is
 * at work there.
 */
export function fateOf(verdict: Verdict, hosts: readonly Asked[]): Fate | 'over' | 'going on' {
  const asked = verdict.hosts.map((judged) => {
    const found = hosts.find(({ target, host }) => target.name === judged.target && host.name === judged.host)
    return { judged, end: endOn(found?.facts ?? null, judged, verdict) }
  })
  const those = (end: End) => asked.flatMap((each) => (each.end === end ? [each.judged] : []))
  if (those('busy').length > 0) return 'going on'
  const fate = { on: those('on'), back: those('back'), unknown: those('unknown') }
  const same = fate.unknown.length === 0 && (fate.on.length === 0 || fate.back.length === 0)
  return same || those('moved').length > 0 ? 'over' : fate
}

type End = 'on' | 'back' | 'moved' | 'busy' | 'unknown'

function endOn(facts: Facts | null, { release }: JudgedHost, { rollout }: Verdict): End {
  if (facts === null) return 'unknown'
  if (facts.lock) return 'busy'
  if (facts.unsettled !== null) return rolloutOf(facts.unsettled) === rollout ? 'unknown' : 'busy'
  const isOurs = (entry: HistoryEntry) => rolloutOf(entry.transaction) === rollout
  const switches = facts.history.filter((entry) => markOf(entry) !== null)
  // What was taken back since has changed nothing.
  const last = switches.findLast((entry) => entry.ok || isOurs(entry))
  if (last && isOurs(last)) return last.ok ? 'on' : 'back'
  if (switches.some(isOurs)) return 'moved'
  // A full disk may have kept it from writing down how it ended: the link says it.
  return facts.current.kind === 'link' && facts.current.dir.split('~')[0] === release.id ? 'on' : 'back'
}
