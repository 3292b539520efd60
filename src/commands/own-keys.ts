import { KEY_VARIABLE, type Keyring, keyringOf, PASSPHRASE_VARIABLE } from '../remote/keyring.ts'

/** What the environment has to log in with, which is taken out of there: whatever is started later does not inherit it. */
export function takeKeys(env: NodeJS.ProcessEnv): Keyring {
  const keys = keyringOf(env)
  delete env[KEY_VARIABLE]
  delete env[PASSPHRASE_VARIABLE]
  return keys
}
