import type { Steps } from '../model/plan.ts'
import { atOnce, wavesOf } from '../model/strategy.ts'
import { backUpFirst } from './back-up.ts'
import { confirmAll } from './confirm.ts'
import { seeHealthy } from './healthy.ts'
import { holdOut, tellPause } from './hold-out.ts'
import { failureOf, type HostOutcome, idleOutcome, orInterrupted, outcomeOf, type Prepared, type Working } from './host.ts'
import type { RolloutInput } from './input.ts'
import { type LeavingBehind, leavingBehind } from './leave-behind.ts'
import { lockAll } from './locks.ts'
import { inParallel } from './parallel.ts'
import { send } from './send.ts'
import { sayingStill } from './still.ts'
import { takeBack } from './take-back.ts'

/** Uploads at once. */
const UPLOADS = 8

/**
 * Carries out prepared plans over all hosts: every lock, then everything sent and verified everywhere, then one wave of hosts after
 * the other is switched, then all are confirmed over new connections. What fails before the first switch changes nothing anywhere
 * (NOT_CHANGED); after it every host goes back (ROLLED_BACK); PARTIAL where one could not, or nobody can know. Hosts that a strategy
 * allows to fail go back by themselves, and the others go on.
 */
export async function rollOut(hosts: readonly Prepared[], input: RolloutInput): Promise<readonly HostOutcome[]> {
  const still = sayingStill(input.observe)
  return rollOn(hosts, { ...input, observe: still.observe }).finally(still.close)
}

async function rollOn(hosts: readonly Prepared[], input: RolloutInput): Promise<readonly HostOutcome[]> {
  const idle: Prepared[] = []
  const working: Working[] = []
  const ordered = () => {
    const byHost = new Map(working.map((work) => [work.host, work]))
    return hosts.flatMap(({ host }) => byHost.get(host) ?? [])
  }
  const behind = leavingBehind(working, input)
  try {
    const rollout = await lockAll(hosts, { working, idle }, input)
    if (working.length > 0) await carryOut(rollout, ordered(), behind, input)
  } catch (error) {
    return inOrder(hosts, await takeBack(ordered(), idle.map(idleOutcome), hosts.length, error, input))
  }
  const ends = await Promise.all(working.map(async (work) => behind.of(work) ?? outcomeOf(work, await work.run.ended)))
  return inOrder(hosts, [...idle.map(idleOutcome), ...ends])
}

async function carryOut(rollout: string, all: readonly Working[], behind: LeavingBehind, input: RolloutInput): Promise<void> {
  const until = <T>(promise: Promise<T>) => orInterrupted(promise, input.signal)
  let working = all
  /** Does something on hosts, and goes on with those where it worked out. */
  const each = async (limit: number, act: (work: Working) => Promise<void>, hosts = working): Promise<void> => {
    await until(inParallel(hosts, limit, (work) => behind.unless(work, () => act(work))))
    working = working.filter((work) => behind.of(work) === undefined)
  }
  await until(input.moment('locked'))
  for (const work of working) if (waits(work, 'begin')) work.run.go('begin')
  if (working.some(({ plan }) => plan.transfer !== null)) await until(input.moment('sending'))
  await each(atOnce(working, UPLOADS), (work) => send(work, input))
  await until(backUpFirst(working, input))
  await each(working.length, (work) => (waits(work, 'activate') ? reach(work, 'activate') : Promise.resolve()))
  await until(input.moment('ready'))
  const waves = wavesOf(working)
  for (const [index, wave] of waves.entries()) {
    await each(atOnce(wave.hosts, wave.hosts.length), (work) => activate(work, input), wave.hosts)
    const stood = working.filter((work) => wave.hosts.includes(work) && holds(work))
    if (index + 1 === waves.length || wave.pauseSeconds === 0 || stood.length === 0) continue
    tellPause(wave, [index + 1, waves.length], input)
    await each(stood.length, (work) => holdOut(work, wave.pauseSeconds, input), stood)
  }
  await until(input.moment('switched'))
  await confirmAll(working.filter(needsConfirmation), behind, input, async (sure) => input.decide?.(rollout, sure))
  for (const work of working) if (behind.of(work) === undefined) await finish(work)
}

/** Has a host switch, and sees that what it serves then is well. */
async function activate(work: Working, input: RolloutInput): Promise<void> {
  if (waits(work, 'activate')) work.run.go('activate')
  const { health } = work.target
  if (health && asksHealth(work)) {
    await reach(work, 'healthy')
    await seeHealthy(work, health, input)
  }
  await (needsConfirmation(work) ? reach(work, 'confirm') : finish(work))
}

/** Whether a plan waits until all hosts are locked, or ready. */
function waits({ plan }: Working, word: Steps['await']['word']): boolean {
  return plan.steps.some((step) => step.step === 'await' && step.word === word)
}

/** Whether something serves after a plan that did not before. */
function holds({ plan }: Working): boolean {
  return plan.steps.some(({ step }) => step === 'activate' || step === 'start')
}

function asksHealth({ plan }: Working): boolean {
  return plan.steps.some(({ step }) => step === 'health')
}

function needsConfirmation({ plan }: Working): boolean {
  return plan.steps.some((step) => step.step === 'confirm' && step.seconds > 0)
}

/** Waits until a host waits for a word; fails with its reason when it ended instead. */
async function reach(work: Working, word: string): Promise<void> {
  if (!(await work.run.reached(word))) throw failureOf(work, await work.run.ended)
}

async function finish(work: Working): Promise<void> {
  const end = await work.run.ended
  if (end.result !== 'done') throw failureOf(work, end)
}

function inOrder(hosts: readonly Prepared[], outcomes: readonly HostOutcome[]): HostOutcome[] {
  const byHost = new Map(outcomes.map((outcome) => [`${outcome.target}\t${outcome.host}`, outcome]))
  return hosts.flatMap(({ host, target }) => byHost.get(`${target.name}\t${host.name}`) ?? [])
}
