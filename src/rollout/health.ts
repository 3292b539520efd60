import { setTimeout as pause } from 'node:timers/promises'
import type { Patience, ProbeResult } from '../model/health.ts'
import { orInterrupted } from './host.ts'

/** Asks once, and waits so many seconds for the answer. */
export type ProbeOnce = (seconds: number) => Promise<ProbeResult>

/** An answer that takes longer is none. */
export const ANSWER_SECONDS = 5

/**
 * Asks until the app is healthy, and once more after it has settled; what was wrong last where it does not get or stay so. It takes
 * no more than `delay`, `timeout`, `settle` and one answer. Rejects where asking does, and with INTERRUPTED as soon as `signal` says so.
 */
export function waitHealthy(probeOnce: ProbeOnce, patience: Patience, signal: AbortSignal): Promise<ProbeResult> {
  const waiting = wait(probeOnce, patience, signal)
  // Where it is interrupted, nobody listens to the rest.
  waiting.catch(() => {})
  return orInterrupted(waiting, signal)
}

async function wait(
  probeOnce: ProbeOnce,
  { delay, interval, timeout, settle }: Patience,
  signal: AbortSignal,
): Promise<ProbeResult> {
  await sleep(delay, signal)
  const deadline = Date.now() + timeout * 1000
  const left = (): number => (deadline - Date.now()) / 1000
  let last = await probeOnce(Math.min(ANSWER_SECONDS, timeout))
  while (!last.ok && left() > 0) {
    await sleep(Math.min(interval, left()), signal)
    // Less than a second for an answer would only hide what is wrong.
    last = await probeOnce(Math.min(ANSWER_SECONDS, Math.max(1, left())))
  }
  if (!last.ok || settle === 0) return last
  await sleep(settle, signal)
  const again = await probeOnce(ANSWER_SECONDS)
  return again.ok ? again : { ...again, why: `it was healthy, and ${settle} s later not any more: ${again.why}` }
}

async function sleep(seconds: number, signal: AbortSignal): Promise<void> {
  await pause(seconds * 1000, undefined, { signal })
}
