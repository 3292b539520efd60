import type { Builder } from '../model/config.ts'
import type { Host, Target } from '../model/target.ts'
import type { LoadedConfig } from './config.ts'
import { parseHost } from './config-host.ts'
import { localFile } from './local-file.ts'

export type SshBuilder = Extract<Builder, { readonly type: 'ssh' }>

/** A build host, and how to reach it: what its builder says, else what `defaults` says for targets. Files are absolute. */
export interface BuildHost {
  readonly host: Host
  readonly settings: Pick<Target, 'identity' | 'agent' | 'knownHosts' | 'hostKeys' | 'connectTimeout'>
}

/** The host of a builder whose configuration has been checked. */
export function buildHost(builder: SshBuilder, { dir, config }: Pick<LoadedConfig, 'dir' | 'config'>): BuildHost {
  const address = parseHost(builder.host)
  if ('says' in address) throw new TypeError(address.says)
  const { defaults = {} } = config
  const file = (path: string | undefined) => (path === undefined ? undefined : localFile(dir, path))
  const identity = file(builder.identity ?? defaults.identity)
  const knownHosts = file(builder.knownHosts ?? defaults.knownHosts)
  const agent = builder.agent ?? defaults.agent
  const hostKeys = builder.hostKeys ?? defaults.hostKeys
  const connectTimeout = builder.connectTimeout ?? defaults.connectTimeout
  return {
    host: {
      name: address.label,
      host: address.host,
      user: address.user,
      port: address.port,
      path: builder.path,
      env: {},
      tags: [],
      identity,
    },
    settings: {
      ...(identity !== undefined && { identity }),
      ...(knownHosts !== undefined && { knownHosts }),
      ...(agent !== undefined && { agent }),
      ...(hostKeys !== undefined && { hostKeys }),
      ...(connectTimeout !== undefined && { connectTimeout }),
    },
  }
}
