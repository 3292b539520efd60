/** How a host is to be reached, as the configuration says it. */
export interface Route {
  readonly hostname: string
  readonly port: number
  readonly user: string
  readonly transport: 'ssh2' | 'openssh'
  /** Why the system's own ssh does it; null where the library can. */
  readonly because: string | null
}

/** How a line was made: the hosts on the way, in order, and last the host itself. */
export interface Login {
  readonly transport: 'ssh2' | 'openssh'
  readonly hops: readonly Hop[]
}

/** One host that somebody logged in to. */
export interface Hop {
  readonly host: string
  /** `address:port` that was dialled; null where another host has dialled it. */
  readonly address: string | null
  readonly user: string | null
  /** The key that was let in; `from` in words: a file, or the agent. */
  readonly key: UsedKey | null
  /** The key that the host has shown; `from`: `file:line`, or the pin that knows it. */
  readonly hostKey: UsedKey | null
}

export interface UsedKey {
  /** As the key names itself (`ssh-ed25519`), or as ssh calls it (`ED25519`). */
  readonly type: string
  readonly fingerprint: string
  readonly from: string | null
}
