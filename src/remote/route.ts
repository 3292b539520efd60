import type { Route } from '../model/login.ts'
import type { Host } from '../model/target.ts'
import { type ConnectSettings, sshTarget } from './connect.ts'
import type { ResolveOptions } from './ssh-config.ts'
import { needsOfSsh, transportOf } from './transport.ts'

/** How a host would be reached, without any connection. Fails with CONFIG, CONNECTION where it could not. */
export async function routeOf(host: Host, target: ConnectSettings, options: ResolveOptions = {}): Promise<Route> {
  const reached = await sshTarget(host, target, options)
  const transport = await transportOf(reached, target.transport)
  const { hostname, port, user } = reached
  if (transport === 'ssh2') return { hostname, port, user, transport, because: null }
  const asked = target.transport === 'openssh' ? "transport: 'openssh'" : 'certificates or hardware keys in the agent'
  const [first = asked] = await needsOfSsh(reached)
  return { hostname, port, user, transport, because: first }
}
