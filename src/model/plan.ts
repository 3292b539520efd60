import type { HostState, Recalled } from './host-state.ts'
import type { HostUser } from './host-user.ts'
import type { Libc } from './platform.ts'
import type { AppUnit, PlacedService } from './service.ts'
import type { Signature } from './signature.ts'
import type { Step, Steps } from './steps.ts'

export type { BootKind, Step, StepKind, Steps } from './steps.ts'

/** What switches `current`: from the store, back along what served, or to any release that lies on the hosts. */
export type SwitchAction = 'deploy' | 'rollback' | 'activate'

/** Everything that will happen on one host, decided before anything is done. The same data in tests, `--dry-run` and on the wire. */
export interface Plan {
  readonly action:
    | SwitchAction
    | 'prune'
    | 'delete'
    | 'pin'
    | 'unpin'
    | 'lock'
    | 'unlock'
    | 'setup'
    | 'mend'
    | 'start'
    | 'stop'
    | 'restart'
    | 'migrate'
    | 'restore'
  readonly app: string
  readonly target: string
  readonly host: string
  readonly release: { readonly id: string; readonly version: string; readonly digest: string } | null
  /** The release that serves now. */
  readonly from: string | null
  /** The host's sequence number that this plan was made for; where it has moved, the plan is void. */
  readonly seq: number
  readonly transfer: Transfer | null
  /** The app as a process: of the release that leaves, and of the one that comes. */
  readonly services: { readonly old: PlacedService | null; readonly new: PlacedService | null }
  /** The app's environment, for every command of the release that comes. */
  readonly appEnv: Readonly<Record<string, string>>
  readonly steps: readonly Step[]
  /** What the host remembers when all went well, and when a hook of the release failed: before the switch, and after it. */
  readonly next: HostState
  readonly failed: HostState
  readonly bad: HostState
  /** `RELEASER_*` for every command of this plan. */
  readonly env: Readonly<Record<string, string>>
  /** Hooks for the way back, laid by on the host before they are needed. */
  readonly back?: WayBack
  /** Ids of releases that have migrated, which this plan goes back across. */
  readonly across?: readonly string[]
  /** What will travel, for a dry run. */
  readonly forecast?: Forecast
}

/** What a plan will send to a host, uncompressed, and the room it takes there. */
export interface Forecast {
  readonly files: number
  readonly bytes: number
  /** How many files the release has. */
  readonly of: number
  /** False where not all releases there are known here: then less may have to travel. */
  readonly exact: boolean
  readonly room: {
    readonly bytes: number
    readonly inodes: number
    readonly freeBytes: number | null
    readonly freeInodes: number | null
  }
}

/** What a host runs while it takes back: `env` goes over the plan's own, since the old release is the one that comes then. */
export interface WayBack {
  readonly hooks: readonly Steps['command'][]
  readonly env: Readonly<Record<string, string>>
}

/** How a release's files come to the host. */
export interface Transfer {
  /** A release there whose manifest is the base of the manifest that travels; null: it travels whole. */
  readonly base: string | null
  /** Directories below `releases/` from which unchanged files are taken, and how. */
  readonly reuse: { readonly from: readonly { readonly id: string; readonly dir: string }[]; readonly by: 'copy' | 'hardlink' }
}

