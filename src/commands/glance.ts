import { type Glance, markOf } from '../model/glance.ts'
import { UNKNOWN } from '../model/host-state.ts'
import { viewOf } from '../model/host-view.ts'
import type { JobFinding } from '../model/job-findings.ts'
import type { JobView } from '../model/job-view.ts'
import { lockInWords } from '../model/lock.ts'
import type { Facts, HistoryEntry } from '../model/plan.ts'
import { type AppState, NO_APP } from '../tasks/app-state.ts'
import { ago } from '../ui/time.ts'
import type { Answer } from './facts-of.ts'
import { nameAmong } from './release-words.ts'

/** What has been seen on a host beside its facts. */
export interface Seen extends AppState {
  /** Null where nothing says that it has backups. */
  readonly backup: JobView | null
  readonly jobs: readonly JobFinding[]
  /** When backups were last proven to be restorable; null where nobody ever did. */
  readonly proof?: JobView | null
}

/**
 * A host as pictures show it. `versions` knows those of releases that are no longer there; without `seen`, nobody has looked at the app.
 */
export function glanceOf(answer: Answer, seen: Seen | null, versions: ReadonlyMap<string, string> = new Map()): Glance {
  const { target, host, facts } = answer
  const common = { target: target.name, app: target.app, host: host.name }
  if (!facts)
    return {
      ...common,
      path: host.path,
      silent: answer.error.message,
      serves: null,
      previous: null,
      running: null,
      healthy: null,
      freeBytes: null,
      backup: null,
      remarks: [],
      happenings: [],
    }
  const { current, previous, releases } = viewOf(facts)
  const { app, healthy, problem, backup, proof, jobs } = seen ?? { ...NO_APP, backup: null, proof: null, jobs: [] }
  const known = new Map([...versions, ...releases.map(({ id, version }) => [id, version] as const)])
  return {
    ...common,
    path: facts.root,
    silent: null,
    serves: current && {
      name: nameAmong(current, releases),
      id: current.id,
      since: facts.state?.since ? facts.state.since * 1000 : null,
      by: facts.state?.by ?? null,
    },
    previous: previous && nameAmong(previous, releases),
    running: app ? app.running : null,
    healthy,
    freeBytes: facts.freeBytes,
    backup: backup && {
      last: backup.last === null ? null : Date.parse(backup.last),
      ok: backup.ok !== false,
      overdue: backup.overdue,
    },
    remarks: remarksOn(facts, problem, jobs, proof),
    happenings: facts.history.map((entry) => happening(entry, known)),
  }
}

/** What is to be said of a host beside its columns. */
function remarksOn(
  facts: Facts,
  problem: string | null,
  jobs: readonly JobFinding[],
  proof: JobView | null | undefined,
): Glance['remarks'] {
  const wrong = (text: string | null | false) => (text ? [{ text, wrong: true }] : [])
  const also = (text: string | null | false) => (text ? [{ text, wrong: false }] : [])
  return [
    ...wrong(problem),
    ...jobs.flatMap(({ message, remedy }) => wrong(remedy.includes(' install ') ? `${message}: ${remedy}` : message)),
    ...also(proof?.good != null && `backup proven ${ago(new Date(proof.good), new Date())}`),
    ...also(facts.frozen && `frozen by ${lockInWords(facts.frozen)}`),
    ...also(facts.lock && `locked by ${lockInWords(facts.lock)}`),
    ...wrong(facts.unsettled !== null && 'a deploy was cut off: the next one settles it'),
    ...wrong(facts.current.kind === 'foreign' && `current is ${facts.current.what}`),
    ...also(viewOf(facts).pinned.length > 0 && 'pinned'),
  ]
}

function happening(entry: HistoryEntry, versions: ReadonlyMap<string, string>): Glance['happenings'][number] {
  const { at, action, release, previous, by, from, ok, seconds, result } = entry
  const version = release === null ? undefined : versions.get(release)
  return {
    at: at * 1000,
    action,
    mark: markOf(entry),
    name: version === undefined || version === UNKNOWN ? release : version,
    previous,
    by,
    from,
    ok,
    took: seconds * 1000,
    why: ok ? '' : result.replace(/: back$/, ''),
  }
}
