import type { Progress } from '../model/plan.ts'
import { rate } from './board.ts'
import { oneLine } from './sanitize.ts'
import { span } from './time.ts'
import { doing, done } from './words.ts'

/** Milliseconds between two lines that tell how far a transfer is. */
const PROGRESS_EVERY = 5000

/** Lines of a step's output that are kept, to be shown if it fails. */
const TAIL = 20

/** Steps that are of no interest once they went well, unless they took their time. */
const ROUTINE: ReadonlySet<string> = new Set(['facts', 'build', 'pack', 'import', 'store'])

/** Steps whose failure is the error that follows, or a warning, with its last lines: nobody wants to read it twice. */
const TOLD_BY_ERROR: ReadonlySet<string> = new Set([...ROUTINE, 'connect'])

/** What of the events becomes lines; the last output of a failed step always does. */
export interface Show {
  readonly steps: boolean
  readonly output: boolean
}

interface Running {
  readonly since: number
  readonly tail: readonly string[]
  readonly toldAt: number
  readonly toldEnd: boolean
}

/**
 * Turns events into lines for people, for pipes and CI: one for each finished step, headed by its host, and how far
 * a transfer is every few seconds. Gives back the lines; the caller writes them.
 */
export function createReport(): (progress: Progress, show: Show, now: number) => string[] {
  const running = new Map<string, Running>()
  return (progress, show, now) => {
    const head = progress.host === null ? '' : `${oneLine(progress.host)}: `
    if (progress.event === 'note') return show.steps ? [head + oneLine(progress.message)] : []
    const key = `${progress.host ?? ''}\0${progress.step}`
    const state = running.get(key) ?? { since: now, tail: [], toldAt: now, toldEnd: false }
    if (progress.event === 'output') {
      running.set(key, { ...state, tail: [...state.tail, progress.line].slice(-TAIL) })
      return show.output ? [`${head}| ${oneLine(progress.line)}`] : []
    }
    if (progress.event === 'progress') {
      const due = now - state.toldAt >= PROGRESS_EVERY && !state.toldEnd
      running.set(key, due ? { ...state, toldAt: now, toldEnd: progress.done >= progress.total } : state)
      return due && show.steps ? [`${head}${doing(progress.step)}  ${rate({ ...progress, since: state.since }, now)}`] : []
    }
    if (progress.state === 'start') {
      running.set(key, { ...state, since: now, tail: [] })
      return []
    }
    running.delete(key)
    if (progress.state === 'failed' && TOLD_BY_ERROR.has(progress.step) && !show.output) return []
    const tail = progress.state === 'failed' && !show.output ? state.tail.map((line) => `${head}| ${oneLine(line)}`) : []
    const took = now - state.since
    const routine = progress.state === 'ok' && ROUTINE.has(progress.step) && took < 1000 && !show.output
    return [...(show.steps && !routine ? [head + ending(progress, took)] : []), ...tail]
  }
}

function ending({ step, state, detail }: Extract<Progress, { event: 'step' }>, took: number): string {
  const about = detail ? `: ${oneLine(detail)}` : ''
  if (state === 'failed') return `failed while ${oneLine(doing(step))}${about}`
  if (state === 'undone') return `taken back${step === 'undo' ? '' : `: ${oneLine(done(step))}`}${about}`
  const lasted = took >= 1000 ? ` in ${span(took)}` : ''
  // What was sent says so itself: `3 files sent, 4,965 reused`.
  return step === 'send' && detail ? oneLine(detail) + lasted : `${oneLine(done(step))}${lasted}${about}`
}
