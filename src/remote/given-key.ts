import { ReleaserError } from '../model/errors.ts'
import { isEncrypted, isPkcs8, passphraseQuestion } from './key-text.ts'
import { KEY_VARIABLE, type Keyring, PASSPHRASE_VARIABLE, passphraseFor } from './keyring.ts'
import { fingerprint } from './known-hosts.ts'
import type { Key, KeyTools, Offer, Skipped } from './offer.ts'

/**
 * The key of the environment, or why it cannot be offered; nothing where there is none. CONFIG where it is no key that can be read: what
 * it holds is never repeated.
 */
export function givenKey<K extends Key>(keys: Keyring, tools: Pick<KeyTools<K>, 'parse'>): readonly (Offer<K> | Skipped)[] {
  const text = keys.key
  if (text === undefined) return []
  const passphrase = passphraseFor(KEY_VARIABLE, keys)
  const key = tools.parse(text, passphrase)
  if (!(key instanceof Error)) {
    if (!key.isPrivateKey()) throw bad('holds a public key', 'set it to the private half: the file without .pub')
    return [{ label: `${KEY_VARIABLE} (${fingerprint(key.getPublicSSH())})`, key, inAgent: false }]
  }
  if (isPkcs8(text))
    throw bad('holds a key in the PKCS#8 format, which cannot be read here', "ssh-keygen -p -f FILE writes it in OpenSSH's")
  if (!isEncrypted(text))
    throw bad(
      'holds no private key that can be read here',
      'it takes all of the file, from -----BEGIN to the end of the last line; see what it is: ssh-keygen -y -f FILE',
    )
  const question = passphraseQuestion({ id: KEY_VARIABLE, text }, keys, tools)
  return passphrase === undefined
    ? [{ why: `${KEY_VARIABLE} is encrypted`, hint: `set ${PASSPHRASE_VARIABLE}`, question }]
    : [
        {
          why: `${PASSPHRASE_VARIABLE} does not open ${KEY_VARIABLE}`,
          hint: 'try it by hand: ssh-keygen -y -f FILE',
          question,
        },
      ]
}

function bad(says: string, hint: string): ReleaserError {
  return new ReleaserError('CONFIG', `the variable ${KEY_VARIABLE} ${says}`, { hint })
}
