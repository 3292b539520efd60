import { isIPv6 } from 'node:net'
import { hasControl } from '../model/name.ts'

/** A host as it is written: `user@host:port`, `[::1]:22`, `::1`, an alias of `~/.ssh/config`. */
export interface Address {
  readonly user: string | undefined
  readonly host: string
  readonly port: number | undefined
  /** What was written, without the user. */
  readonly label: string
}

const HOST = /^[\p{L}\p{N}_][\p{L}\p{N}._%+~-]*$/u
/** What OpenSSH refuses in a user name too: a shell could take it for more than a name. */
const BAD_USER = /^-|[\s\p{C}'"`$\\;&<>|(){}]/u
/** What a name of DNS has room for, and a user's too. */
const LONGEST = 255

/** Takes a written host apart. What cannot be one comes back as `says`, which follows the place where it stands. */
export function parseHost(text: string): Address | { readonly says: string; readonly hint: string } {
  const refuse = (says: string) => ({ says, hint: "write 'host', 'user@host', 'user@host:port' or 'user@[::1]:22'" })
  if (text.trim() === '') return refuse('is empty')
  if (hasControl(text) || /\s/.test(text)) return refuse('holds a space or a control character')
  if (text.length > 2 * LONGEST + 10) return refuse(`"${text.slice(0, 20)}…" is longer than any address`)
  const at = text.lastIndexOf('@')
  const user = at < 0 ? undefined : text.slice(0, at)
  const label = text.slice(at + 1)
  if (user === '') return refuse(`"${text}" names no user before the @`)
  if (user !== undefined && BAD_USER.test(user)) return refuse(`"${text}" holds a user name that no host can have`)
  const { host, port } = split(label)
  if (port !== undefined && !(/^\d+$/.test(port) && isPort(Number(port))))
    return refuse(`"${text}" has a port that is not a number from 1 to 65535`)
  if (host.startsWith('-')) return refuse(`"${text}" starts with a dash, which ssh would take for an option`)
  if (host.length > LONGEST) return refuse(`"${host.slice(0, 20)}…" is longer than any host name`)
  if (!isIPv6(host) && !HOST.test(host)) return refuse(`"${text}" is not a host name or an address`)
  return { user, host, port: port === undefined ? undefined : Number(port), label }
}

/** What is wrong with hosts on the way, as `ssh -J` takes them: one after the other, with commas between. */
export function jumpProblem(text: string): string | undefined {
  for (const hop of text.split(',')) {
    const address = parseHost(hop)
    if ('says' in address) return address.says
  }
  return undefined
}

/** Whether a number can be a TCP port. */
export function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535
}

/** `host:port`, in brackets where the host is an IPv6 address. */
export function hostLabel(host: string, port: number | undefined): string {
  if (port === undefined) return host
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`
}

function split(label: string): { readonly host: string; readonly port: string | undefined } {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(label)
  if (bracketed) return { host: bracketed[1] ?? '', port: bracketed[2] }
  // Two colons and more: an IPv6 address, which has a port only in brackets.
  if (label.split(':').length > 2) return { host: label, port: undefined }
  const [host = '', port] = label.split(':')
  return { host, port }
}
