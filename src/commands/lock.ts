import { planLock } from '../tasks/lock.ts'
import type { Call, Outcome } from './command.ts'
import { upkeep } from './upkeep.ts'

/** `releaser lock`: freezes a target by hand until `unlock`. */
export async function run(call: Call): Promise<Outcome> {
  return upkeep(call, {
    decide: () => (destination, facts) => planLock({ ...destination, facts }),
    message: call.values['message'] ?? '',
    closing: ({ target }) => ({
      text: `${target} is frozen: no deploy, rollback or prune until releaser unlock target=${target}`,
    }),
  })
}
