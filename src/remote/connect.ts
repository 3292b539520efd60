import { seconds } from '../model/duration.ts'
import type { Host, Target } from '../model/target.ts'
import { openSystemLine } from './openssh.ts'
import type { Connect } from './remote.ts'
import { quote } from './shell.ts'
import { openLine, type SshTarget } from './ssh.ts'
import { configOf, localPath, type ResolveOptions, resolve } from './ssh-config.ts'
import { transportOf } from './transport.ts'

/** Opens lines to one host of a target: its configuration is resolved once, each call makes a connection of its own. */
export function connector(host: Host, target: ConnectSettings, options: ResolveOptions = {}): Connect {
  let resolved: Promise<SshTarget> | undefined
  return async () => {
    resolved ??= sshTarget(host, target, options)
    const reached = await resolved
    const patience = { silence: Math.min(reached.aliveSeconds ?? SILENCE, SILENCE) * 1000 }
    if ((await transportOf(reached, target.transport)) === 'openssh') return openSystemLine(reached, patience)
    return openLine(reached, patience).catch((error: unknown) => {
      // A server that allows only what the library does not know yet: nothing has been told to it so far.
      if (target.transport === undefined && isStranger(error)) return openSystemLine(reached, patience)
      throw error
    })
  }
}

/** Seconds without an answer until a line counts as lost; a configuration can ask for less, but not for more. */
const SILENCE = 20

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
