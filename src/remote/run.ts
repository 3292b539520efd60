import type { Lock, Plan, Step } from '../model/plan.ts'
import { AGENT_HASH } from './agent-script.ts'
import { startVerb, type Talk } from './bootstrap.ts'
import { lockOf } from './facts.ts'
import type { Remote } from './remote.ts'
import { type Author, encodePlan, wireSteps } from './wire.ts'

/** How often the host hears that we are still there. It gives up on us after 15 s of silence. */
const BEAT_MS = 2000
/** More words than any plan waits for. */
const WAITS = 1000

/**
 * How a transaction ended on a host. `moved`: nothing was done, the facts are old. `unchanged`: it failed before anything was
 * switched. `undone`: the host is back to what it was. `failed`: it could not go back, or could not begin. `lost`: we cannot know.
 */
export interface RunEnd {
  readonly result: 'done' | 'locked' | 'moved' | 'unchanged' | 'undone' | 'failed' | 'lost'
  /** Why, in the agent's words. */
  readonly text: string
  readonly lock: Lock | null
  /** The step that failed, and the last lines that its command printed. */
  readonly step: Step | null
  readonly output: readonly string[]
}

/** What a running plan tells. */
export interface RunEvents {
  readonly step: (step: Step, state: 'start' | 'ok' | 'failed', detail: string) => void
  readonly output: (step: Step, line: string) => void
  readonly note: (message: string) => void
  readonly undone: (why: string) => void
}

/** A transaction on a host, from the lock to its end. */
export interface Run {
  readonly transaction: string
  /** Settles when the agent waits for a word (`locked`, `received`, `confirm`, …): true; or when it ended before: false. */
  reached(word: string): Promise<boolean>
  /** Gives the go-ahead for which the agent waits. */
  go(word: string): void
  /** Tells the host to finish the step at hand and take back what is not confirmed. */
  back(): void
  /** Whether it was given the go-ahead, be it that it never heard it. */
  wasTold(word: string): boolean
  readonly ended: Promise<RunEnd>
}

/** Hands a plan to the host. One exec; rejects only when it could not begin. */
export async function startRun(
  remote: Remote,
  root: string,
  plan: Plan,
  transaction: string,
  author: Author,
  events: RunEvents,
): Promise<Run> {
  const talk = await startVerb(remote, root, 'run', encodePlan(plan, transaction, AGENT_HASH, author))
  const beat = setInterval(() => talk.channel.stdin.write('beat\n'), BEAT_MS)
  const marks = new Map<string, PromiseWithResolvers<boolean>>()
  const seen = new Set<string>()
  const told = new Set<string>()
  let over = false

  function mark(word: string): void {
    if (seen.size < WAITS) seen.add(word)
    marks.get(word)?.resolve(true)
  }

  const ended = follow(talk, plan, events, mark).then((end) => {
    over = true
    clearInterval(beat)
    for (const waiting of marks.values()) waiting.resolve(false)
    talk.channel.stdin.end()
    return end
  })

  return {
    transaction,
    reached(word) {
      if (seen.has(word)) return Promise.resolve(true)
      if (over) return Promise.resolve(false)
      const waiting = marks.get(word) ?? withResolvers<boolean>()
      marks.set(word, waiting)
      return waiting.promise
    },
    go: (word) => {
      if (over) return
      told.add(word)
      talk.channel.stdin.write(`go ${word}\n`)
    },
    wasTold: (word) => told.has(word),
    back: () => void (over || talk.channel.stdin.write('back\n')),
    ended,
  }
}

/** Reads the agent's story to its last line. No last line means that we do not know. */
async function follow(talk: Talk, plan: Plan, events: RunEvents, mark: (word: string) => void): Promise<RunEnd> {
  const steps = wireSteps(plan)
  const stepAt = (number: string | undefined) => steps[Number(number) - 1]?.step ?? null
  const output: string[] = []
  let failed: Step | null = null
  for (;;) {
    const line = await talk.lines.next()
    if (line === null) return { result: 'lost', text: talk.stderr(), lock: null, step: failed, output }
    const [at, event = '', one = '', ...rest] = line.split('\t')
    if (at !== '@') continue
    const step = stepAt(one)
    if (event === 'locked') mark('locked')
    else if (event === 'wait') mark(one)
    else if (event === 'note') events.note([one, ...rest].join(' '))
    else if (event === 'undone') events.undone(one)
    else if (event === 'out' && step) {
      output.push(rest.join('\t'))
      if (output.length > 40) output.shift()
      events.output(step, rest.join('\t'))
    } else if ((event === 'start' || event === 'ok' || event === 'failed') && step) {
      if (event === 'start') output.length = 0
      if (event === 'failed') failed = step
      events.step(step, event, rest[0] ?? '')
    } else if (event === 'end') return endOf(one, rest, failed, output)
  }
}

const RESULTS: readonly string[] = [
  'done',
  'locked',
  'moved',
  'unchanged',
  'undone',
  'failed',
] satisfies readonly RunEnd['result'][]

function endOf(result: string, rest: readonly string[], step: Step | null, output: readonly string[]): RunEnd {
  // Not our agent's: whatever it has done, nobody knows.
  if (!RESULTS.includes(result))
    return { result: 'lost', text: `it ended with a word that no agent has: ${result}`, lock: null, step, output }
  return {
    result: result as RunEnd['result'],
    text: rest.join(' '),
    lock: result === 'locked' ? lockOf(rest) : null,
    step,
    output,
  }
}

interface PromiseWithResolvers<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
}

/** Promise.withResolvers, which Node 20 lacks. */
function withResolvers<T>(): PromiseWithResolvers<T> {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((yes) => {
    resolve = yes
  })
  return { promise, resolve }
}
