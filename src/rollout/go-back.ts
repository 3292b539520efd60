import { wavesOf } from '../model/strategy.ts'
import { whenAborted } from '../model/when-aborted.ts'
import type { RunEnd } from '../remote/run.ts'
import type { Working } from './host.ts'
import { trueEnd } from './true-end.ts'

/**
 * Has every host go back, and learns how each ended, in their order. Hosts that were told to start a new app go wave by wave, as they
 * came, the last one first: all at once would leave nobody who answers. All others go at once, and so does everybody in a hurry.
 */
export async function goBack(working: readonly Working[], hurry: boolean, signal: AbortSignal): Promise<readonly RunEnd[]> {
  const serving = hurry ? [] : working.filter(serves)
  const ends = new Map<Working, Promise<RunEnd>>()
  const go = (work: Working): void => {
    if (ends.has(work)) return
    work.run.back()
    ends.set(work, trueEnd(work, hurry || signal.aborted))
  }
  for (const work of working) if (!serving.includes(work)) go(work)
  // Whose line is lost goes back by itself, and is asked about it while the others still go.
  for (const work of serving) void work.run.ended.then(() => go(work))
  const calm = whenAborted(signal, () => working.forEach(go))
  for (const { hosts } of [...wavesOf(serving)].reverse()) {
    hosts.forEach(go)
    await Promise.all(hosts.map((work) => ends.get(work)))
  }
  calm()
  return Promise.all(working.map((work) => ends.get(work) ?? trueEnd(work, hurry)))
}

/** Whether its old app has been told to make room for a new one. */
function serves({ plan, run }: Working): boolean {
  return run.wasTold('activate') && plan.steps.some(({ step }) => step === 'start')
}
