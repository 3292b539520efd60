import { ReleaserError } from '../model/errors.ts'
import { lockInWords } from '../model/lock.ts'
import type { Plan } from '../model/plan.ts'
import { planUpkeep, type UpkeepInput } from './upkeep.ts'

/** Freezes a host by hand: until `unlock`, nobody deploys, rolls back or prunes there. */
export function planLock(input: UpkeepInput): Plan {
  return planUpkeep('lock', [{ step: 'freeze' }], input)
}

/**
 * Lifts a freeze; a plan without steps where there is none. The lock of somebody at work cannot be lifted, it ends with their
 * work: LOCKED.
 */
export function planUnlock(input: UpkeepInput): Plan {
  const { facts, host } = input
  if (facts.lock)
    throw new ReleaserError('LOCKED', `${host.name}: at work there is ${lockInWords(facts.lock)}`, {
      hint: 'this lock cannot be lifted, it ends with their work: stop them, or wait',
    })
  return planUpkeep('unlock', facts.frozen ? [{ step: 'unfreeze' }] : [], input)
}
