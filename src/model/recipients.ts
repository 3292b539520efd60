/**
 * Whom backups are encrypted to, as a configuration says it: public keys of age (`age1…`) or of SSH (`ssh-ed25519 AAAA…`, `ssh-rsa AAAA…`), apart by
 * commas or lines; a line that begins with `#` is none. They come back without comments, each once. What is wrong is told
 * without a word of the text itself, which may be a private key.
 */
export function parseRecipients(text: string): Recipients | { readonly says: string; readonly hint: string } {
  if (/AGE-(SECRET-KEY|PLUGIN)-|PRIVATE KEY/i.test(text))
    return {
      says: 'is a private key, which opens backups',
      hint: 'keep it away from here and from hosts, and write the public key that belongs to it',
    }
  const entries = text
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('#'))
    .flatMap((line) => line.split(','))
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
  const keys = entries.map((entry) => (isAge(entry) ? entry : sshKey(entry)))
  const wrong = keys.indexOf(null)
  const hint =
    "write 'age1…' as age-keygen prints it, or the public key of a pair made by ssh-keygen (ed25519, or rsa of 2048 bits)"
  if (entries.length === 0) return { says: 'names nobody', hint }
  if (wrong >= 0) return { says: `holds what is no public key of age or SSH (entry ${wrong + 1} of ${entries.length})`, hint }
  return { recipients: [...new Set(keys as readonly string[])] }
}

interface Recipients {
  readonly recipients: readonly string[]
}

const BECH32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3]

/** `age1` and 32 bytes in Bech32 (BIP 173), whose checksum tells every mistyped letter. */
function isAge(text: string): boolean {
  const match = /^(age)1([a-z0-9]{58})$/.exec(text)
  const [, prefix = '', rest = ''] = match ?? []
  const digits = [...rest].map((letter) => BECH32.indexOf(letter))
  if (!match || digits.includes(-1)) return false
  const codes = [...prefix].map((letter) => letter.charCodeAt(0))
  const all = [...codes.map((code) => code >> 5), 0, ...codes.map((code) => code & 31), ...digits]
  const sum = all.reduce((before, digit) => {
    const top = before >>> 25
    return GENERATOR.reduce((it, word, bit) => ((top >> bit) & 1 ? it ^ word : it), ((before & 0x1ffffff) << 5) ^ digit)
  }, 1)
  return sum === 1
}

/** A public key of SSH that age takes, without its comment; null where it is none. */
function sshKey(text: string): string | null {
  const [, type = '', base64 = ''] = /^(ssh-ed25519|ssh-rsa) +([A-Za-z0-9+/]+={0,2})(?: .*)?$/.exec(text) ?? []
  const [name, ...numbers] = fields(Buffer.from(base64, 'base64')) ?? []
  if (type === '' || name?.toString('latin1') !== type) return null
  const [first, second, ...more] = numbers
  const fits =
    type === 'ssh-ed25519'
      ? first?.length === 32 && second === undefined
      : first && bits(second) >= LEAST_RSA && more.length === 0
  return fits ? `${type} ${base64}` : null
}

/** What age asks of a modulus. */
const LEAST_RSA = 2048

/** The strings of which a key of SSH consists, each behind its length; null where they do not end with it. */
function fields(key: Buffer): readonly Buffer[] | null {
  const found: Buffer[] = []
  let at = 0
  while (at + 4 <= key.length) {
    const end = at + 4 + key.readUInt32BE(at)
    if (end > key.length) return null
    found.push(key.subarray(at + 4, end))
    at = end
  }
  return at === key.length ? found : null
}

function bits(number: Buffer | undefined): number {
  const from = number?.findIndex((byte) => byte !== 0) ?? -1
  if (!number || from < 0) return 0
  return (number.length - from) * 8 - Math.clz32(number[from] ?? 0) + 24
}
