/** What a host stands on, beside its facts: what only `check` asks for. */
export interface Ground {
  /** The login shell of the user; null where nobody tells. */
  readonly shell: string | null
  /** What it printed by itself before our program was heard, the first lines. */
  readonly noise: readonly string[]
  /** Tools that differ from system to system, and the first words of their `--version`. */
  readonly tools: readonly { readonly name: string; readonly says: string }[]
  /** The file system of the deploy path; null where the host cannot say. */
  readonly fs: { readonly type: string; readonly options: readonly string[]; readonly mount: string } | null
  /** Whether our program lies there: of this version, of others only, or not at all yet. */
  readonly agent: 'same' | 'other' | 'none'
  /** Whether sudo lets each of these lines through without a password, and what it said. */
  readonly allowed: readonly { readonly words: string; readonly ok: boolean; readonly says: string }[]
}
