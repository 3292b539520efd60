import { loadConfig, pickTargets } from '../local/config.ts'
import { ReleaserError } from '../model/errors.ts'
import type { Call, Outcome } from './command.ts'
import { destinations } from './destinations.ts'
import { environments } from './environment.ts'
import { inEvery } from './in-current.ts'
import { sayHosts } from './meant-hosts.ts'
import { ranOutcome } from './ran.ts'

/** `releaser exec`: any command, in the current release of every host. Several words run as they are, a single one through `sh -c`. */
export async function run(call: Call): Promise<Outcome> {
  const { rest, values, globals } = call
  if (rest.length === 0)
    throw new ReleaserError('USAGE', 'there is no command to run', {
      hint: 'put it behind --, for instance: releaser exec target=prod -- ls -l',
    })
  const loaded = await loadConfig({ file: globals.config, cwd: process.cwd() })
  const all = destinations(await pickTargets(loaded, values['target'], call.signal), values['host'])
  if (globals.dryRun)
    return { result: { hosts: [] }, text: all.map(({ host }) => `${host.name}: would run ${rest.join(' ')}`).join('\n') }
  // What is printed there may hold them.
  await environments(all, { dir: loaded.dir, call })
  sayHosts(call, all)
  return ranOutcome(call, await inEvery(call, all, () => ({ wish: rest })))
}
