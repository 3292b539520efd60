import { ReleaserError } from '../model/errors.ts'
import { lockInWords } from '../model/lock.ts'
import type { Lock, Observe, Plan } from '../model/plan.ts'
import type { Author } from '../remote/wire.ts'
import {
  askHost,
  eventsOf,
  failureOf,
  named,
  orInterrupted,
  type Planner,
  type Prepared,
  switches,
  type Working,
} from './host.ts'
import { within } from './true-end.ts'

export interface BeginInput {
  readonly plan: Planner
  readonly author: Author
  readonly observe: Observe
  readonly signal: AbortSignal
  /** Seconds to wait for somebody else's lock; undefined: not at all. */
  readonly wait: number | undefined
}

/** A host's transaction as a part of a rollout, and all the hosts of that, as `target/host`. */
export interface Part {
  readonly transaction: string
  readonly rollout: string
  readonly hosts: readonly string[]
}

/** How often a host whose facts have moved since we read them is asked again. */
const REPLANS = 5
const LOCK_POLL_MS = 1000
/** How long somebody who wants to stop waits for a transaction that is just being opened. */
const HURRY_MS = 5000

/** How long somebody else's lock is waited for: until `deadline` (milliseconds since 1970), and not at all where we hold others. */
interface Patience {
  readonly deadline: number
  readonly holding: boolean
}

/**
 * Opens a host's transaction and takes its lock. Where the host has moved since we asked (another deploy, or one that was cut
 * off and has just been settled), it is asked and planned again; as it is now where nothing is left to do there then. `busy` where
 * somebody else is at work there, who may be waited for, and not by somebody who holds other locks.
 */
export async function begin(
  host: Prepared,
  of: Part,
  input: BeginInput,
  { deadline, holding }: Patience,
): Promise<Working | Prepared | 'busy'> {
  let prepared = host
  for (let replans = 0; replans < REPLANS; ) {
    if (prepared.facts.frozen && prepared.plan.action !== 'unlock') throw lockedError(prepared, prepared.facts.frozen)
    if (prepared.plan.steps.length === 0) return prepared
    const { working, locked } = await opened(prepared, of, input)
    if (locked) {
      input.observe({ event: 'step', host: host.host.name, step: 'lock', state: 'ok' })
      return working
    }
    const end = await working.run.ended
    if (end.result === 'locked' && !end.lock?.frozen && Date.now() < deadline) {
      if (end.lock) input.observe({ event: 'note', host: host.host.name, message: `waiting for ${lockInWords(end.lock)}` })
      if (holding) return 'busy'
      await orInterrupted(new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS)), input.signal)
    } else if (end.result === 'locked') {
      input.observe({ event: 'step', host: host.host.name, step: 'lock', state: 'failed' })
      throw lockedError(host, end.lock)
    } else if (end.result === 'moved') replans++
    else throw failureOf(working, end)
    prepared = await askedAnew(host, input)
  }
  throw new ReleaserError('LOCKED', `${host.host.name}: somebody else keeps deploying there`, {
    hint: 'try again, or wait for them with --wait',
  })
}

/** A host as it is now, and what is to be done there now. */
export async function askedAnew(host: Prepared, { plan }: Pick<BeginInput, 'plan'>): Promise<Prepared> {
  const asked = await askHost(host, host.remote, { inUse: host.facts.inUse !== null })
  return { ...asked, plan: plan(host, asked.facts) }
}

function lockedError(host: Prepared, lock: Lock | null): ReleaserError {
  if (lock?.frozen)
    return new ReleaserError('LOCKED', `${host.host.name}: frozen by ${lockInWords(lock)}`, {
      hint: `once it may be lifted: releaser unlock target=${host.target.name}`,
    })
  return new ReleaserError('LOCKED', `${host.host.name}: at work there is ${lock ? lockInWords(lock) : 'somebody else'}`, {
    hint: 'wait for them with --wait, for instance --wait=10m',
  })
}

/** Opens the transaction. Somebody who wants to stop must not leave one behind that has only just begun. */
async function opened(
  prepared: Prepared,
  of: Part,
  input: BeginInput,
): Promise<{ readonly working: Working; readonly locked: boolean }> {
  const opening = open(prepared, of, input)
  const locking = opening.then(async (working) => ({ working, locked: await working.run.reached('locked') }))
  return orInterrupted(locking, input.signal).catch(async (error: unknown) => {
    const stopped = opening.then(({ run }) => {
      run.back()
      return run.ended
    })
    if (input.signal.aborted) await within(HURRY_MS, stopped).catch(() => {})
    throw error
  })
}

async function open(prepared: Prepared, of: Part, input: BeginInput): Promise<Working> {
  const startedAt = Date.now()
  input.observe({ event: 'step', host: prepared.host.name, step: 'lock', state: 'start' })
  const events = eventsOf(prepared.host.name, input.observe)
  const run = await named(prepared, prepared.agent.run(remembering(prepared.plan, of), of.transaction, input.author, events))
  return { ...prepared, run, startedAt }
}

/** Each host of several remembers who the others were, so that any machine which sees one of them can look for all. */
function remembering(plan: Plan, { rollout, hosts }: Part): Plan {
  if (hosts.length < 2 || !switches(plan)) return plan
  return { ...plan, next: { ...plan.next, rollout: { id: rollout, hosts } } }
}
