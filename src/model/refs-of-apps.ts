import { ReleaserError } from './errors.ts'
import type { PerApp } from './per-app.ts'
import { didYouMean } from './suggest.ts'

/**
 * What `release=` says to each of these apps: one REF for all, or one for each by its name, `api:1.2.0,web:3.0.0`. Undefined where
 * nothing is said. Fails with USAGE where that names an app that is not among them, one twice, or not all.
 */
export function refsOfApps(said: string | undefined, apps: readonly string[]): PerApp<string> | undefined {
  if (said === undefined) return undefined
  // No REF has a colon in it.
  if (!said.includes(':')) return new Map(apps.map((app) => [app, said]))
  const refs = new Map<string, string>()
  for (const word of said.split(',')) {
    const [app = '', ref = ''] = word.split(/:(.*)/s)
    if (ref === '') throw refusal(`"${word}" names no release of an app`, apps)
    if (!apps.includes(app))
      throw new ReleaserError('USAGE', `release=: no app "${app}" is meant`, { hint: didYouMean(app, apps) })
    if (refs.has(app)) throw refusal(`${app} is named twice`, apps)
    refs.set(app, ref)
  }
  const left = apps.filter((app) => !refs.has(app))
  if (left.length > 0) throw refusal(`it names no release of ${left.join(', ')}`, apps)
  return refs
}

/** The same as it is written. */
export function refsInWords(refs: PerApp<string>): string {
  const [only, ...others] = refs.values()
  return only !== undefined && others.length === 0 ? only : [...refs].map(([app, ref]) => `${app}:${ref}`).join(',')
}

function refusal(what: string, apps: readonly string[]): ReleaserError {
  return new ReleaserError('USAGE', `release=: ${what}`, {
    hint: `name one for each: release=${apps.map((app) => `${app}:REF`).join(',')}`,
  })
}
