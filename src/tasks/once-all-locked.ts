import type { Step } from '../model/plan.ts'

/** The word for which a plan waits whose commands would run before the last host is locked. */
const BEGIN: Step = { step: 'await', word: 'begin' }

/** Steps that wait for a word of ours. */
const WAITING: ReadonlySet<Step['step']> = new Set(['receive', 'backup', 'await'])

/** Where nothing is sent a host goes on as soon as it is locked; with a command of a user it waits then until all of them are. */
export function onceAllLocked(steps: readonly Step[]): Step[] {
  const waiting = steps.findIndex(({ step }) => WAITING.has(step))
  const early = steps.slice(0, waiting).some(({ step }) => step === 'command')
  return [...(early ? [BEGIN] : []), ...steps]
}
