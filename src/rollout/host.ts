import { ReleaserError } from '../model/errors.ts'
import type { Facts, Observe, Plan, Step } from '../model/plan.ts'
import { isSystemd } from '../model/service.ts'
import type { Host, Target } from '../model/target.ts'
import { type Agent, agentAt } from '../remote/agent.ts'
import type { Shipment } from '../remote/receive.ts'
import type { Connect, Remote } from '../remote/remote.ts'
import type { Run, RunEnd, RunEvents } from '../remote/run.ts'
import { writeHint } from '../remote/write-hint.ts'

/** A host that a rollout means, before anybody has talked to it. */
export interface Destination {
  readonly target: Target
  readonly host: Host
  readonly connect: Connect
  /** Adds to what a host says of itself what this machine knows of releases there. */
  readonly recall?: Recall
}

export type Recall = (facts: Facts, target: Target) => Promise<Facts>

/** A host that answered: its line, and what it says of itself. */
export interface Asked extends Destination {
  readonly remote: Remote
  readonly agent: Agent
  readonly facts: Facts
}

/** And what is to be done there. */
export interface Prepared extends Asked {
  readonly plan: Plan
}

/** Decides for one host; called again where it has moved since it was asked. */
export type Planner = (destination: Destination, facts: Facts) => Plan

/** Where a release's bytes come from, for a host. Null where nothing has to travel. */
export type ShipmentOf = (host: Prepared) => Promise<Omit<Shipment, 'transaction' | 'onSent'> | null>

/** A host in the middle of its transaction. */
export interface Working extends Prepared {
  readonly run: Run
  readonly startedAt: number
}

/** How it ended on one host; `current` and `previous` are ids, as they are now and as they were before. */
export interface HostOutcome {
  readonly target: string
  readonly host: string
  readonly ok: boolean
  readonly changed: boolean
  readonly previous: string | null
  readonly current: string | null
  readonly sentBytes: number
  readonly durationMs: number
  readonly state: RunEnd['result'] | 'idle' | 'unreachable' | 'skipped'
  readonly message?: string
}

/** Asks a host how it is; with `inUse` also in which releases processes live. */
export async function askHost(destination: Destination, remote: Remote, { inUse = false } = {}): Promise<Asked> {
  const agent = agentAt(remote, destination.host.path)
  const facts = await named(destination, agent.status({ sudo: isSystemd(destination.target.runner), inUse }))
  return { ...destination, remote, agent, facts: (await destination.recall?.(facts, destination.target)) ?? facts }
}

/** What a host answers; where that is a failure whose words do not say which host it was, they do then. */
export async function named<T>({ host: { name } }: Pick<Destination, 'host'>, answer: Promise<T>): Promise<T> {
  return answer.catch((error: unknown) => {
    if (!(error instanceof ReleaserError) || error.message.startsWith(`${name}: `)) throw error
    const { code, message, hint, result, question } = error
    throw new ReleaserError(code, `${name}: ${message}`, { hint, result, question, cause: error })
  })
}

/** A host's story as progress for whoever watches. Waiting for a word is no news. */
export function eventsOf(host: string, observe: Observe): RunEvents {
  return {
    step: (step, state, detail) => {
      if (step.step === 'await' || (state === 'failed' && detail === TOLD_TO)) return
      observe({ event: 'step', host, step: stepName(step), state, ...(detail === '' ? {} : { detail }) })
    },
    output: (step, line) => observe({ event: 'output', host, step: stepName(step), line }),
    note: (message) => observe({ event: 'note', host, message }),
    undone: (detail) =>
      observe({ event: 'step', host, step: 'undo', state: 'undone', ...(detail === '' || detail === TOLD_TO ? {} : { detail }) }),
  }
}

/** What an agent gives as the reason when it was our word that it goes back: no step of it failed. */
const TOLD_TO = 'back'

/** A command is called by its hook. */
function stepName(step: Step): string {
  return step.step === 'command' ? step.hook : step.step
}

/** Whether a plan is one that has a release serve. */
export function switches({ action }: Plan): boolean {
  return ['deploy', 'rollback', 'activate'].includes(action)
}

/** The outcome of a host at the end of its transaction. */
export function outcomeOf(work: Working, end: RunEnd): HostOutcome {
  const done = end.result === 'done'
  const before = work.plan.from
  return {
    target: work.target.name,
    host: work.host.name,
    ok: done,
    // A deploy that only had to put away what an earlier one left has changed nothing that serves.
    changed: done && (!switches(work.plan) || work.plan.steps.some(({ step }) => step === 'activate')),
    previous: before,
    current: done ? (work.plan.release?.id ?? before) : before,
    sentBytes: work.remote.sentBytes(),
    durationMs: Date.now() - work.startedAt,
    state: end.result,
    ...(end.text === '' ? {} : { message: end.text }),
  }
}

/** The outcome of a host on which nothing was to be done. */
export function idleOutcome(host: Prepared): HostOutcome {
  return {
    target: host.target.name,
    host: host.host.name,
    ok: true,
    changed: false,
    previous: host.plan.from,
    current: host.plan.from,
    sentBytes: host.remote.sentBytes(),
    durationMs: 0,
    state: 'idle',
  }
}

/** Why a plan failed on a host. */
export function failureOf(work: Working, { step, text, result }: RunEnd): ReleaserError {
  // What an agent says of a hook begins with its name.
  const at = step === null || text.startsWith(stepName(step)) ? '' : `${stepName(step)}: `
  const hint = hintFor(step, text) ?? writeHint(text)
  const why = text || (result === 'lost' ? 'the line was lost' : result)
  const code = step?.step === 'signed' ? 'INTEGRITY' : 'NOT_CHANGED'
  return new ReleaserError(code, `${work.host.name}: ${at}${WORDS_OF_AGENT[why] ?? why}`, { hint })
}

const WORDS_OF_AGENT: Readonly<Record<string, string>> = {
  lost: 'the line was lost',
  late: 'it was not confirmed in time',
  back: 'it was told to go back',
}

function hintFor(step: Step | null, text: string): string | undefined {
  return HINTS.find((row) => row.step === step?.step && text.includes(row.says))?.hint
}

const HINTS: readonly { readonly step: Step['step']; readonly says: string; readonly hint: string }[] = [
  {
    step: 'link',
    says: 'which is shared',
    hint: 'leave it out of the build (exclude of the builder), or out of shared, or move away what shared/ holds on the host',
  },
  {
    step: 'render',
    says: 'needs what is not set',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: so it is written in a template
    hint: 'set it in env, envFile or secrets of the target, or give it a default in the template: ${NAME:-default}',
  },
  { step: 'render', says: 'has no file', hint: 'templates of the target name files of the release: mend from, or build it in' },
  {
    step: 'refill',
    says: '',
    hint: 'files are as they were; what the command has done elsewhere, as in a database, is not undone: let it work in one transaction (pg_restore --single-transaction)',
  },
  {
    step: 'signed',
    says: '',
    hint: 'what is there is not what was signed, or not by who may: see what is changed there (releaser verify target=NAME), and deploy what is signed',
  },
  {
    step: 'again',
    says: 'was sent',
    hint: 'deploy it instead, which brings what is missing: releaser deploy target=NAME release=REF',
  },
]

/** Fails with INTERRUPTED as soon as somebody wants to stop; the promise itself goes on. */
export function orInterrupted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const stop = () => new ReleaserError('INTERRUPTED', 'stopped')
  if (signal.aborted) return Promise.reject(stop())
  return new Promise<T>((resolve, reject) => {
    const onAbort = () => reject(stop())
    signal.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
