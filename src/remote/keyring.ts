/** What a person, or CI, gave us to log in with, beside files and the agent. */
export interface Keyring {
  /** A private key as text; undefined where there is none. */
  readonly key: string | undefined
  /** Opens any key that is encrypted. */
  readonly passphrase: string | undefined
  /** What was typed, by the key that it opens: a path, or the name of the variable that holds the key. */
  readonly typed: Map<string, string>
  /** What encrypted keys were read as, which takes half a second each time. For whoever reads them. */
  readonly read: Map<string, unknown>
}

/** The variables that hold a key and a passphrase. */
export const KEY_VARIABLE = 'RELEASER_SSH_KEY'
export const PASSPHRASE_VARIABLE = 'RELEASER_KEY_PASSPHRASE'

/** What the environment has. */
export function keyringOf(env: NodeJS.ProcessEnv): Keyring {
  const key = env[KEY_VARIABLE]
  return {
    key: key?.trim() ? whole(key) : undefined,
    passphrase: env[PASSPHRASE_VARIABLE] || undefined,
    typed: new Map(),
    read: new Map(),
  }
}

/** What opens this key, if we know it. */
export function passphraseFor(key: string, keys: Keyring): string | undefined {
  return keys.typed.get(key) ?? keys.passphrase
}

/** Variables lose the newline at the end, and win others on Windows. */
function whole(key: string): string {
  return `${key.replace(/\r\n?/g, '\n').trim()}\n`
}
