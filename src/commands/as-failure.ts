import { ReleaserError } from '../model/errors.ts'
import { ownVersion } from './about.ts'

/** An error as one of ours: an abort that a signal caused, or something unforeseen, which is our fault. */
export function asFailure(error: unknown, stopped: AbortSignal): ReleaserError {
  if (error instanceof ReleaserError) return error
  if (stopped.aborted && error instanceof Error && (error.name === 'AbortError' || error === stopped.reason))
    return new ReleaserError('INTERRUPTED', 'stopped', { cause: error })
  const message = error instanceof Error ? error.message : String(error)
  return new ReleaserError('BUG', message, {
    cause: error,
    hint: `this is a bug in releaser ${ownVersion()}: please report it with the lines above and what you typed`,
  })
}
