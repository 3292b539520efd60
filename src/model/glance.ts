import type { HistoryEntry } from './plan.ts'

/** A host at one look, as pictures and the page of `report` show it. Times are milliseconds since 1970. */
export interface Glance {
  readonly target: string
  readonly app: string
  readonly host: string
  readonly path: string
  /** Why it could not be asked; null where it answered. All below is empty then. */
  readonly silent: string | null
  /** What is live there, by a word that works as a REF, and by its id. */
  readonly serves: {
    readonly name: string
    readonly id: string
    readonly since: number | null
    readonly by: string | null
  } | null
  /** Where a rollback would go, by such a word. */
  readonly previous: string | null
  /** Null where nothing says how the app is run, or what it should answer. */
  readonly running: boolean | null
  readonly healthy: boolean | null
  readonly freeBytes: number | null
  /** Null where none are set up. */
  readonly backup: Backup | null
  /** What else is to be said; `wrong` where somebody should do something about it. */
  readonly remarks: readonly { readonly text: string; readonly wrong: boolean }[]
  /** Oldest first. */
  readonly happenings: readonly Happening[]
}

/** How a host's backups are. */
export interface Backup {
  /** When the last one was made; null: never. */
  readonly last: number | null
  readonly ok: boolean
  readonly overdue: boolean
}

/** An entry of a host's history. */
export interface Happening {
  /** When it ended. */
  readonly at: number
  readonly action: string
  /** What came of it, where it was to switch `current`. */
  readonly mark: Mark | null
  /** The release by its version, or its id where no version is known. */
  readonly name: string | null
  /** The id of what served before. */
  readonly previous: string | null
  readonly by: string
  /** The machine they were at, or the address of the CI job. */
  readonly from: string
  readonly ok: boolean
  /** How long it took, in milliseconds; hosts count whole seconds. */
  readonly took: number
  /** Why it failed; empty where it went well. */
  readonly why: string
}

/** A release went live, by a deploy or by going back; or it did not, and the host took it back, or had not changed yet. */
export type Mark = 'live' | 'back' | 'taken-back' | 'unchanged'

/** Every mark, the worst first. */
export const MARKS: readonly Mark[] = ['taken-back', 'unchanged', 'back', 'live']

/** What a mark means, in the words of a legend. */
export const MARK_WORDS: { readonly [K in Mark]: string } = {
  live: 'deployed',
  back: 'went back',
  'taken-back': 'failed, taken back',
  unchanged: 'failed, nothing changed',
}

const SWITCHES: { readonly [action: string]: Mark } = { deploy: 'live', activate: 'live', rollback: 'back' }

/** The mark of an entry; null for what never switches, such as a pin. */
export function markOf({ action, ok, result }: Pick<HistoryEntry, 'action' | 'ok' | 'result'>): Mark | null {
  const mark = Object.hasOwn(SWITCHES, action) ? SWITCHES[action] : undefined
  if (mark === undefined) return null
  return ok ? mark : result.startsWith('taken back') ? 'taken-back' : 'unchanged'
}

/** Glances by their target, in the order of their coming. */
export function byTarget(glances: readonly Glance[]): ReadonlyMap<string, readonly Glance[]> {
  const groups = new Map<string, Glance[]>()
  for (const glance of glances) groups.set(glance.target, [...(groups.get(glance.target) ?? []), glance])
  return groups
}

/** What a target's hosts serve: each release with its hosts, the one that most of them serve first. */
export function servedBy(
  hosts: readonly Glance[],
): readonly { readonly id: string; readonly name: string; readonly hosts: readonly Glance[] }[] {
  const serving = new Map<string, { id: string; name: string; hosts: Glance[] }>()
  for (const host of hosts) {
    if (!host.serves) continue
    const { id, name } = host.serves
    const known = serving.get(id) ?? { id, name, hosts: [] }
    serving.set(id, { ...known, hosts: [...known.hosts, host] })
  }
  // Of as many hosts each, the newer release first.
  return [...serving.values()].sort((a, b) => b.hosts.length - a.hosts.length || (a.id < b.id ? 1 : -1))
}
