import type { Call, Outcome } from './command.ts'
import { freeze } from './freeze.ts'

/** `releaser unlock`: lifts a freeze by hand. The lock of somebody at work stays theirs. */
export async function run(call: Call): Promise<Outcome> {
  return freeze(call, 'unlock')
}
