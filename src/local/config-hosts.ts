import type { HostEntry } from '../model/config.ts'
import { expandRanges } from '../model/host-range.ts'
import type { Host } from '../model/target.ts'
import { hostLabel, parseHost } from './config-host.ts'
import type { Problem } from './config-problem.ts'
import { localFile } from './local-file.ts'

/** What a host has of its target where it says nothing itself: its path and its key; `dir` is where relative files lie. */
export interface HostContext {
  readonly path: string
  readonly key: string | undefined
  readonly dir: string
}

type Resolved = { readonly host: Host } | { readonly problem: Problem }

/** The hosts of a list that stands at this place of a configuration, and what is wrong with them. */
export function resolveHosts(
  at: string,
  written: readonly (string | HostEntry)[],
  context: HostContext,
): { readonly hosts: readonly Host[]; readonly problems: readonly Problem[] } {
  const all = written.flatMap((entry, index) => hostsOf(`${at}[${index}]`, entry, context))
  const hosts = all.flatMap((one) => ('host' in one ? [one.host] : []))
  return { hosts, problems: [...all.flatMap((one) => ('problem' in one ? [one.problem] : [])), ...sameHosts(at, hosts)] }
}

/** The hosts that an entry means: several where it has a range. */
function hostsOf(at: string, written: string | HostEntry, context: HostContext): readonly Resolved[] {
  const entry: HostEntry = typeof written === 'string' ? { host: written } : written
  const all = expandRanges(entry.host)
  if ('says' in all) return [{ problem: { path: at, says: all.says, hint: "write 'web[01:20].example.com'" } }]
  if (all.length > 1 && entry.name !== undefined)
    return [{ problem: { path: `${at}.name`, says: `cannot be the name of ${all.length} hosts`, hint: 'leave it out' } }]
  return all.map((host) => resolveHost(at, { ...entry, host }, context))
}

function resolveHost(at: string, entry: HostEntry, { path, key, dir }: HostContext): Resolved {
  const address = parseHost(entry.host)
  if ('says' in address) return { problem: { path: at, ...address } }
  const twice = (what: string) => ({
    problem: { path: at, says: `names its ${what} twice`, hint: `leave it out of "${entry.host}"` },
  })
  if (entry.user !== undefined && address.user !== undefined) return twice('user')
  if (entry.port !== undefined && address.port !== undefined) return twice('port')
  const checkedUser = entry.user === undefined ? address : parseHost(`${entry.user}@host`)
  if ('says' in checkedUser) return { problem: { path: `${at}.user`, says: `"${entry.user}" is no user name` } }
  return {
    host: {
      name: entry.name ?? (entry.port === undefined ? address.label : hostLabel(address.host, entry.port)),
      host: address.host,
      user: entry.user ?? address.user,
      port: entry.port ?? address.port,
      path: entry.path ?? path,
      env: entry.env ?? {},
      tags: entry.tags ?? [],
      identity: entry.identity === undefined ? key : localFile(dir, entry.identity),
    },
  }
}

/** Hosts that cannot be told apart, or are one and the same directory. */
function sameHosts(at: string, hosts: readonly Host[]): readonly Problem[] {
  return hosts.flatMap((host, index) => {
    const earlier = hosts.slice(0, index)
    const path = `${at}[${index}]`
    const named = earlier.findIndex(({ name }) => name === host.name)
    if (named >= 0) {
      return [
        {
          path,
          says: `is called "${host.name}", as is hosts[${named}]`,
          hint: "give it a name of its own: { host: …, name: 'web2' }",
        },
      ]
    }
    const same = earlier.findIndex(
      (it) => it.host === host.host && it.user === host.user && it.port === host.port && it.path === host.path,
    )
    return same < 0
      ? []
      : [{ path, says: `is the same directory as hosts[${same}]`, hint: 'give it another path, or leave it out' }]
  })
}
