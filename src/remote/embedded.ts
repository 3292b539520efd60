import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { finished, pipeline } from 'node:stream'
import type { AuthContext, ParsedKey, ServerChannel, TcpipRequestInfo } from 'ssh2'
import { dialHere, LOOPBACK_NAMES } from './loopback.ts'
import { toStream } from './ssh-stream.ts'

export interface EmbeddedOptions {
  /** Where commands start, and their HOME. */
  readonly home: string
  /** The one public key that may enter, as a line of authorized_keys. */
  readonly authorizedKey: string
  /** The server's private key, in OpenSSH's format. */
  readonly hostKey: string
  /** Whether it hangs up on everybody who calls now, as if it were not there. */
  readonly isOff?: () => boolean
}

export interface Embedded {
  readonly port: number
  /** For known_hosts: type and key. */
  readonly hostPublicKey: string
  /** The process groups of the commands that still run. */
  groups(): readonly number[]
  /** Ends the server and its connections. As with sshd, commands lose their stdin and live on. */
  close(): Promise<void>
}

/** An SSH server on 127.0.0.1, for one key, whose commands are run by this machine's `sh`. For the demo, not for strangers. */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const { default: ssh2 } = await import('ssh2')
  const allowed = parsed(ssh2.utils.parseKey(options.authorizedKey))
  const host = parsed(ssh2.utils.parseKey(options.hostKey))
  const sockets = new Set<Socket>()
  const running = new Set<number>()
  const ssh = new ssh2.Server({ hostKeys: [options.hostKey] }, (connection) => {
    // A client that just goes away is no concern of ours.
    connection.on('error', () => {})
    connection.on('authentication', (context) => authenticate(context, allowed))
    connection.on('session', (accept) => {
      accept().on('exec', (accept, _reject, { command }) => run(accept(), command, options.home, running))
    })
    connection.on('tcpip', (accept, reject, wanted) => void forward(accept, reject, wanted))
  })
  // A listener of our own, so that its sockets are ours to end.
  const server = createServer((socket) => {
    if (options.isOff?.()) return void socket.destroy()
    sockets.add(socket.setNoDelay(true))
    socket.on('close', () => sockets.delete(socket))
    ssh.injectSocket(socket)
  })
  return {
    port: await listen(server),
    hostPublicKey: `${host.type} ${host.getPublicSSH().toString('base64')}`,
    groups: () => [...running],
    close: () =>
      new Promise((done) => {
        server.close(() => done())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

/** A new ed25519 key pair in OpenSSH's format: the private key for a file, the public key as a line. */
export async function generateKeyPair(comment: string): Promise<{ readonly privateKey: string; readonly publicKey: string }> {
  const { default: ssh2 } = await import('ssh2')
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync('ed25519', { comment })
    // ssh2 drops a zero byte that a public key begins with, as one in 256 does, and then cannot read what it wrote.
    if (!(ssh2.utils.parseKey(pair.private) instanceof Error)) return { privateKey: pair.private, publicKey: pair.public }
  }
}

function parsed(key: ParsedKey | Error): ParsedKey {
  if (key instanceof Error) throw key
  return key
}

function listen(server: Server): Promise<number> {
  return new Promise((done, fail) => {
    server.once('error', fail)
    server.listen(0, '127.0.0.1', () => done((server.address() as AddressInfo).port))
  })
}

function authenticate(context: AuthContext, allowed: ParsedKey): void {
  if (admits(context, allowed)) context.accept()
  else context.reject(['publickey'])
}

function admits(context: AuthContext, allowed: ParsedKey): boolean {
  if (context.method !== 'publickey' || !allowed.getPublicSSH().equals(context.key.data)) return false
  // Without a signature the client only asks whether this key would do.
  if (context.signature === undefined || context.blob === undefined) return true
  return allowed.verify(context.blob, context.signature, context.hashAlgo) === true
}

/** To this machine itself and nowhere else. The library has one way to refuse, so that it looks as if nobody listened. */
async function forward(accept: () => ServerChannel, reject: () => void, { destIP, destPort }: TcpipRequestInfo): Promise<void> {
  const way = LOOPBACK_NAMES.includes(destIP) ? await dialHere(destIP, destPort) : undefined
  if (!way || 'refused' in way) return reject()
  const stream = toStream(accept())
  pipeline(stream, way.stream, stream, () => {})
}

/** One command, as sshd would: in a process group of its own, which outlives the connection, with little but HOME and PATH around it. */
function run(channel: ServerChannel, command: string, home: string, running: Set<number>): void {
  const env = {
    HOME: home,
    PATH: process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
    SHELL: '/bin/sh',
    LANG: process.env['LANG'] ?? 'C.UTF-8',
  }
  const child = spawn('/bin/sh', ['-c', command], { cwd: home, env, detached: true, stdio: 'pipe' })
  child.on('error', (error) => {
    channel.stderr.write(`cannot start sh: ${error.message}\n`)
    channel.exit(127)
    channel.end()
  })
  wire(channel, child)
  const { pid } = child
  if (pid !== undefined) running.add(pid)
  child.on('exit', (code, signal) => {
    if (pid !== undefined) running.delete(pid)
    if (code !== null) channel.exit(code)
    else channel.exit(String(signal).replace(/^SIG/, ''), false, '')
  })
  child.on('close', () => channel.end())
}

function wire(channel: ServerChannel, child: ChildProcessWithoutNullStreams): void {
  channel.on('error', () => {})
  child.stdin.on('error', () => {})
  channel.pipe(child.stdin)
  child.stdout.pipe(channel, { end: false })
  child.stderr.pipe(channel.stderr, { end: false })
  finished(channel, () => {
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy()
  })
}
