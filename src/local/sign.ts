import { readFile } from 'node:fs/promises'
import { ReleaserError } from '../model/errors.ts'
import { blobOf, NAMESPACE, type Signature, signedText, tidyComment } from '../model/signature.ts'
import { sshKeygen } from './ssh-keygen.ts'

/**
 * Signs a digest with an SSH key: a private one, or a public one whose other half is in the agent. Fails with CONFIG where there is no such
 * key or no ssh-keygen, BUILD where it cannot be used, INTERRUPTED when aborted.
 */
export async function signDigest(options: {
  /** Its path, absolute. */
  readonly key: string
  readonly digest: string
  /** Opens the key, where it is encrypted. */
  readonly passphrase?: string | undefined
  readonly signal: AbortSignal
}): Promise<Signature> {
  const { key, digest, passphrase, signal } = options
  const text = await readFile(key, 'utf8').catch((cause: unknown) => {
    throw new ReleaserError('CONFIG', `sign.key names ${key}, which cannot be read`, {
      cause,
      hint: 'put the key there, or mend the path: it is relative to the configuration, or starts with ~/',
    })
  })
  const said = await sshKeygen({ words: ['sign', '-n', NAMESPACE, '-f', key], input: signedText(digest), passphrase, signal })
  const blob = said.ok ? blobOf(said.stdout) : undefined
  if (blob !== undefined) return { blob, comment: await commentOf(key, text) }
  throw new ReleaserError('BUILD', `the release cannot be signed with ${key}: ${said.why || 'ssh-keygen made no signature'}`, {
    hint: passphrase
      ? `nothing was stored; try it by hand: ssh-keygen -y -f ${key}`
      : `nothing was stored; if the key is encrypted: ssh-add ${key}, or set RELEASER_KEY_PASSPHRASE`,
  })
}

/** What the key is called, as its public half says it. */
async function commentOf(key: string, text: string): Promise<string> {
  const line = /^[a-z-]*ssh|^ecdsa/.test(text) ? text : await readFile(`${key}.pub`, 'utf8').catch(() => '')
  return tidyComment(line.trim().split(/\s+/).slice(2).join(' '))
}
