import { chooseRollback } from '../tasks/rollback.ts'
import type { Call, Outcome } from './command.ts'
import { dataBack } from './data-back.ts'
import { fromHosts } from './from-hosts.ts'

/**
 * `releaser rollback`: every host goes back to a release that is good on all of them, and stays there until a newer one is deployed by
 * hand. Who has lost it is sent it.
 */
export async function run(call: Call): Promise<Outcome> {
  return fromHosts(call, {
    action: 'rollback',
    choose: (views, lookup, ref) => chooseRollback(views, ref, lookup),
    ...(call.values['with-backup'] === 'true' && { data: dataBack(call) }),
    doing: (version) => `go back to ${version ?? 'the previous release'} on`,
  })
}
