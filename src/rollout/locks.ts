import { randomBytes } from 'node:crypto'
import { ROLLOUT_CHARACTERS, transactionOf } from '../model/transaction.ts'
import { askedAnew, type BeginInput, begin, type Part } from './begin.ts'
import { orInterrupted, type Prepared, type Working } from './host.ts'
import { inParallel } from './parallel.ts'

/** The hosts of a rollout whose locks are held, and those where nothing is to be done: both grow as they are asked. */
export interface Held {
  readonly working: Working[]
  readonly idle: Prepared[]
}

/** Milliseconds between two attempts to get all locks, at random up to so many; after each attempt twice as many, up to `MOST_MS`. */
const FIRST_MS = 1000
const MOST_MS = 8000
/** Hosts that are asked once more at once. */
const LOOKS = 10

/**
 * Takes the locks of all hosts, or fails as the first one does that cannot be had. Who waits for somebody else's lock holds none
 * meanwhile: configurations may write the same hosts so differently that no order of theirs is everybody's, and two that each hold
 * what the other waits for would wait for ever. The id of the rollout, by which its transactions are called.
 */
export async function lockAll(hosts: readonly Prepared[], held: Held, input: BeginInput): Promise<string> {
  const deadline = input.wait === undefined ? 0 : Date.now() + input.wait * 1000
  const until = <T>(promise: Promise<T>) => orInterrupted(promise, input.signal)
  const all = hosts.map(({ target, host }) => `${target.name}/${host.name}`)
  let order = inLockOrder(hosts)
  for (let most = FIRST_MS; ; most = Math.min(2 * most, MOST_MS)) {
    // Hosts remember what was given back by its transaction: another attempt is another rollout.
    const rollout = randomBytes(ROLLOUT_CHARACTERS / 2).toString('hex')
    const partOf = (host: Prepared): Part => ({
      transaction: transactionOf(rollout, hosts.indexOf(host)),
      rollout,
      hosts: all,
    })
    const busy = await attempt(order, partOf, held, input, deadline)
    if (busy === undefined) return rollout
    const done = await until(giveBack(held))
    await until(new Promise((resolve) => setTimeout(resolve, Math.random() * most)))
    // That one is waited for first, as long as nothing else is held.
    order = [busy, ...order.filter(({ host }) => host !== busy.host && !done.some((work) => work.host === host))]
  }
}

/** Tries each lock in turn; the host where somebody else is at work, if there is one. */
async function attempt(
  order: readonly Prepared[],
  partOf: (host: Prepared) => Part,
  { working, idle }: Held,
  input: BeginInput,
  deadline: number,
): Promise<Prepared | undefined> {
  const before = working.length
  const locked = () => working.length > before
  for (const host of order) {
    const begun = await begin(host, partOf(host), input, { deadline, holding: locked() })
    if (begun === 'busy') return host
    if ('run' in begun) working.push(begun)
    else idle.push(begun)
  }
  if (!locked()) return undefined
  // Nobody locks where nothing is to be done: since that was asked somebody else may have begun there, who lacks a lock that we have.
  const now = inParallel(idle.slice(), LOOKS, async (host) => ({ host, fresh: await askedAnew(host, input) }))
  for (const { host, fresh } of await orInterrupted(now, input.signal)) {
    const original = order.find((each) => each.host === host.host) ?? host
    const begun = await begin(fresh, partOf(original), input, { deadline, holding: true })
    if (begun === 'busy') return original
    if (!('run' in begun)) continue
    idle.splice(idle.indexOf(host), 1)
    working.push(begun)
  }
  return undefined
}

/** Nothing has been done under these locks that would not go back with them; what needs no go-ahead may be done, and is left. */
async function giveBack({ working, idle }: Held): Promise<readonly Working[]> {
  for (const { run } of working) run.back()
  const ends = await Promise.all(working.map(async (work) => ({ work, end: await work.run.ended })))
  const done = ends.flatMap(({ work, end }) => (end.result === 'done' ? [work] : []))
  working.splice(0, working.length, ...done)
  idle.length = 0
  return done
}

/** An order that is everybody's who writes the hosts alike: of two rollouts over the same hosts one gets them all. */
function inLockOrder(hosts: readonly Prepared[]): readonly Prepared[] {
  const key = ({ host, facts }: Prepared) => `${host.host}\t${host.port ?? ''}\t${facts.root}`
  return [...hosts].sort((a, b) => (key(a) < key(b) ? -1 : 1))
}
