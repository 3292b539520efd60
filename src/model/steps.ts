import type { JobRows } from './job.ts'
import type { AppUnit } from './service.ts'
import type { Signature } from './signature.ts'

/** What each kind of step on a host must know. The agent has one function for each. */
export interface Steps {
  /** Wait until the client says that `release` is sent, then check that its staged tree was verified. */
  receive: { readonly release: string; readonly digest: string }
  /** Lay links to `shared/` over the staged tree. */
  link: { readonly release: string; readonly dirs: readonly string[]; readonly files: readonly string[] }
  /** Verify that one of these public keys has signed the digest, where the host can; null: anybody may have. Keep the signature. */
  signed: {
    readonly release: string
    readonly digest: string
    readonly signers: readonly string[] | null
    readonly signature: Signature
  }
  /** Give the staged tree its name: `releases/DIR`. */
  publish: { readonly release: string; readonly dir: string; readonly digest: string }
  /** Run a command of the config in the physical directory of a release. */
  command: {
    readonly hook: string
    readonly run: string
    readonly dir: string
    readonly seconds: number
    readonly ignoreFailure: boolean
    /** Whose environment it gets: that of the release that leaves, or of the one that comes. */
    readonly release: 'old' | 'new'
  }
  /** Lay a release out once more from its own directory on the host, checked as if it had been sent. */
  again: {
    readonly release: string
    readonly digest: string
    readonly from: string
    readonly by: 'copy' | 'hardlink'
  }
  /** Wait until the client says that the job with this data has made a backup, here and everywhere else; null: there is nothing to back up yet. */
  backup: { readonly rows: JobRows | null }
  /** Put the app's environment in the place of the one that is there. */
  configure: Readonly<Record<never, never>>
  /** Put the app's environment into files of a release that does not serve yet. `mark` is remembered with each. */
  render: {
    readonly dir: string
    readonly templates: readonly { readonly from: string; readonly to: string; readonly mode?: string }[]
    readonly mark: string
    /** Names of variables that are shown nowhere: what they go into is its owner's alone. */
    readonly secrets: readonly string[]
  }
  /** Take what was unpacked of a backup under this transaction; the release in `dir` serves now. */
  take: { readonly key: string; readonly backup: string; readonly dir: string }
  /** Put paths of a backup in the place of what is there, which stays aside until all is confirmed. */
  replace: { readonly paths: readonly string[] }
  /** Run the target's `restore` in the release in `dir`. */
  refill: { readonly run: string; readonly dir: string; readonly seconds: number }
  /** Wait for the client's word: `begin`, all hosts are locked; `activate`, everything is ready here and everywhere else. */
  await: { readonly word: 'begin' | 'activate' }
  /** From here on a failure takes back. */
  depart: Readonly<Record<never, never>>
  /** Stop the app of the release that leaves, with its own script, and start that of the one that comes. */
  stop: { readonly dir: string }
  start: { readonly dir: string }
  /** Wait until the client has asked the app and it answers; fails at once when the app ends meanwhile. */
  health: Readonly<Record<never, never>>
  /** Prove that the process that was started lives after so long, runs from its release, and says this version, if it can. */
  prove: { readonly seconds: number; readonly version: string | null }
  /** Switch `current` to a release. From here on a failure takes back. */
  activate: { readonly dir: string; readonly from: string | null }
  /** Wait to be confirmed over a new connection. */
  confirm: { readonly seconds: number }
  /** Remove release directories; failing at it is a warning. */
  prune: { readonly dirs: readonly string[] }
  /** Let nobody but `unlock` change this host any more, until it is lifted. */
  freeze: Readonly<Record<never, never>>
  unfreeze: Readonly<Record<never, never>>
  /** Have the host settle at boot what was cut off when it went down. */
  boot: { readonly kind: BootKind; readonly unit: string; readonly mark: string; readonly text: string }
  /** Have systemd run the app by this unit from its next start on, and at boot; null: by none. */
  unit: { readonly unit: AppUnit | null }
}

/** What starts our agent at boot: a unit of the system, one of a user who lingers, an `@reboot` line of a crontab. */
export type BootKind = 'systemd' | 'systemd-user' | 'cron'

export type StepKind = keyof Steps
export type Step<K extends StepKind = StepKind> = { [P in K]: { readonly step: P } & Steps[P] }[K]
