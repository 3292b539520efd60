import { seconds } from '../model/duration.ts'
import type { Host, Target } from '../model/target.ts'
import type { Connect } from './remote.ts'
import { openLine, type SshTarget } from './ssh.ts'
import { localPath, type ResolveOptions, resolve } from './ssh-config.ts'

/** Opens lines to one host of a target: its configuration is resolved once, each call makes a connection of its own. */
export function connector(host: Host, target: ConnectSettings, options: ResolveOptions = {}): Connect {
  let resolved: Promise<SshTarget> | undefined
  return async () => {
    resolved ??= sshTarget(host, target, options)
    return openLine(await resolved)
  }
}

/** The settings of a target that say how to connect. */
export type ConnectSettings = Pick<Target, 'identity' | 'agent' | 'knownHosts' | 'hostKeys' | 'connectTimeout'>

/** All that is needed to reach one host: OpenSSH's configuration with the target's own settings above it. */
export async function sshTarget(host: Host, target: ConnectSettings, options: ResolveOptions = {}): Promise<SshTarget> {
  const identity = host.identity ?? target.identity
  const resolved = await resolve({ ...host, identity }, options)
  const own = target.knownHosts === undefined ? resolved.userKnownHosts : [localPath(target.knownHosts)]
  return {
    ...resolved,
    agent: target.agent === false ? undefined : resolved.agent,
    name: host.name,
    connectSeconds: (target.connectTimeout && seconds(target.connectTimeout)) || resolved.connectTimeout || 20,
    trust: {
      host: resolved.hostname,
      port: resolved.port,
      alias: resolved.alias,
      files: [...own, ...resolved.globalKnownHosts],
      pins: target.hostKeys ?? [],
    },
  }
}
