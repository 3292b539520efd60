import { seconds } from '../model/duration.ts'
import type { Host, Target } from '../model/target.ts'
import { givenKey } from './given-key.ts'
import { checkHostKey, knownLine, readKnown } from './host-key.ts'
import { keyringOf } from './keyring.ts'
import { openSystemLine } from './openssh.ts'
import { keyBySystem } from './openssh-key.ts'
import type { Connect, Remote } from './remote.ts'
import { quote } from './shell.ts'
import { type LineOptions, openLine, type SshTarget } from './ssh.ts'
import { configOf, localPath, type ResolveOptions, resolve } from './ssh-config.ts'
import { keyTools } from './ssh-keys.ts'
import { transportOf } from './transport.ts'

/**
 * Opens lines to one host of a target: its configuration is resolved once, each call makes a connection of its own. Whoever is not told
 * what there is to log in with takes what the call before had, and the first one what the environment has.
 */
export function connector(host: Host, target: ConnectSettings, options: ResolveOptions = {}): Connect {
  let resolved: Promise<SshTarget> | undefined
  let keys = keyringOf(process.env)
  return async (given = keys) => {
    keys = given
    // Whatever is wrong with it is said before anybody is called.
    givenKey(keys, await keyTools(keys))
    resolved ??= sshTarget(host, target, options)
    const reached = { ...(await resolved), keys }
    const patience = { silence: Math.min(reached.aliveSeconds ?? SILENCE, SILENCE) * 1000 }
    if ((await transportOf(reached, target.transport)) === 'openssh') return openPinned(reached, patience)
    return openLine(reached, patience).catch((error: unknown) => {
      // A server that allows only what the library does not know yet: nothing has been told to it so far.
      if (target.transport === undefined && isStranger(error)) return openPinned(reached, patience)
      throw error
    })
  }
}

/** Seconds without an answer until a line counts as lost; a configuration can ask for less, but not for more. */
const SILENCE = 20

/** ssh knows no pins: it gets the key to expect, which has been seen and is one of them. */
async function openPinned(target: SshTarget, patience: LineOptions): Promise<Remote> {
  const { name, trust } = target
  if (trust.pins.length === 0) return openSystemLine(target, patience)
  const [known, key] = await Promise.all([readKnown(trust), keyBySystem(target)])
  const error = checkHostKey(name, trust, known, key?.blob ?? Buffer.alloc(0))
  if (error || !key) throw error
  return openSystemLine({ ...target, pinned: knownLine(trust, key) }, patience)
}

/** The settings of a target that say how to connect. */
export type ConnectSettings = Pick<
  Target,
  'identity' | 'agent' | 'knownHosts' | 'hostKeys' | 'connectTimeout' | 'jump' | 'transport'
> &
  Partial<Pick<Target, 'name'>>

/** All that is needed to reach one host: OpenSSH's configuration with the target's own settings above it. */
export async function sshTarget(host: Host, target: ConnectSettings, options: ResolveOptions = {}): Promise<SshTarget> {
  const identity = host.identity ?? target.identity
  const resolved = await resolve({ ...host, identity }, { ...options, jump: target.jump })
  const own = target.knownHosts === undefined ? resolved.userKnownHosts : [localPath(target.knownHosts)]
  return {
    ...resolved,
    agent: target.agent === false ? undefined : resolved.agent,
    name: host.name,
    keys: keyringOf(process.env),
    named: identity !== undefined,
    system: {
      program: options.ssh ?? 'ssh',
      asked: host.host,
      config: configOf(options),
      words: systemWords({ ...host, identity }, target),
    },
    connectSeconds: (target.connectTimeout && seconds(target.connectTimeout)) || resolved.connectTimeout || 20,
    trust: {
      host: resolved.hostname,
      port: resolved.port,
      alias: resolved.alias,
      files: [...own, ...resolved.globalKnownHosts],
      pins: target.hostKeys ?? [],
      command: target.name && `releaser trust target=${quote(target.name)} host=${quote(host.name)}`,
    },
  }
}

/** What the target's own settings say, as words of ssh: they stand above its configuration, for this host alone. */
function systemWords({ user, port, identity }: Host, { agent, knownHosts, jump }: ConnectSettings): readonly string[] {
  return [
    ...(user === undefined ? [] : ['-l', user]),
    ...(port === undefined ? [] : ['-p', String(port)]),
    ...(identity === undefined ? [] : ['-i', identity, '-o', 'IdentitiesOnly=yes']),
    ...(agent === false ? ['-o', 'IdentityAgent=none'] : []),
    ...(knownHosts === undefined ? [] : ['-o', `UserKnownHostsFile="${localPath(knownHosts)}"`]),
    ...(jump === undefined ? [] : ['-o', `ProxyJump=${jump}`]),
  ]
}

function isStranger(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof Error && /no matching/.test(error.cause.message)
}
