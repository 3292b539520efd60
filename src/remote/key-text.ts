import { homedir } from 'node:os'
import type { PassphraseQuestion } from '../model/question.ts'
import type { Keyring } from './keyring.ts'
import type { Key, KeyTools } from './offer.ts'

/** The public half of a private key in OpenSSH's format: it is in the clear, so that an agent's key is found without the passphrase. */
export function publicHalf(text: string): Buffer | undefined {
  return headOf(text)?.publicKey
}

/** Whether a private key has a passphrase. */
export function isEncrypted(text: string): boolean {
  const cipher = headOf(text)?.cipher
  return cipher === undefined ? /^Proc-Type: 4,ENCRYPTED|BEGIN ENCRYPTED PRIVATE KEY/m.test(text) : cipher !== 'none'
}

/** Whether it is in a format that OpenSSH reads, and the library does not. */
export function isPkcs8(text: string): boolean {
  return /BEGIN (ENCRYPTED )?PRIVATE KEY/.test(text)
}

/** What to ask so that an encrypted key can be used; `id` is what the keyring calls it. */
export function passphraseQuestion<K extends Key>(
  { id, text }: { readonly id: string; readonly text: string },
  keys: Keyring,
  tools: Pick<KeyTools<K>, 'parse'>,
): PassphraseQuestion {
  return {
    about: 'passphrase',
    key: tilde(id),
    open: async (passphrase) => {
      const read = tools.parse(text, passphrase)
      // What the library cannot read with any passphrase, only ssh can judge.
      const opens = !(read instanceof Error) || !isPassphraseError(read) || isPkcs8(text)
      if (opens) keys.typed.set(id, passphrase)
      return opens
    },
  }
}

/** Whether a wrong passphrase may be all that is wrong. The library has other words for each cipher and format. */
export function isPassphraseError(error: Error): boolean {
  return /passphrase|decrypt|authenticate data|integrity|Malformed/i.test(error.message)
}

/** A path as a person would write it. */
export function tilde(path: string): string {
  const home = `${homedir()}/`
  return path.startsWith(home) ? `~/${path.slice(home.length)}` : path
}

/** The first fields of OpenSSH's format: its magic, the cipher, how a passphrase becomes a key (twice), how many keys, the public one. */
function headOf(text: string): { readonly cipher: string; readonly publicKey: Buffer | undefined } | undefined {
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]+?)-----END/.exec(text)?.[1]
  if (body === undefined) return undefined
  const bytes = Buffer.from(body, 'base64')
  let at = 'openssh-key-v1\0'.length
  const string = (): Buffer | undefined => {
    if (at + 4 > bytes.length) return undefined
    const from = at + 4
    at = from + bytes.readUInt32BE(at)
    return at > bytes.length ? undefined : bytes.subarray(from, at)
  }
  const cipher = string()
  if (!cipher || !string() || !string()) return undefined
  at += 4
  return { cipher: cipher.toString('latin1'), publicKey: string() }
}
