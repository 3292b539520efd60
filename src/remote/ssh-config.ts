import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { homedir, hostname as localName, userInfo } from 'node:os'
import { isAbsolute, resolve as resolvePath } from 'node:path'
import { ReleaserError } from '../model/errors.ts'
import type { Host } from '../model/target.ts'
import { beyond } from './ssh-beyond.ts'
import { readSshConfig } from './ssh-config-file.ts'

/** What OpenSSH's configuration makes of a host, the config's own user, port and identity already laid over it. */
export interface Resolved {
  readonly hostname: string
  readonly port: number
  readonly user: string
  readonly alias: string | undefined
  /** Absolute, in the order to try; they need not exist. */
  readonly identities: readonly string[]
  /** Whether somebody chose them; false for OpenSSH's own list of default names. */
  readonly chosen: boolean
  /** Offer nothing but `identities`, from their files or from the agent. */
  readonly identitiesOnly: boolean
  /** The socket of the SSH agent. */
  readonly agent: string | undefined
  readonly userKnownHosts: readonly string[]
  readonly globalKnownHosts: readonly string[]
  readonly connectTimeout: number | undefined
  /** Seconds without an answer until the line counts as lost (ServerAliveInterval by ServerAliveCountMax); undefined: ours. */
  readonly aliveSeconds?: number | undefined
  readonly family: 0 | 4 | 6
  /** What it asks for that only the system's own ssh can do, in its words. */
  readonly beyond: readonly string[]
}

export interface ResolveOptions {
  /** Read instead of ~/.ssh/config, as `ssh -F` does. Left out: `RELEASER_SSH_CONFIG` of the environment, if it is set. */
  readonly configFile?: string | undefined
  /** The ssh to ask. */
  readonly ssh?: string
  /** Hosts on the way, as `ssh -J` takes them. */
  readonly jump?: string | undefined
}

/**
 * Asks `ssh -G` what it would do for a host; where there is no ssh, its configuration is read here.
 * Fails with CONFIG for a configuration that ssh refuses, or that needs ssh where there is none.
 */
export async function resolve(host: Host, options: ResolveOptions = {}): Promise<Resolved> {
  const answer = await askSsh(host, options)
  const read = answer === undefined ? await readAlone(host, options) : parse(answer)
  const one = (key: string): string | undefined => read.get(key)?.[0]
  const hostname = one('hostname') ?? host.host
  const port = host.port ?? Number(one('port') ?? 22)
  const user = host.user ?? one('user') ?? userInfo().username
  const alias = one('hostkeyalias')
  const expand = expander({ original: host.host, hostname, port, user, alias })
  const listed = (read.get('identityfile') ?? DEFAULT_KEYS).filter((file) => file !== 'none')
  const own = host.identity === undefined ? undefined : expand(host.identity)
  return {
    hostname,
    port,
    user,
    alias,
    identities: own === undefined ? listed.map(expand) : [own],
    chosen: own !== undefined || listed.length === 1 || listed.some((file) => !/^~\/\.ssh\/id_[a-z0-9_]+$/.test(file)),
    identitiesOnly: own !== undefined || one('identitiesonly') === 'yes',
    agent: agentSocket(one('identityagent'), expand),
    userKnownHosts: files(one('userknownhostsfile') ?? '~/.ssh/known_hosts ~/.ssh/known_hosts2').map(expand),
    globalKnownHosts: files(one('globalknownhostsfile') ?? '/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2').map(expand),
    connectTimeout: Number(one('connecttimeout')) || undefined,
    aliveSeconds: Number(one('serveraliveinterval') ?? 0) * Number(one('serveralivecountmax') ?? 3) || undefined,
    family: FAMILIES.get(one('addressfamily') ?? 'any') ?? 0,
    beyond: beyond(read),
  }
}

/** `~/…` and relative paths as absolute ones. */
export function localPath(path: string): string {
  if (path === '~' || path.startsWith('~/')) return homedir() + path.slice(1)
  return isAbsolute(path) ? path : resolvePath(path)
}

const DEFAULT_KEYS = ['~/.ssh/id_ed25519', '~/.ssh/id_ecdsa', '~/.ssh/id_rsa']

