import { isName } from './name.ts'

/**
 * What a host remembers of its releases, in `.releaser/state`: lines of `key<TAB>value…`, written by one rename.
 * Only the client reads and decides; the agent prints it and puts the plan's next state in its place.
 */
export interface HostState {
  readonly releases: readonly HostRelease[]
  /** Ids that served here and may serve again, oldest first; the last one is current, the one before it `previous`. */
  readonly served: readonly string[]
  readonly pinned: readonly string[]
  /** When current became current (seconds since 1970, the host's clock), and who did it. */
  readonly since: number | null
  readonly by: string | null
  /** A hash of how the app is run; where the configuration says otherwise now, a deploy of the same release is no no-op. */
  readonly settings?: string
  /** Ids of the releases that have migrated, oldest first: whoever goes back to an older one is asked. Left out where there are none. */
  readonly migrated?: readonly string[]
  /** The last rollout that went over several hosts, and all of them as `target/host`; left out where there was none. */
  readonly rollout?: { readonly id: string; readonly hosts: readonly string[] }
}

export type ReleaseState = 'staged' | 'active' | 'good' | 'bad' | 'failed'

export interface HostRelease {
  readonly id: string
  /** The directory below `releases/`: the id, or `ID~N` where the release was laid out again. */
  readonly dir: string
  readonly version: string
  readonly digest: string
  readonly state: ReleaseState
  /** What kind of OTP release it is, as one word (`mix/shop/1.4.0`); left out where it is none. */
  readonly layout?: string
  /** The hooks that it brings itself, as words (see own-hooks.ts); left out where there are none. */
  readonly hooks?: readonly string[]
}

/** What does not depend on the host of what it remembers of a release: who has packed it knows it as well. */
export type Recalled = Pick<HostRelease, 'id' | 'version' | 'digest' | 'layout' | 'hooks'>

/** The version and the digest of a release of which a host knows nothing but its id. */
export const UNKNOWN = 'unknown'

/** A release in a word: its version, or its id where nobody knows that. */
export function wordFor({ id, version }: Pick<HostRelease, 'id' | 'version'>): string {
  return version === UNKNOWN ? id : version
}

/** A release in a sentence: `1.4.0 (20261120…-3f2a9c1d)`, or its id alone where nobody knows its version. */
export function calledSo({ id, version }: Pick<HostRelease, 'id' | 'version'>): string {
  return version === UNKNOWN ? id : `${version} (${id})`
}

export const NO_STATE: HostState = { releases: [], served: [], pinned: [], since: null, by: null }

/** The first line; the agent writes it, alone, when it makes the layout. */
const VERSION = 'version\t1'
/** The last line: a state that was cut has none. */
const END = 'end'

const STATES: readonly string[] = ['staged', 'active', 'good', 'bad', 'failed'] satisfies readonly ReleaseState[]

/** The lines of `.releaser/state`, without newlines. */
export function encodeState(state: HostState): string[] {
  return [
    VERSION,
    ...state.releases.map(({ id, dir, version, digest, state, layout }) =>
      ['release', id, dir, version, digest, state, ...(layout === undefined ? [] : [layout])].join('\t'),
    ),
    ...state.releases.flatMap(({ dir, hooks }) => (hooks ? [['hooks', dir, ...hooks].join('\t')] : [])),
    ...state.served.map((id) => `served\t${id}`),
    ...(state.migrated ?? []).map((id) => `migrated\t${id}`),
    ...state.pinned.map((id) => `pinned\t${id}`),
    ...(state.since === null ? [] : [`since\t${state.since}\t${state.by ?? ''}`]),
    ...(state.settings === undefined ? [] : [`settings\t${state.settings}`]),
    ...(state.rollout === undefined ? [] : [['rollout', state.rollout.id, ...state.rollout.hosts].join('\t')]),
    END,
  ]
}

/** Reads what is readable, leaving out lines that are not understood; null where it is not a state at all: lost, to be rebuilt. */
export function decodeState(lines: readonly string[]): HostState | null {
  if (lines[0] !== VERSION || lines.at(-1) !== END) return null
  const rows = lines.map((line) => line.split('\t'))
  const settings = rows.find(([key]) => key === 'settings')?.[1]
  const hooksOf = (dir: string) => rows.find(([key, of]) => key === 'hooks' && of === dir)?.slice(2)
  const migrated = rows.flatMap(([key, id]) => (key === 'migrated' && isNamed(id) ? [id] : []))
  const rollout = rows.find(([key, id]) => key === 'rollout' && isNamed(id))
  const since = rows.find(([key, at]) => key === 'since' && /^\d+$/.test(at ?? ''))
  return {
    releases: rows.flatMap(([key, id, dir, version, digest, state, layout]) =>
      key === 'release' && isNamed(id) && isNamed(dir) && isNamed(version) && digest && state && STATES.includes(state)
        ? [
            {
              id,
              dir,
              version,
              digest,
              state: state as ReleaseState,
              ...(layout ? { layout } : {}),
              ...given('hooks', hooksOf(dir)),
            },
          ]
        : [],
    ),
    served: rows.flatMap(([key, id]) => (key === 'served' && isNamed(id) ? [id] : [])),
    pinned: rows.flatMap(([key, id]) => (key === 'pinned' && isNamed(id) ? [id] : [])),
    since: since ? Number(since[1]) : null,
    by: since?.[2] || null,
    ...(settings ? { settings } : {}),
    ...given('migrated', migrated),
    ...(rollout ? { rollout: { id: rollout[1] ?? '', hosts: rollout.slice(2) } } : {}),
  }
}

/** What becomes a part of paths, or is looked up and shown, keeps the grammar of names: a host can write there what it likes. */
function isNamed(word: string | undefined): word is string {
  return word !== undefined && isName(word)
}

/** A list under its name; nothing at all where it is empty. */
function given<K extends string>(key: K, list: readonly string[] = []): { readonly [P in K]?: readonly string[] } {
  return list.length === 0 ? {} : ({ [key]: list } as { readonly [P in K]: readonly string[] })
}
