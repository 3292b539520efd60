import type { PassphraseQuestion } from '../model/question.ts'

/** A key, as the SSH library reads it. */
export interface Key {
  isPrivateKey(): boolean
  getPublicSSH(): Buffer
  readonly comment: string
}

/** What is needed of the SSH library to read keys. */
export interface KeyTools<K extends Key> {
  parse(text: string, passphrase?: string): K | Error
  /** The keys that an SSH agent holds. */
  agentKeys(socket: string): Promise<readonly K[]>
}

/** One key to try: its private half is in `key`, or in the agent. */
export interface Offer<K> {
  readonly label: string
  readonly key: K
  readonly inAgent: boolean
}

/** Why a key that could have been offered is not. */
export interface Skipped {
  readonly why: string
  readonly hint: string | undefined
  /** Who answers it makes the key one that can be offered. */
  readonly question?: PassphraseQuestion | undefined
}
