import { ReleaserError } from '../model/errors.ts'
import type { ProbeResult } from '../model/health.ts'
import { askOnce } from '../rollout/healthy.ts'
import type { Asked } from '../rollout/host.ts'
import { within } from '../rollout/true-end.ts'
import { type AppState, appState, elsewhere, type Look, lookAt, NO_APP, type Seen } from '../tasks/app-state.ts'
import { currentEnv } from '../tasks/current.ts'
import type { Call } from './command.ts'
import { answerOf } from './in-current.ts'

/** How long an app may take to say how it is: somebody waits for a table of all hosts. */
export const LOOK_SECONDS = 8

/** How the app of a host is, by its process, its own words and its health. Changes nothing there; takes about eight seconds at most. */
export async function seeApp(call: Call, asked: Asked): Promise<AppState> {
  const look = lookOrProblem(asked)
  if (look === null || 'problem' in look) return look ?? NO_APP
  const deadline = Date.now() + LOOK_SECONDS * 1000
  const pid = await processOf(call, asked, look, deadline)
  const runs = pid !== null
  const [version, health] = await Promise.all([
    runs ? saidVersion(call, asked, look, deadline) : null,
    runs || look.service === null ? seenHealth(asked, look, deadline) : null,
  ])
  return appState(look, { pid, version, health })
}

/** A release that does not fit its runner, and a path of another target, is a state like others here. */
export function lookOrProblem(asked: Asked): Look | AppState | null {
  try {
    return lookAt(asked)
  } catch (error) {
    if (error instanceof ReleaserError) return { ...NO_APP, problem: error.message }
    throw error
  }
}

async function processOf(call: Call, asked: Asked, { facts, service }: Look, deadline: number): Promise<number | null> {
  if (facts.app) return facts.app.pid
  if (!service?.service.pid) return null
  const answer = await said(call, asked, service.service.pid, deadline)
  const pid = 'said' in answer ? /\d+/.exec(answer.said)?.[0] : undefined
  return pid === undefined ? null : Number(pid)
}

async function saidVersion(call: Call, asked: Asked, look: Look, deadline: number): Promise<Seen['version']> {
  const script = look.service?.service.version ?? null
  return script === null || elsewhere(look) !== null ? null : said(call, asked, script, deadline)
}

async function seenHealth(asked: Asked, { health }: Look, deadline: number): Promise<ProbeResult | null> {
  if (!health) return null
  const asking = askOnce(asked, health, currentEnv(asked))
  return (await inTime(asking, deadline)) ?? { ok: false, why: LATE }
}

export const LATE = `no answer within ${LOOK_SECONDS} s`

/** The first line that a script of the runner prints. */
async function said(call: Call, asked: Asked, script: string, deadline: number): Promise<NonNullable<Seen['version']>> {
  const left = Math.max(0.1, (deadline - Date.now()) / 1000)
  const answer = await inTime(answerOf(call, asked, { script, args: [] }, left), deadline)
  if (!answer || answer.exit === 124) return { failed: LATE }
  if (answer.exit !== 0) return { failed: answer.exit === null ? 'the line was lost' : `exit code ${answer.exit}` }
  return { said: answer.stdout.trim().split('\n', 1).join().slice(0, 100) }
}

/** Undefined where it takes longer; what it comes to then is of no interest any more. */
function inTime<T>(asking: Promise<T>, deadline: number): Promise<T | undefined> {
  asking.catch(() => {})
  return within(Math.max(0, deadline + 500 - Date.now()), asking)
}
