/** Who logs in on a host, as far as it matters for what they may start there, and at boot. */
export interface HostUser {
  readonly name: string
  readonly root: boolean
  /** Whether systemd runs what is theirs while nobody is logged in. */
  readonly lingers: boolean
  /** Whether `sudo -n` lets them do anything; asked only where that matters. */
  readonly sudo: boolean
}
