import { type ErrorCode, ReleaserError } from '../model/errors.ts'
import { goBack } from './go-back.ts'
import { type HostOutcome, outcomeOf, switches, type Working } from './host.ts'
import type { RolloutInput } from './input.ts'

/**
 * Takes every host back, learns how each ended, and throws the error that tells it truly. Returns where each of all the hosts
 * has carried out its plan all the same: the line was lost on the way from a host that was confirmed already.
 */
export async function takeBack(
  working: readonly Working[],
  idle: readonly HostOutcome[],
  all: number,
  cause: unknown,
  input: Pick<RolloutInput, 'moment' | 'signal'>,
): Promise<readonly HostOutcome[]> {
  const interrupted = cause instanceof ReleaserError && cause.code === 'INTERRUPTED'
  const ends = (await goBack(working, interrupted, input.signal)).flatMap((end, index) => {
    const work = working[index]
    return work ? [outcomeOf(work, end)] : []
  })
  if (!(cause instanceof ReleaserError) || working.length === 0) throw cause
  const hosts = [...idle, ...ends]
  if (!interrupted && hosts.length === all && ends.every(({ state }) => state === 'done')) return hosts
  const code = verdict(cause, ends)
  const told = new ReleaserError(code, `${cause.message}${afterwards(code, ends)}${unsettledHosts(working, ends)}`, {
    hint: unsure(ends) ? whatSettles(working, ends) : (cause.hint ?? HINTS[code]),
    cause,
    result: { hosts, changed: ends.some(({ changed }) => changed) },
  })
  if (code !== 'LOCKED') await input.moment('undone').catch(() => {}) // told by whoever ran the hook; the outcome stands
  throw told
}

const HINTS: { readonly [K in ErrorCode]?: string } = {
  NOT_CHANGED: 'mend the cause, and run the same command again',
  ROLLED_BACK: 'mend the cause, build again, and deploy',
}

/** States after which hosts may differ, or nobody knows. */
function unsure(ends: readonly HostOutcome[]): boolean {
  return ends.some(({ state }) => state === 'lost' || state === 'failed' || state === 'done')
}

/** What to type where hosts may differ. */
function whatSettles(working: readonly Working[], ends: readonly HostOutcome[]): string {
  const target = targets(working)
  // A host that could not go back is what another rollout mends; who is only on the other side of this one is brought over.
  if (ends.some(({ state }) => state === 'failed') || !working.every(({ plan }) => switches(plan)))
    return `see how they are: releaser status target=${target}; then run the same command again`
  return `settle it once all of them answer: releaser resume target=${target}; see how they are: releaser status target=${target}`
}

function verdict(cause: ReleaserError, ends: readonly HostOutcome[]): ErrorCode {
  const has = (state: HostOutcome['state']) => ends.some((end) => end.state === state)
  // A host that does not answer somebody who wants to stop goes back by itself: that is a safe state.
  const same = ends.every(({ state }) => state === 'done' || state === 'idle')
  if (cause.code === 'INTERRUPTED') return has('failed') || (has('done') && !same) ? 'PARTIAL' : 'INTERRUPTED'
  if (unsure(ends)) return 'PARTIAL'
  if (has('undone')) return 'ROLLED_BACK'
  return cause.code === 'CONNECTION' ? 'NOT_CHANGED' : cause.code
}

function afterwards(code: ErrorCode, ends: readonly HostOutcome[]): string {
  if (unsure(ends)) return ''
  if (code === 'NOT_CHANGED' || code === 'INTEGRITY') return ' (nothing was changed on any host)'
  return code === 'ROLLED_BACK' || code === 'INTERRUPTED' ? ' (every host serves what it served before)' : ''
}

function unsettledHosts(working: readonly Working[], ends: readonly HostOutcome[]): string {
  const told = ends.flatMap(({ host, state, message }, index) => {
    const after = message ? ` (${message})` : ''
    if (state === 'failed') return [`${host}: could not go back${after}`]
    if (state === 'done') return [`${host}: stays on the new release${after}`]
    return state === 'lost' ? [`${host}: the line was lost and its state is not known${byItself(working[index])}`] : []
  })
  return told.length === 0 ? '' : `; ${told.join('; ')}`
}

function byItself(work: Working | undefined): string {
  const confirm = work?.plan.steps.find((step) => step.step === 'confirm')
  return confirm ? `; unless it was confirmed it goes back by itself, within ${Math.max(15, confirm.seconds)} s` : ''
}

function targets(working: readonly Working[]): string {
  return [...new Set(working.map(({ target }) => target.name))].join(',')
}
