import { connect as connectSocket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { NodeSSH } from 'node-ssh'
import type { AnyAuthMethod, AuthHandlerMiddleware, ConnectConfig } from 'ssh2'
import type { Login } from '../model/login.ts'
import { algorithms, checkHostKey, type Known, readKnown, type Trust } from './host-key.ts'
import type { Keyring } from './keyring.ts'
import { type HostKey, hostKey } from './known-hosts.ts'
import { acceptedKey, loginOf } from './login.ts'
import type { Skipped } from './offer.ts'
import type { System } from './openssh-words.ts'
import type { Remote } from './remote.ts'
import type { Resolved } from './ssh-config.ts'
import { connectFailure, type Failure, type LibraryError, type Progress } from './ssh-error.ts'
import { loginMethods, type Method } from './ssh-keys.ts'
import { type Line, toRemote } from './ssh-remote.ts'

/** Everything that is needed to reach, to trust and to enter one host. */
export interface SshTarget extends Resolved {
  /** How messages call it. */
  readonly name: string
  readonly trust: Trust
  /** Seconds until a connection must stand, login included. */
  readonly connectSeconds: number
  /** How the system's own ssh reaches it. */
  readonly system: System
  /** A line of known_hosts that alone speaks for it, where its key was pinned and has been seen. */
  readonly pinned?: string
  readonly keys: Keyring
  /** Whether the config itself names the key (`identity`). */
  readonly named: boolean
}

export interface LineOptions {
  /** Milliseconds without a byte from the host, which is asked for one all the while, until the line counts as lost. */
  readonly silence?: number
}

/**
 * Opens a line over SSH: CONNECTION, AUTH or HOST_KEY where that fails. A server that drops us before the login is tried up to four
 * times; a refused key or login never again.
 */
export async function openLine(target: SshTarget, options: LineOptions = {}): Promise<Remote> {
  const { NodeSSH } = await import('node-ssh')
  const silence = options.silence ?? 20_000
  const [known, login] = await Promise.all([readKnown(target.trust), loginMethods(target)])
  for (let attempt = 1; ; attempt++) {
    const outcome = await connectOnce(new NodeSSH(), target, { known, ...login, silence })
    if ('client' in outcome) return { ...toRemote(outcome, target.name, silence), login: outcome.login }
    if (!outcome.dropped || attempt === 4) throw outcome.error
    await pause(attempt * (150 + Math.random() * 350))
  }
}

/** The key that a host shows, whoever knows it; the line ends before anybody has said who they are. Undefined where it is none. Fails with CONNECTION. */
export async function keyShown(target: SshTarget, known: Known): Promise<HostKey | undefined> {
  const { default: ssh2 } = await import('ssh2')
  const socket = connectSocket({ host: target.hostname, port: target.port, family: target.family })
  const client = new ssh2.Client()
  let connected = false
  socket.once('connect', () => {
    connected = true
  })
  try {
    return await new Promise((done, fail) => {
      const failed = (cause?: LibraryError): void => {
        const progress = {
          connected,
          greeting: '',
          trusted: false,
          tried: [],
          methods: undefined,
          partial: false,
          hostKey: undefined,
        }
        fail(connectFailure({ ...target, skipped: [] }, cause, progress).error)
      }
      client.on('error', failed)
      client.once('close', () => failed())
      client.connect({
        sock: socket,
        username: target.user,
        readyTimeout: target.connectSeconds * 1000,
        algorithms: { serverHostKey: [...algorithms(known)] as ServerHostKey },
        hostVerifier: (blob: Buffer): boolean => {
          done(hostKey(blob))
          return false
        },
      })
    })
  } finally {
    socket.destroy()
  }
}

interface Attempt {
  readonly known: Known
  readonly methods: readonly Method[]
  readonly skipped: readonly Skipped[]
  readonly silence: number
}

/** One attempt. The promise of node-ssh knows the first error only, and rejects on some that are none: the events say it all. */
function connectOnce(ssh: NodeSSH, target: SshTarget, plan: Attempt): Promise<(Line & { readonly login: Login }) | Failure> {
  const socket = connectSocket({ host: target.hostname, port: target.port, family: target.family })
  socket.setNoDelay(true)
  const progress: Progress = {
    connected: false,
    greeting: '',
    trusted: false,
    tried: [],
    methods: undefined,
    partial: false,
    hostKey: undefined,
  }
  socket.once('connect', () => {
    progress.connected = true
  })
  let shown: Buffer = Buffer.alloc(0)
  ssh
    .connect({
      sock: socket,
      username: target.user,
      readyTimeout: target.connectSeconds * 1000,
      keepaliveInterval: Math.round(plan.silence / 3),
      // Silence is watched in toRemote: ssh2 counts unanswered questions, and an answer can wait long behind what a slow line carries.
      keepaliveCountMax: 1_000_000,
      algorithms: { serverHostKey: [...algorithms(plan.known)] as ServerHostKey },
      hostVerifier: (blob: Buffer): boolean => {
        shown = blob
        progress.hostKey = checkHostKey(target.name, target.trust, plan.known, blob)
        return progress.hostKey === undefined
      },
      authHandler: tryInTurn(plan.methods, progress),
    })
    .catch(() => {})
  const client = ssh.connection
  if (!client) throw new TypeError('node-ssh made no connection')
  socket.once('data', (bytes: Buffer) => {
    progress.greeting = bytes.toString('latin1', 0, 200)
  })
  return new Promise((done) => {
    const fail = (cause?: LibraryError): void => {
      socket.destroy()
      done(connectFailure({ ...target, skipped: plan.skipped }, cause, progress))
    }
    // For the whole life of the client: an error that nobody hears would end the process.
    client.on('error', (error: LibraryError) => {
      if (error.level !== 'agent') fail(error)
    })
    client.once('handshake', () => {
      progress.trusted = true
    })
    client.once('close', () => fail())
    client.once('ready', () => {
      const login = loginOf(target, socket, plan.methods[progress.tried.length - 1], acceptedKey(target.trust, plan.known, shown))
      done({ client, socket, end: () => ssh.dispose(), login })
    })
  })
}

type ServerHostKey = Extract<NonNullable<NonNullable<ConnectConfig['algorithms']>['serverHostKey']>, readonly unknown[]>

function tryInTurn(methods: readonly Method[], progress: Progress): AuthHandlerMiddleware {
  const left = [...methods]
  return (offered: readonly string[] | null, partial, next) => {
    if (offered) progress.methods = offered
    progress.partial = partial === true
    const one = offered === null || offered.includes('publickey') ? left.shift() : undefined
    // The library takes `false` for "no more", which its types do not know.
    if (!one) return (next as (method: AnyAuthMethod | false) => void)(false)
    progress.tried.push(one.label)
    next(one.method)
  }
}
