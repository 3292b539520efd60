import type { Hooks, Target as TargetConfig } from './config.ts'
import type { Health } from './health.ts'
import type { Strategy } from './strategy.ts'

/** One target, resolved: defaults merged, hosts parsed, durations still as written. */
export interface Target extends Omit<TargetConfig, 'hosts' | 'app' | 'keep' | 'hooks' | 'confirm' | 'health' | 'strategy'> {
  readonly name: string
  readonly app: string
  /** In the order of the list; none yet where `inventory` has to be asked for them. */
  readonly hosts: readonly Host[]
  /** The command that prints the list of hosts, where the configuration does not hold it. */
  readonly inventory?: { readonly command: string; readonly seconds: number }
  readonly keep: number
  readonly hooks: Hooks
  /** Seconds a host waits to be confirmed before it goes back by itself; 0 turns that off. */
  readonly confirmSeconds: number
  /** How the app shows that it serves; left out where nobody asks. */
  readonly health?: Health
  /** How a rollout goes over its hosts; one by one where this is left out. */
  readonly strategy?: Strategy
}

/** One directory on one machine, reached over SSH. `host` is what the person wrote: a name, an address or an alias. */
export interface Host {
  /** How it is called on the screen and in JSON: its `name`, else what was written without user. */
  readonly name: string
  readonly host: string
  readonly user: string | undefined
  readonly port: number | undefined
  /** As written: absolute, relative to the login directory, or `~/…`. */
  readonly path: string
  readonly env: Readonly<Record<string, string>>
  readonly tags: readonly string[]
  readonly identity: string | undefined
}
