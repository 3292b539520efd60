import type { Hop, Login, Route, UsedKey } from '../model/login.ts'
import { type Finding, ok } from './check-host.ts'

/** What there is to say of how a host is reached: as the configuration says, and as it was; undefined where nobody got there. */
export function lineFindings(route: Route | null, login: Login | undefined, user: string | undefined): readonly Finding[] {
  const last = login?.hops.at(-1)
  return [
    ...(route ? [ok('route', routeInWords(route, login))] : []),
    ...(login?.hops.slice(0, -1) ?? []).map((hop) => ok('hop', hopInWords(hop))),
    ...(user === undefined ? [] : [ok('connection', `logged in as ${user}${last?.address ? ` at ${last.address}` : ''}`)]),
    ...(last?.key ? [ok('key', `${keyInWords(last.key, 'from')} was let in`)] : []),
    ...(last?.hostKey ? [ok('host-key', keyInWords(last.hostKey, 'known by'))] : []),
  ]
}

function routeInWords({ user, hostname, port, because, transport }: Route, login: Login | undefined): string {
  const where = `${user}@${hostname.includes(':') ? `[${hostname}]` : hostname}:${port}`
  if (because !== null) return `${where}, by the system's ssh: ${because}`
  const changed = transport === 'ssh2' && login?.transport === 'openssh'
  return `${where}, ${changed ? "by the system's ssh: its algorithms are newer than those of the library" : 'by the library'}`
}

function hopInWords({ host, address, user, key, hostKey }: Hop): string {
  const parts = [
    `through ${user === null ? '' : `${user}@`}${address ?? host}`,
    ...(key ? [`with ${keyInWords(key, 'from')}`] : []),
    ...(hostKey ? [`its key ${keyInWords(hostKey, 'known by')}`] : []),
  ]
  return parts.join('; ')
}

function keyInWords({ type, fingerprint, from }: UsedKey, by: string): string {
  return `${type} ${fingerprint}${from === null ? '' : ` ${by} ${from}`}`
}
