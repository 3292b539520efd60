import { setTimeout as pause } from 'node:timers/promises'
import { ReleaserError } from '../model/errors.ts'
import { count } from '../model/size.ts'
import type { Wave } from '../model/strategy.ts'
import { askOnce } from './healthy.ts'
import { failureOf, type Working } from './host.ts'
import type { RolloutInput } from './input.ts'

/** Says for how long, and for whom, the next hosts wait. */
export function tellPause(
  { hosts, canary, pauseSeconds }: Wave<unknown>,
  [wave, waves]: readonly [number, number],
  { observe }: Pick<RolloutInput, 'observe'>,
): void {
  const who = `${canary ? 'canary: ' : ''}${count(hosts.length, 'host')}`
  observe({ event: 'note', host: null, message: `${who} switched (${wave} of ${waves}); the next wait ${pauseSeconds} s` })
}

/** Waits so long, and fails where the app of a host has ended or is not healthy any more then. */
export async function holdOut(work: Working, seconds: number, { signal }: Pick<RolloutInput, 'signal'>): Promise<void> {
  const over = new AbortController()
  // A host that nobody confirms has ended already, and well.
  const ended = work.run.ended.then((end) => (end.result === 'done' ? never : Promise.reject(failureOf(work, end))))
  ended.catch(() => {})
  const waiting = pause(seconds * 1000, undefined, { signal: AbortSignal.any([signal, over.signal]) })
  waiting.catch(() => {})
  await Promise.race([waiting, ended]).finally(() => over.abort())
  const why = await Promise.race([illness(work), ended])
  if (why !== null) throw new ReleaserError('NOT_CHANGED', `${work.host.name}: ${why}, ${seconds} s after the switch`)
}

const never = new Promise<never>(() => {})

async function illness({ agent, remote, plan, target }: Working): Promise<string | null> {
  const { health } = target
  if (health) {
    const answer = await askOnce({ remote, agent }, health, plan.env)
    if (!answer.ok) return `the app is not healthy any more: ${answer.why}`
  }
  if (!plan.steps.some(({ step }) => step === 'start')) return null
  const { app, unit } = await agent.status()
  return app !== null || unit?.active === true ? null : 'the app has ended'
}
