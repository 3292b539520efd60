import { createHash } from 'node:crypto'
import { ReleaserError } from '../model/errors.ts'
import {
  allowedSignersFile,
  armoured,
  NAMESPACE,
  readSignature,
  readSigner,
  SIGNER,
  type Signature,
  signedText,
} from '../model/signature.ts'
import { sshKeygen } from './ssh-keygen.ts'

/** Who signed, as a signature says it itself. */
export interface Signer {
  /** `SHA256:…`, as ssh shows keys. */
  readonly fingerprint: string
  readonly type: string
  readonly comment: string
}

/** Who a signature says that it is of; undefined where it is none. Whether it is true, only `demandSigner` and `isGenuine` know. */
export function signerOf(signature: Signature): Signer | undefined {
  const by = readSignature(signature)
  if (!by) return undefined
  const { type, key } = by
  return { fingerprint: fingerprintOf(key), type, comment: signature.comment }
}

/** Whether a signature was made of this digest by the key that it names, whoever that is. Fails as `sshKeygen`. */
export async function isGenuine(signature: Signature, digest: string, signal: AbortSignal): Promise<boolean> {
  const words = ['check-novalidate', '-n', NAMESPACE, '-s', 'signature']
  return (await sshKeygen({ words, input: signedText(digest), files: { signature: armoured(signature) }, signal })).ok
}

/**
 * Fails with INTEGRITY, saying why, unless one of these keys has signed this digest. Nothing counts but the signature, the digest and the
 * keys: neither what the release is called nor what the signature says of itself. Fails as `sshKeygen` too.
 */
export async function demandSigner(options: {
  /** How messages call the release. */
  readonly release: string
  readonly digest: string
  readonly signature: Signature | undefined
  readonly target: string
  readonly allowed: readonly string[]
  readonly signal: AbortSignal
}): Promise<void> {
  const { release, digest, signature, target, allowed, signal } = options
  if (!signature)
    throw refusal(`${release} is not signed, and ${target} takes what an allowed key has signed`, {
      hint: "sign what is built (sign: { key: '~/.ssh/id_ed25519' } in the configuration), and build it again",
    })
  const by = readSignature(signature)
  if (!by) throw refusal(`the signature of ${release} is none of ssh-keygen`)
  const who = `${fingerprintOf(by.key)}${signature.comment === '' ? '' : ` (${signature.comment})`}`
  if (by.type.includes('-cert-'))
    throw refusal(`${release} was signed with a certificate of ${who}, and only keys are allowed on ${target}`, {
      hint: 'sign with the key itself: name it in sign.key without -cert.pub beside it',
    })
  const known = allowed.map(readSigner).some((signer) => 'key' in signer && signer.key === by.key)
  if (!known)
    throw refusal(`${release} was signed by ${who}, who is not allowed on ${target}`, {
      hint: `if they may deploy there, add their public key to allowedSigners of ${target}`,
    })
  if (by.namespace !== NAMESPACE)
    throw refusal(`the signature of ${release} was made for ${JSON.stringify(by.namespace)}, and not for "${NAMESPACE}"`)
  const said = await sshKeygen({
    words: ['verify', '-f', 'allowed', '-I', SIGNER, '-n', NAMESPACE, '-s', 'signature'],
    input: signedText(digest),
    files: { allowed: allowedSignersFile(allowed), signature: armoured(signature) },
    signal,
  })
  if (!said.ok)
    throw refusal(`the signature of ${release} is not one of its digest ${digest}: somebody has changed one of the two`, {
      hint: 'do not deploy it; build it again where it came from, and see who could write in the store',
    })
}

function refusal(message: string, { hint = 'build it again where it is signed: releaser build' } = {}): ReleaserError {
  return new ReleaserError('INTEGRITY', message, { hint })
}

/** As ssh shows keys. */
function fingerprintOf(key: string): string {
  return `SHA256:${createHash('sha256').update(Buffer.from(key, 'base64')).digest('base64').replace(/=+$/, '')}`
}
