import type { Call, Outcome } from './command.ts'
import { freeze } from './freeze.ts'

/** `releaser lock`: freezes a target by hand until `unlock`. */
export async function run(call: Call): Promise<Outcome> {
  return freeze(call, 'lock')
}
