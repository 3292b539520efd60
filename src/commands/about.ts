import { readFileSync } from 'node:fs'
import { ReleaserError } from '../model/errors.ts'

/** The version of the running releaser. */
export function ownVersion(): string {
  const about: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  if (typeof about === 'object' && about !== null && 'version' in about) return String(about.version)
  throw new Error('package.json of releaser has no version')
}

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
