import type { Target } from './config.ts'

/**
 * How the app of one release is started, stopped and asked, decided. Each is a script for `sh -c`, run in the physical directory of
 * that release with the app's environment; null where this runner cannot do it. `rpc` and `eval` get the expression as `$1`.
 */
export interface Service {
  readonly runner: 'commands' | 'mix' | 'distillery' | 'relx'
  /** Stays in the foreground and then is the app, or exits with 0 once it has daemonised, and then `pid` says which process it is. */
  readonly start: string
  /** Asks it to stop; the pid is waited for afterwards. Null: it gets TERM. */
  readonly stop: string | null
  readonly restart: string | null
  readonly ping: string | null
  /** Prints the process id of the running app; fails where it does not run. */
  readonly pid: string | null
  readonly version: string | null
  readonly console: string | null
  readonly rpc: string | null
  readonly eval: string | null
}

/** What a release turned out to be, told by the files in it: an OTP release of this name and version, and which tool made it. */
export interface Layout {
  readonly kind: 'mix' | 'distillery' | 'relx'
  readonly name: string
  readonly version: string
}

/** Whose systemd runs an app: the machine's, where root logs in; that of a user who lingers; the machine's, reached by `sudo -n`. */
export type UnitKind = 'systemd' | 'systemd-user' | 'systemd-sudo'

/** The unit by which systemd runs an app; `text` null where it is not installed as it should be. */
export interface AppUnit {
  readonly kind: UnitKind
  readonly name: string
  readonly text: string | null
}

/** Whether this runner has systemd run the app. */
export function isSystemd(runner: Target['runner']): boolean {
  return runner === 'systemd' || (typeof runner === 'object' && runner.systemd === true)
}

/** Of a plan that lets the app be. */
export const NO_SERVICES = { old: null, new: null } as const

/** A service at its place: the directory below `releases/` that its scripts run in, and how patiently it is stopped and started. Times are seconds. */
export interface PlacedService {
  readonly dir: string
  readonly service: Service
  /** By which systemd runs it from `current`; null: the agent starts it, as a process of its own session. */
  readonly unit: AppUnit | null
  /** How long its own stop may take before TERM; KILL follows only where `kill` says so. */
  readonly stopSeconds: number
  readonly kill: boolean
  /** How long it may take after its start until it says its process id and its version. */
  readonly patience: number
  /** What its version command has to say; null where it has none, or nobody knows. */
  readonly says: string | null
}
