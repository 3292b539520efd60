import type { Socket } from 'node:net'
import type { Hop, Login, UsedKey } from '../model/login.ts'
import { judge, type Known, type Trust } from './host-key.ts'
import { fingerprint, hostKey } from './known-hosts.ts'

/** A login by the library: over this socket, with the key that was let in. */
export function loginOf(
  target: { readonly hostname: string; readonly port: number; readonly user: string },
  { remoteAddress = target.hostname, remotePort = target.port }: Pick<Socket, 'remoteAddress' | 'remotePort'>,
  used: { readonly label: string; readonly key: { readonly type: string; getPublicSSH(): Buffer } } | undefined,
  hostKey: UsedKey | null,
): Login {
  const address = `${remoteAddress.includes(':') ? `[${remoteAddress}]` : remoteAddress}:${remotePort}`
  const from = used?.label.replace(/ \(SHA256:.*\)$/, '') ?? null
  const key = used ? { type: used.key.type, fingerprint: fingerprint(used.key.getPublicSSH()), from } : null
  return { transport: 'ssh2', hops: [{ host: target.hostname, address, user: target.user, key, hostKey }] }
}

/** A host key that was accepted, and what vouched for it. */
export function acceptedKey(trust: Trust, known: Known, blob: Buffer): UsedKey | null {
  const shown = hostKey(blob)
  if (!shown) return null
  const print = fingerprint(blob)
  const line = [...known.lines, ...known.portless].find(({ marker, key }) => marker === 'none' && key.blob.equals(blob))
  const pinned = trust.pins.length > 0 || judge(known, shown).kind !== 'known'
  const from = pinned ? 'hostKeys of the configuration' : line ? `${line.file}:${line.line}` : null
  return { type: shown.type, fingerprint: print, from }
}

/** The hosts that the system's own ssh has logged in to, from what it said (`-v`): one of them is done before the next begins. */
export function hopsSaid(said: string): readonly Hop[] {
  const hops: Hop[] = []
  let so: Omit<Hop, 'host' | 'address'> = NOTHING
  for (const line of said.split(/\r?\n/)) {
    const [, user] = /^debug1: Authenticating to \S+ as '([^']*)'/.exec(line) ?? []
    if (user !== undefined) so = { ...so, user }
    const [, type, print = ''] = /^debug1: Server host key: (\S+) (SHA256:\S+)/.exec(line) ?? []
    if (type !== undefined) so = { ...so, hostKey: { type, fingerprint: print, from: so.hostKey?.from ?? null } }
    const [, place] = /^debug1: Found (?:key|CA key) in (.+:\d+)$/.exec(line) ?? []
    if (place !== undefined && so.hostKey) so = { ...so, hostKey: { ...so.hostKey, from: place } }
    const [, from = '', kind, mark = '', more = ''] =
      /^debug1: Server accepts key: (.+) (\S+) (SHA256:\S+)((?: \w+)*)$/.exec(line) ?? []
    if (kind !== undefined)
      so = { ...so, key: { type: kind, fingerprint: mark, from: / agent\b/.test(more) ? `the agent: ${from}` : from } }
    const [, host, , address] = /^Authenticated to (\S+) \((via proxy|\[([^\]]*\]:\d+))\) using/.exec(line) ?? []
    if (host === undefined) continue
    hops.push({ host, address: address === undefined ? null : bare(address), ...so })
    so = NOTHING
  }
  return hops
}

const NOTHING = { user: null, key: null, hostKey: null } as const

/** `::1]:22` is that of IPv6, and keeps its brackets. */
function bare(address: string): string {
  return /:.*\]/.test(address) ? `[${address}` : address.replace(']', '')
}