/** What a host says of itself, in one question. */
export interface Facts {
  /** The physical path of the deploy directory, or what was asked for where it does not exist yet. */
  readonly root: string
  readonly exists: boolean
  readonly writable: boolean
  /** Layout format; null where there is no `.releaser` yet. */
  readonly format: number | null
  readonly identity: { readonly app: string; readonly target: string } | null
  readonly seq: number
  /** Seconds since 1970 by the host's clock. */
  readonly time: number
  /** As `uname -sm` says it: `Linux x86_64`. */
  readonly system: string
  /** The C libraries that programs find there; none where that is not known. */
  readonly libcs: readonly Libc[]
  readonly tools: readonly string[]
  readonly user: HostUser
  /** Whether systemd runs there. */
  readonly systemd: boolean
  /** The hash of the app's environment as it lies there; null where it has none. */
  readonly appEnv: string | null
  /** The app's process, and the directory below `releases/` that it was started from; null where none is known to run. */
  readonly app: { readonly pid: number; readonly dir: string } | null
  /** The unit that we have installed for the app, and whether systemd runs it or is about to; null where there is none. */
  readonly unit: (AppUnit & { readonly active: boolean }) | null
  /** The sha256 of `releases/COOKIE` of each release of mix there. */
  readonly cookies: readonly { readonly id: string; readonly sha256: string }[]
  /** What starts our agent at boot there, word for word; null where nothing does, or it has been removed by hand. */
  readonly boot: { readonly kind: string; readonly text: string } | null
  /** Null where the file system does not count them, or the host cannot say. */
  readonly freeBytes: number | null
  readonly freeInodes: number | null
  /** What attempts that were cut off left of releases: the next run takes it up or clears it away, so that it counts as free. */
  readonly partial: { readonly bytes: number; readonly inodes: number }
  /** Where the file system of the deploy path is mounted, as far as the host knows. */
  readonly mount: string | null
  /** What `current` is: the directory below `releases/` that it points to, nothing, or something that is not ours. */
  readonly current:
    | { readonly kind: 'link'; readonly dir: string }
    | { readonly kind: 'none' }
    | { readonly kind: 'foreign'; readonly what: string }
  /** Directories below `releases/`. */
  readonly dirs: readonly string[]
  /** Ids of the releases whose manifest lies on the host. */
  readonly manifests: readonly string[]
  /** What is there of signatures of releases; nobody has verified it. */
  readonly signatures: readonly (Signature & { readonly id: string })[]
  /** Those of them in which a process lives, as far as we may see; null where nobody asked. */
  readonly inUse: readonly string[] | null
  /** Links to `shared/` that were laid over the tree in `releases/DIR`. */
  readonly overlays: readonly { readonly dir: string; readonly path: string; readonly target: string }[]
  /** Files that were rendered from templates in `releases/DIR`, and the mark of what went into them. */
  readonly rendered: readonly { readonly dir: string; readonly path: string; readonly mark: string }[]
  /** Null where there is none, or it is broken: rebuilt from what lies on the disk. */
  readonly state: HostState | null
  /** What this machine knows of releases that the host has and does not know any more; left out where nobody has looked. */
  readonly recalled?: readonly Recalled[]
  readonly lock: Lock | null
  /** Who froze this host by hand; the freeze lasts until `unlock`. */
  readonly frozen: Lock | null
  /** A transaction that nobody finished: the next run settles it first. */
  readonly unsettled: string | null
  /** Somebody died with the lock in hand: the next run clears away what is left of it. */
  readonly litter: boolean
  /** What the host took back or finished by itself since the last deploy, newest last. */
  readonly history: readonly HistoryEntry[]
}

export interface Lock {
  readonly by: string
  /** Seconds since 1970, the host's clock. */
  readonly since: number
  readonly message: string
  /** The machine they are at, or the address of the CI job. */
  readonly where: string
  /** Made by hand: it does not end by itself. */
  readonly frozen: boolean
}

export interface HistoryEntry {
  readonly at: number
  readonly transaction: string
  readonly action: string
  readonly release: string | null
  readonly previous: string | null
  readonly by: string
  readonly from: string
  readonly ok: boolean
  readonly seconds: number
  readonly result: string
}

/** What happens while a command runs; read by a list on a TTY, by plain lines in CI, by JSON lines. `host` null: here. */
export type Progress =
  | {
      readonly event: 'step'
      readonly host: string | null
      readonly step: string
      readonly state: 'start' | 'ok' | 'failed' | 'undone'
      readonly detail?: string
    }
  | {
      readonly event: 'progress'
      readonly host: string | null
      readonly step: string
      readonly done: number
      readonly total: number
    }
  | { readonly event: 'output'; readonly host: string | null; readonly step: string; readonly line: string }
  | { readonly event: 'note'; readonly host: string | null; readonly message: string; readonly result?: object }

export type Observe = (progress: Progress) => void
