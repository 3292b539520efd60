import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PassphraseQuestion } from '../model/question.ts'
import { isEncrypted, passphraseQuestion } from './key-text.ts'
import { KEY_VARIABLE } from './keyring.ts'
import type { SshTarget } from './ssh.ts'
import { keyTools } from './ssh-keys.ts'

/**
 * What to ask where the system's ssh was not let in for want of a passphrase: of the keys that the other side would take, or that ssh could
 * not even offer, the first one that is encrypted and that nobody has opened yet. `dir` is the folder of the connection.
 */
export async function lockedQuestion({ keys }: SshTarget, said: string, dir: string): Promise<PassphraseQuestion | undefined> {
  const wanted = said.matchAll(/(?:Server accepts key: (.+) [A-Z0-9-]+ SHA256:|Trying private key: (.+?)\r?$)/gm)
  for (const [, accepted, tried] of wanted) {
    const path = accepted ?? tried ?? ''
    const given = path === join(dir, 'key')
    const id = given ? KEY_VARIABLE : path
    const text = given ? keys.key : await readFile(path, 'utf8').catch(() => undefined)
    if (text !== undefined && isEncrypted(text) && !keys.typed.has(id))
      return passphraseQuestion({ id, text }, keys, await keyTools(keys))
  }
  return undefined
}
