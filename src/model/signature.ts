/** What somebody's SSH key says of a release: what `ssh-keygen -Y sign -n releaser` makes of its digest and a newline. */
export interface Signature {
  /** The base64 of it, without the lines around. Nobody has to believe it: it is verified where it matters. */
  readonly blob: string
  /** What the key was called where it signed, in one line; may be empty. */
  readonly comment: string
}

/** What signatures are made for: one that was made for anything else is none of ours. */
export const NAMESPACE = 'releaser'

/** Who an allowed key belongs to, as ssh-keygen wants to be told: all of them are as good as each other. */
export const SIGNER = 'releaser'

/** The bytes that are signed, of a digest such as `sha256:3f2a…`: what `echo` prints of it. */
export function signedText(digest: string): string {
  return `${digest}\n`
}

const BEGIN = '-----BEGIN SSH SIGNATURE-----'
const END = '-----END SSH SIGNATURE-----'

/** A signature as ssh-keygen reads it. */
export function armoured({ blob }: Signature): string {
  return `${[BEGIN, ...(blob.match(/.{1,70}/g) ?? []), END].join('\n')}\n`
}

/** What stands in an armoured signature; undefined where it is none. */
export function blobOf(text: string): string | undefined {
  const from = text.indexOf(BEGIN)
  const to = text.indexOf(END)
  const blob = from < 0 || to < from ? '' : text.slice(from + BEGIN.length, to).replace(/\s/g, '')
  return isBlob(blob) ? blob : undefined
}

/** Whether a text may be a signature: base64, and no longer than that of any key. */
export function isBlob(text: string): boolean {
  return /^[A-Za-z0-9+/]{16,8192}={0,2}$/.test(text)
}

/** A comment as one word of a line: no control characters, and not longer than a line. */
export function tidyComment(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
    .slice(0, 200)
}

/** The public key in a signature, as `authorized_keys` writes it, and what it was made for; undefined where it is none of ssh. */
export function readSignature({ blob }: Signature): SignedBy | undefined {
  const bytes = Buffer.from(blob, 'base64')
  if (bytes.subarray(0, 6).toString('latin1') !== 'SSHSIG' || bytes.length < 10) return undefined
  const key = field(bytes, 10)
  const namespace = key && field(bytes, key.end)
  const type = key && field(key.bytes, 0)
  if (!key || !namespace || !type) return undefined
  return { type: type.bytes.toString('latin1'), key: key.bytes.toString('base64'), namespace: namespace.bytes.toString('latin1') }
}

export interface SignedBy {
  /** `ssh-ed25519` and the like. */
  readonly type: string
  /** The key, base64. */
  readonly key: string
  readonly namespace: string
}

function field(bytes: Buffer, at: number): { readonly bytes: Buffer; readonly end: number } | undefined {
  if (bytes.length < at + 4) return undefined
  const end = at + 4 + bytes.readUInt32BE(at)
  return bytes.length < end ? undefined : { bytes: bytes.subarray(at + 4, end), end }
}

/** Types of keys that may be allowed; what a certificate says of a key is nobody's business here. */
const TYPES =
  /^(?:ssh-(?:ed25519|rsa)|ecdsa-sha2-nistp(?:256|384|521)|sk-ssh-ed25519@openssh\.com|sk-ecdsa-sha2-nistp256@openssh\.com)$/

/** A line of `allowedSigners`, or what is wrong with it. */
export function readSigner(line: string): { readonly type: string; readonly key: string } | { readonly says: string } {
  const [type = '', key = ''] = line.trim().split(/\s+/)
  if (/[\r\n\0]/.test(line.trim())) return { says: 'has more than one line' }
  if (type.includes('-cert-')) return { says: 'is a certificate, and not a key' }
  if (!TYPES.test(type)) return { says: 'does not begin with the type of a public key' }
  const bytes = Buffer.from(key, 'base64')
  const inside = field(bytes, 0)?.bytes.toString('latin1')
  return bytes.toString('base64') === key && inside === type ? { type, key } : { says: `holds no ${type} key` }
}

/** The file by which ssh-keygen knows whom to believe. */
export function allowedSignersFile(signers: readonly string[]): string {
  return signers
    .flatMap((line) => {
      const signer = readSigner(line)
      return 'says' in signer ? [] : [`${SIGNER} namespaces="${NAMESPACE}" ${signer.type} ${signer.key}\n`]
    })
    .join('')
}
