import { agentAt } from '../remote/agent.ts'
import type { RunEnd } from '../remote/run.ts'
import type { Working } from './host.ts'

/** How long a host that dropped its line is asked over new ones how it ended; with what it takes to notice that, under 45 s. */
const ASK_FOR_MS = 20_000
const ASK_EVERY_MS = 1000
/** How long somebody who wants to stop waits for hosts: CI gives ten seconds between TERM and KILL. */
const HURRY_MS = 7000

/**
 * How a host's transaction really ended. A line that was lost says nothing about the host: it is asked over a new one, until it
 * has settled or time is out. `lost` only where nobody can know: a host that was never told to go on has changed nothing.
 */
export async function trueEnd(work: Working, hurry: boolean): Promise<RunEnd> {
  const { run } = work
  const since = Date.now()
  const told = hurry ? await within(HURRY_MS, run.ended) : await run.ended
  const end: RunEnd = told ?? { result: 'lost', text: 'it did not answer in time', lock: null, step: null, output: [] }
  if (end.result !== 'lost') return end
  const learnt = await askAgain(work, hurry ? HURRY_MS - (Date.now() - since) : ASK_FOR_MS)
  if (learnt) return { ...end, ...learnt }
  const waits = work.plan.steps.some(({ step }) => step === 'await')
  return waits && !run.wasTold('activate') ? { ...end, result: 'unchanged', text: end.text || 'the line was lost' } : end
}

/** What a promise settles to within some milliseconds; undefined where that takes longer, and the promise goes on. */
export async function within<T>(milliseconds: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), milliseconds)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

type Learnt = Pick<RunEnd, 'result' | 'text'>

async function askAgain(work: Working, milliseconds: number): Promise<Learnt | undefined> {
  const deadline = Date.now() + milliseconds
  for (let left = milliseconds; left > 0; left = deadline - Date.now()) {
    const learnt = await within(
      left,
      ask(work).catch(() => undefined),
    )
    if (learnt) return learnt
    await new Promise((resolve) => setTimeout(resolve, Math.min(ASK_EVERY_MS, Math.max(0, deadline - Date.now()))))
  }
  return undefined
}

async function ask({ connect, host, run, plan }: Working): Promise<Learnt | undefined> {
  const remote = await connect()
  try {
    const facts = await agentAt(remote, host.path).status()
    const entry = facts.history.findLast(({ transaction }) => transaction === run.transaction)
    if (entry)
      return { result: entry.ok ? 'done' : entry.result.startsWith('unchanged') ? 'unchanged' : 'undone', text: entry.result }
    if (facts.lock || facts.unsettled) return undefined
    // A full disk may have kept it from writing down how it ended: the link says it.
    const to = plan.steps.find((step) => step.step === 'activate')
    const switched = to && to.dir !== to.from && facts.current.kind === 'link' && facts.current.dir === to.dir
    return { result: switched ? 'done' : 'unchanged', text: 'the line was lost' }
  } finally {
    void remote.close()
  }
}
