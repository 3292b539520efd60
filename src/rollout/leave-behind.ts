import { ReleaserError } from '../model/errors.ts'
import { strategyOf } from '../model/strategy.ts'
import { type HostOutcome, outcomeOf, type Working } from './host.ts'
import type { RolloutInput } from './input.ts'
import { trueEnd } from './true-end.ts'

/** Hosts that fail while the others go on, as far as their target's strategy allows it. */
export interface LeavingBehind {
  /** Does something on a host. Where that fails and may, the host goes back by itself; else this fails as it did. */
  unless(work: Working, act: () => Promise<void>): Promise<void>
  /** How a host ended that stays behind; undefined for all others. */
  of(work: Working): HostOutcome | undefined
}

/** Keeps count of the hosts that stay behind among all that are worked on: `working` grows until the last one is locked. */
export function leavingBehind(
  working: readonly Working[],
  { observe, signal }: Pick<RolloutInput, 'observe' | 'signal'>,
): LeavingBehind {
  const failed = new Set<Working>()
  const ended = new Map<Working, HostOutcome>()

  function mayFail(work: Working, error: unknown): error is ReleaserError {
    if (!(error instanceof ReleaserError) || signal.aborted) return false
    const ofTarget = [...failed].filter(({ target }) => target.name === work.target.name)
    const ofApp = (all: Iterable<Working>) => [...all].filter(({ target }) => target.app === work.target.app).length
    // Somebody has to get there with each app, or it was not rolled out.
    return ofTarget.length < strategyOf(work).maxFailures && ofApp(failed) + 1 < ofApp(working)
  }

  return {
    of: (work) => ended.get(work),
    unless: async (work, act) => {
      try {
        await act()
      } catch (error) {
        if (!mayFail(work, error)) throw error
        failed.add(work)
        work.run.back()
        const end = await trueEnd(work, false)
        // Only of a host that is as it was before we know enough to go on without it.
        if (end.result !== 'undone' && end.result !== 'unchanged') throw error
        ended.set(work, { ...outcomeOf(work, end), message: error.message })
        observe({ event: 'note', host: work.host.name, message: `stays behind: ${error.message}` })
      }
    },
  }
}