const FAMILIES: ReadonlyMap<string, 0 | 4 | 6> = new Map([
  ['any', 0],
  ['inet', 4],
  ['inet6', 6],
])

/** The configuration that is read in place of the user's and the machine's. */
export function configOf(options: ResolveOptions): string | undefined {
  return options.configFile ?? (process.env['RELEASER_SSH_CONFIG'] || undefined)
}

function askSsh(host: Host, options: ResolveOptions): Promise<string | undefined> {
  const file = configOf(options)
  const words = [
    '-G',
    ...(file ? ['-F', file] : []),
    ...(host.user === undefined ? [] : ['-l', host.user]),
    ...(host.port === undefined ? [] : ['-p', String(host.port)]),
    ...(options.jump === undefined ? [] : ['-o', `ProxyJump=${options.jump}`]),
    '--',
    host.host,
  ]
  return new Promise((done, fail) => {
    const child = execFile(options.ssh ?? 'ssh', words, { encoding: 'utf8', timeout: 20_000 }, (error, stdout, stderr) => {
      if (!error) return done(stdout)
      if (error.code === 'ENOENT') return done(undefined)
      const said = stderr.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('Pseudo-terminal'))
      const why = said[0] ?? `ssh -G ended with ${error.code ?? error.signal}`
      const hint = `see what ssh says: ssh -G ${file ? `-F ${file} ` : ''}${host.host}`
      fail(new ReleaserError('CONFIG', `ssh cannot say how to reach ${host.name}: ${why}`, { hint, cause: error }))
    })
    child.stdin?.end()
  })
}

/** Without ssh, nobody is there to do what only it can. */
async function readAlone(host: Host, options: ResolveOptions): Promise<ReadonlyMap<string, readonly string[]>> {
  const file = configOf(options)
  const read = await readSshConfig(host, file)
  const [first] = options.jump === undefined ? beyond(read) : [`jump ${options.jump}`]
  if (first === undefined) return read
  throw new ReleaserError(
    'CONFIG',
    `${host.name} is reached with ${first}, which needs ssh, and there is no ${options.ssh ?? 'ssh'} here`,
    {
      hint: 'install OpenSSH here (openssh-client)',
    },
  )
}

function parse(answer: string): ReadonlyMap<string, readonly string[]> {
  const read = new Map<string, readonly string[]>()
  for (const line of answer.split('\n')) {
    const at = line.indexOf(' ')
    if (at < 1) continue
    const key = line.slice(0, at).toLowerCase()
    read.set(key, [...(read.get(key) ?? []), line.slice(at + 1)])
  }
  return read
}

/** `ssh -G` writes lists of files in one line, without quotes: a new one begins where a path does. */
function files(list: string): readonly string[] {
  return list.split(/ (?=[~/]|none$)/).filter((file) => file !== '' && file !== 'none')
}

function agentSocket(said: string | undefined, expand: (path: string) => string): string | undefined {
  const fromEnvironment = process.env['SSH_AUTH_SOCK'] || undefined
  if (said === undefined || said === 'SSH_AUTH_SOCK') return fromEnvironment
  if (said === 'none') return undefined
  if (said.startsWith('$')) return process.env[said.replace(/^\$\{?|\}$/g, '')] || undefined
  return expand(said)
}

interface Names {
  readonly original: string
  readonly hostname: string
  readonly port: number
  readonly user: string
  readonly alias: string | undefined
}

/** The tokens and `${VAR}` of ssh_config(5) in file names, which `ssh -G` leaves as they were written. */
function expander(names: Names): (path: string) => string {
  const local = localName()
  const { username, uid } = userInfo()
  const tokens: Readonly<Record<string, string>> = {
    '%': '%',
    d: homedir(),
    h: names.hostname,
    i: String(uid),
    k: names.alias ?? names.original,
    L: local.split('.')[0] ?? local,
    l: local,
    n: names.original,
    p: String(names.port),
    r: names.user,
    u: username,
    C: createHash('sha1').update(`${local}${names.hostname}${names.port}${names.user}`).digest('hex'),
  }
  return (path) =>
    localPath(
      path
        .replace(/\$\{(\w+)\}/g, (whole, name: string) => process.env[name] ?? whole)
        .replace(/%(.)/g, (whole, token: string) => tokens[token] ?? whole),
    )
}
