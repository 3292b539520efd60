/** What a person may answer so that a connection that failed comes about at the next try. */
export type Question = HostKeyQuestion | PassphraseQuestion

/** Whether a host key that nobody knows is this host's. */
export interface HostKeyQuestion {
  readonly about: 'host-key'
  /** `web1 (10.0.0.1:22)`. */
  readonly host: string
  /** Type and fingerprint of the key. */
  readonly shown: string
  /** Where it would be recorded; undefined where there is no such file. */
  readonly file: string | undefined
  /** The line to record. Fails with HOST_KEY where the host shows another key by now. */
  line(): Promise<string>
}

/** What opens an encrypted key. */
export interface PassphraseQuestion {
  readonly about: 'passphrase'
  /** The key, as a person would write it: two questions about the same one are the same. */
  readonly key: string
  /** Whether this opens it: then it is remembered for the next try. */
  open(passphrase: string): Promise<boolean>
}
