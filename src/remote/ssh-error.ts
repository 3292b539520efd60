import { ReleaserError } from '../model/errors.ts'
import type { Skipped } from './offer.ts'
import { quote } from './shell.ts'

/** How far an attempt to connect came: what the SSH library's errors leave out. */
export interface Progress {
  connected: boolean
  /** The first bytes that came from the other side. */
  greeting: string
  /** Keys are exchanged and the host key is accepted. */
  trusted: boolean
  /** Labels of the keys that were tried. */
  readonly tried: string[]
  /** Ways to log in that the server still offers; undefined before it said so. */
  methods: readonly string[] | undefined
  partial: boolean
  hostKey: ReleaserError | undefined
}

/** Whom the words are about. */
export interface Whom {
  readonly name: string
  readonly hostname: string
  readonly port: number
  readonly user: string
  readonly connectSeconds: number
  readonly skipped: readonly Skipped[]
}

export interface Failure {
  readonly error: ReleaserError
  /** The server let go before it knew who we are (as with MaxStartups): it is worth another try. */
  readonly dropped: boolean
}

/** Where a connection ended and why, in words. `cause` undefined: the other side just closed it. */
export function connectFailure(whom: Whom, cause: LibraryError | undefined, progress: Progress): Failure {
  if (progress.hostKey) return { error: progress.hostKey, dropped: false }
  const beforeLogin = progress.tried.length === 0
  if (cause?.level === 'client-authentication' || (progress.trusted && !beforeLogin))
    return { error: rejected(whom, cause, progress), dropped: false }
  const { reason, hint, dropped } = explain(whom, cause, progress)
  const error = new ReleaserError('CONNECTION', `cannot reach ${placed(whom)}: ${reason}`, { hint, cause })
  return { error, dropped: dropped ?? false }
}

/** The line to a host that was there is gone. */
export function lineLost(name: string, cause?: unknown): ReleaserError {
  const why = cause instanceof Error ? `: ${cause.message.toLowerCase()}` : ''
  return new ReleaserError('CONNECTION', `the line to ${name} is lost${why}`, {
    hint: 'look at the network, then run the command again',
    cause,
  })
}

/** An error of ssh2 or of a socket. */
export type LibraryError = Error & { readonly level?: string; readonly code?: string | number }

interface Explanation {
  readonly reason: string
  readonly hint: string
  readonly dropped?: boolean
}

function explain(whom: Whom, cause: LibraryError | undefined, progress: Progress): Explanation {
  const code = typeof cause?.code === 'string' ? cause.code : ''
  const socket = progress.connected ? undefined : SOCKET[code]?.(whom)
  if (socket) return socket
  if (cause?.level === 'client-timeout') return timedOut(whom, progress)
  const said = printable(progress.greeting)
  const busy = /^(Exceeded MaxStartups|Not allowed at this time)/.test(said)
  if (said !== '' && !busy && !/(^|\s)SSH-/.test(said)) {
    return {
      reason: `what answers there is no SSH server (it says "${said}")`,
      hint: `is ${whom.port} the right port? ${byHand(whom)}`,
    }
  }
  const lost =
    cause === undefined || code === 'ECONNRESET' || code === 'EPIPE' || /Connection lost before handshake/.test(cause.message)
  if (lost) {
    return {
      reason: `the server closed the connection before the login${busy ? ` (it says "${said}")` : ''}`,
      hint: `it may be busy (MaxStartups) or refuse this address: ${byHand(whom)}`,
      dropped: true,
    }
  }
  if (/no matching/.test(cause?.message ?? '')) {
    return { reason: 'it allows only algorithms that are not known here', hint: `see which: ${byHand(whom, '-v ')}` }
  }
  return { reason: (cause?.message ?? 'the connection was closed').toLowerCase(), hint: `try it by hand: ${byHand(whom)}` }
}

const SOCKET: Readonly<Record<string, (whom: Whom) => Explanation>> = {
  ECONNREFUSED: (whom) => ({
    reason: 'connection refused',
    hint: `does sshd run there, on port ${whom.port}? try: ${byHand(whom)}`,
  }),
  ENOTFOUND: unknownName,
  EAI_AGAIN: unknownName,
  EHOSTUNREACH: noRoute,
  ENETUNREACH: noRoute,
  ETIMEDOUT: (whom) => ({ reason: 'no answer', hint: `is the host up, and does a firewall let port ${whom.port} through?` }),
}

function unknownName(whom: Whom): Explanation {
  return { reason: `the name ${whom.hostname} is not known`, hint: 'look for a typo in hosts, at ~/.ssh/config and at the DNS' }
}

function noRoute(): Explanation {
  return { reason: 'no route to it', hint: 'look at the network and at the VPN' }
}

function timedOut(whom: Whom, progress: Progress): Explanation {
  const within = `within ${whom.connectSeconds} s`
  if (!progress.connected) {
    return {
      reason: `no answer ${within}`,
      hint: `is the host up, and does a firewall let port ${whom.port} through? connectTimeout is how long to wait`,
    }
  }
  const what = progress.greeting === '' ? 'it takes connections, but no SSH server answered' : 'the login was not done'
  return { reason: `${what} ${within}`, hint: `try it by hand: ${byHand(whom)}` }
}

function rejected(whom: Whom, cause: LibraryError | undefined, progress: Progress): ReleaserError {
  const [first] = whom.skipped
  const left = whom.skipped.map((one) => one.why).join('; ')
  const who = `${whom.user}@${placed(whom)}`
  const question = progress.partial ? undefined : whom.skipped.find((one) => one.question)?.question
  const fail = (message: string, hint: string): ReleaserError => new ReleaserError('AUTH', message, { hint, cause, question })
  if (progress.partial)
    return fail(`${who} wants more than a key to log in (${progress.methods?.join(', ')})`, 'allow a key alone for this user')
  if (progress.methods && !progress.methods.includes('publickey')) {
    return fail(
      `${who} takes no keys, only ${progress.methods.join(', ')}`,
      'allow public keys there: PubkeyAuthentication yes in sshd_config',
    )
  }
  if (progress.tried.length === 0) {
    const hint = first?.hint ?? 'make one with ssh-keygen, or name one with identity in the config'
    return fail(`there is no key to log in as ${who}${left && `: ${left}`}`, hint)
  }
  const hint =
    first?.hint ??
    `let a key in with ssh-copy-id -p ${whom.port} ${quote(`${whom.user}@${whom.hostname}`)}, or name the right one with identity`
  return fail(`${who} lets none of these keys in: ${progress.tried.join(', ')}${left && ` (not tried: ${left})`}`, hint)
}

/** `web1 (10.0.0.1:22)`, or just the name where it says as much. */
export function placed(whom: Pick<Whom, 'name' | 'hostname' | 'port'>): string {
  return address(whom) === whom.name ? whom.name : `${whom.name} (${address(whom)})`
}

function address(whom: Pick<Whom, 'hostname' | 'port'>): string {
  return `${whom.hostname.includes(':') ? `[${whom.hostname}]` : whom.hostname}:${whom.port}`
}

function byHand(whom: Whom, flags = ''): string {
  return `ssh ${flags}-p ${whom.port} ${quote(`${whom.user}@${whom.hostname}`)}`
}

/** One short line of what a stranger sent, without anything that a terminal would obey. */
function printable(text: string): string {
  const line = text.split(/[\r\n]/)[0] ?? ''
  return line.replace(/[^\x20-\x7e]/g, '?').slice(0, 60)
}
