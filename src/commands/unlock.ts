import { planUnlock } from '../tasks/lock.ts'
import type { Call, Outcome } from './command.ts'
import { upkeep } from './upkeep.ts'

/** `releaser unlock`: lifts a freeze by hand. The lock of somebody at work stays theirs. */
export async function run(call: Call): Promise<Outcome> {
  return upkeep(call, {
    decide: () => (destination, facts) => planUnlock({ ...destination, facts }),
    message: 'unlock',
    closing: ({ target, changed }) => ({
      text: changed ? `${target} is free again` : `${target} was not frozen: nothing to do`,
    }),
  })
}
