import { createHash, createHmac } from 'node:crypto'

/** One line of a known_hosts file, names not looked at yet. */
export interface KnownLine {
  readonly file: string
  readonly line: number
  readonly marker: 'none' | 'revoked' | 'cert-authority'
  readonly names: string
  readonly key: HostKey
}

/** A public host key: its type as the key itself names it, and its bytes as they travel. */
export interface HostKey {
  readonly type: string
  readonly blob: Buffer
}

/** The lines of a known_hosts file. Comments, broken lines and protocol 1 keys are left out, as OpenSSH does. */
export function parseKnownHosts(text: string, file: string): readonly KnownLine[] {
  return text.split('\n').flatMap((line, index) => parseLine(line, file, index + 1))
}

/** Whether the first field of a line means this name: plain, hashed, with `*`, `?` and `!`. */
export function namesMatch(names: string, name: string): boolean {
  const wanted = name.toLowerCase()
  if (names.startsWith('|')) return hashMatches(names, wanted)
  const patterns = names.toLowerCase().split(',')
  if (patterns.some((pattern) => pattern.startsWith('!') && globMatches(pattern.slice(1), wanted))) return false
  return patterns.some((pattern) => !pattern.startsWith('!') && globMatches(pattern, wanted))
}

/** How known_hosts calls a host: the bare name on port 22, else `[name]:port`. */
export function knownName(host: string, port: number): string {
  return port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`
}

/** A key from its bytes; undefined where they do not begin with a type. */
export function hostKey(blob: Buffer): HostKey | undefined {
  if (blob.length < 5) return undefined
  const length = blob.readUInt32BE(0)
  if (length < 1 || length > 64 || 4 + length >= blob.length) return undefined
  const type = blob.toString('latin1', 4, 4 + length)
  // The other side chose these bytes, and they will stand in a message.
  return /^[\w@.+-]+$/.test(type) ? { type, blob } : undefined
}

/** `SHA256:…` as ssh and ssh-keygen print it. */
export function fingerprint(blob: Buffer): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`
}

function parseLine(text: string, file: string, line: number): readonly KnownLine[] {
  const fields = text.trim().split(/[ \t]+/)
  const marker = MARKERS.get(fields[0] ?? '')
  if (marker) fields.shift()
  const [names, type, base64] = fields
  if (!names || !type || !base64 || names.startsWith('#') || names.startsWith('@')) return []
  const key = hostKey(Buffer.from(base64, 'base64'))
  // Node skips what is no base64: only what comes out the same again was whole.
  if (!key || key.type !== type || bare(key.blob.toString('base64')) !== bare(base64)) return []
  return [{ file, line, marker: marker ?? 'none', names, key }]
}

const MARKERS: ReadonlyMap<string, KnownLine['marker']> = new Map([
  ['@revoked', 'revoked'],
  ['@cert-authority', 'cert-authority'],
])

function bare(base64: string): string {
  return base64.replace(/=+$/, '')
}

function hashMatches(names: string, name: string): boolean {
  const [, version, salt, hash] = names.split('|')
  if (version !== '1' || !salt || !hash) return false
  return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash
}

/** Matches by hand, not by a RegExp: a hostile pattern must not take for ever. */
function globMatches(pattern: string, name: string): boolean {
  let at = 0
  let star = -1
  let resume = 0
  let index = 0
  while (index < name.length) {
    if (pattern[at] === '*') {
      star = at++
      resume = index
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === name[index])) {
      at++
      index++
    } else if (star >= 0) {
      at = star + 1
      index = ++resume
    } else return false
  }
  while (pattern[at] === '*') at++
  return at === pattern.length
}
