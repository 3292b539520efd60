import { loadConfig, pickTargets } from '../local/config.ts'
import { viewOf } from '../model/host-view.ts'
import { chooseRollback } from '../tasks/rollback.ts'
import { askAcross } from './across.ts'
import type { Call, Outcome } from './command.ts'
import { destinations, onlyApp } from './destinations.ts'
import { localHook } from './local-hooks.ts'
import { openStoreAt } from './place.ts'
import { askProtected } from './protected.ts'
import { record } from './record.ts'
import { roll } from './roll.ts'
import { rolledOutcome } from './rolled.ts'

/** `releaser rollback`: every host goes back to a release that it has, and stays there until a newer one is deployed by hand. */
export async function run(call: Call): Promise<Outcome> {
  const { values, globals } = call
  const loaded = await loadConfig({ file: globals.config, cwd: process.cwd() })
  const targets = pickTargets(loaded, values['target'])
  const app = onlyApp(targets, loaded)
  const store = await openStoreAt(loaded.storeDir, call)
  const rolled = await record(call, { store, targets, app, action: 'rollback' }, values['release'] ?? 'previous', () =>
    roll({
      call,
      loaded,
      store,
      targets,
      destinations: destinations(targets, values['host']),
      action: 'rollback',
      force: false,
      source: null,
      choose: async (asked) => ({
        ...chooseRollback(
          asked.map(({ facts }) => viewOf(facts)),
          values['release'],
        ),
        manifest: null,
      }),
      ask: async (plans) => {
        await askProtected(call, targets, `go back to ${plans[0]?.release?.version ?? 'the previous release'} on`)
        await askAcross(call, plans)
      },
    }),
  )
  const outcome = rolledOutcome(call, 'rollback', { ...rolled.release, app }, rolled, targets)
  if (!globals.dryRun) {
    const hosts = rolled.hosts.map(({ target, host, previous }) => ({ target, host, previous }))
    await localHook(call, {
      name: 'post-rollback',
      targets,
      dir: loaded.dir,
      code: 'REMOTE_COMMAND',
      facts: { action: 'rollback', release: rolled.release, dryRun: false, hosts },
    })
  }
  return outcome
}
