import type { ReleaserError } from '../model/errors.ts'
import type { Progress } from '../model/plan.ts'
import { safeJson } from './sanitize.ts'

/** Milliseconds between two `progress` objects of the same step; the last one always comes. */
const PROGRESS_EVERY = 250

/** The events of a command as JSON lines; the output of its steps only where it is asked for. */
export function createJsonEvents(withOutput: boolean): (progress: Progress, now: number) => string[] {
  const toldAt = new Map<string, number>()
  return (progress, now) => {
    if (progress.event === 'output' && !withOutput) return []
    if (progress.event === 'progress') {
      const key = `${progress.host ?? ''}\0${progress.step}`
      if (progress.done < progress.total && now - (toldAt.get(key) ?? 0) < PROGRESS_EVERY) return []
      toldAt.set(key, now)
    }
    return [safeJson(progress)]
  }
}

/** The last line of a command that went well. */
export function resultLine(command: string, exit: number, result: Readonly<Record<string, unknown>>): string {
  return safeJson({ event: 'result', command, ok: exit === 0, exit, ...result })
}

/** The last line of one that failed, with every field that the result would have had. */
export function errorLine(command: string, error: ReleaserError): string {
  const { code, message, hint, exitCode, result } = error
  return safeJson({ event: 'error', command, ok: false, exit: exitCode, code, message, hint: hint ?? null, ...result })
}
