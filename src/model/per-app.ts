import { ReleaserError } from './errors.ts'

/** What each app of a rollout has, by the app's name, in the order of its targets. One app is the plain case. */
export type PerApp<T> = ReadonlyMap<string, T>

/** A host or the like, which knows its target and so its app. */
export interface OfApp {
  readonly target: { readonly app: string }
}

/** What the app of a host has. */
export function ownOf<T>(all: PerApp<T>, { target: { app } }: OfApp): T {
  const found = all.get(app)
  if (found !== undefined) return found
  throw new ReleaserError('BUG', `nothing was chosen for ${app}`)
}
