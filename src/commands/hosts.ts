import { loadConfig, targetsOrAll } from '../local/config.ts'
import { table } from '../ui/table.ts'
import type { Call, Outcome } from './command.ts'
import { destinations, tagsOf } from './destinations.ts'

/** `releaser hosts`: the hosts that a command would touch, as the configuration has them. Nobody is connected to. */
export async function run(call: Call): Promise<Outcome> {
  const loaded = await loadConfig({ file: call.globals.config, cwd: process.cwd() })
  const named = call.values['target']
  const targets = await targetsOrAll(loaded, named, call.signal)
  const hosts = destinations(targets, call.values['host']).map(({ target, host }) => {
    const { name, host: address, user = null, port = null, path } = host
    return { target: target.name, app: target.app, host: name, address, user, port, path, tags: tagsOf(host, target) }
  })
  const rows = hosts.map(({ target, host, address, user, port, path, tags }) => {
    const at = `${user === null ? '' : `${user}@`}${port !== null && address.includes(':') ? `[${address}]` : address}${port === null ? '' : `:${port}`}`
    return [target, host, at, path, tags.join(', ')]
  })
  return { result: { hosts }, text: table(['target', 'host', 'address', 'path', 'tags'], rows) }
}
