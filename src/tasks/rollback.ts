import { ReleaserError } from '../model/errors.ts'
import type { HostRelease } from '../model/host-state.ts'
import type { HostView } from '../model/host-view.ts'
import { type Lookup, onAny, onEach, releaseOn, type Where } from './on-host.ts'

/** What may go back, beside what all hosts have: `sendable` are the ids that this machine can send to hosts that lost them. */
export interface RollbackLookup extends Lookup {
  readonly sendable?: ReadonlySet<string>
}

/**
 * The release that a rollback goes to on every host: REF, looked up among the releases that all hosts have and those that can be sent
 * to the others, or the newest of these that served before current on the first host (else on another) and is bad nowhere. Fails
 * with NOT_FOUND.
 */
export function chooseRollback(
  views: readonly HostView[],
  ref: string | undefined,
  { sendable = new Set(), ...lookup }: RollbackLookup = {},
): HostRelease {
  if (ref !== undefined) return named(views, ref, lookup, sendable)
  const [first] = views
  if (!first) throw new ReleaserError('USAGE', 'there are no hosts')
  const all = onAny(views, [])
  const everywhere = new Set([...onEach(views).map(({ id }) => id), ...sendable])
  const before = [...new Set(views.flatMap(({ served }) => served.slice(0, -1).reverse()))]
  const good = before.flatMap((id) => all.find((release) => release.id === id && everywhere.has(id) && goodOn(views, id)) ?? [])
  const [newest] = good.filter(({ id }) => id !== first.current?.id)
  if (newest) return newest
  throw new ReleaserError(
    'NOT_FOUND',
    first.current ? 'there is no good release to go back to' : 'nothing has been deployed there',
    {
      hint: first.current
        ? 'deploy one that is good: releaser deploy target=NAME release=REF'
        : 'deploy first: releaser deploy target=NAME',
    },
  )
}

/** What REF names where all hosts have it, or where those that lack it can be sent it. */
function named(views: readonly HostView[], ref: string, lookup: Lookup, sendable: ReadonlySet<string>): HostRelease {
  const find = (where: Where): HostRelease | ReleaserError => {
    try {
      return releaseOn(where, views, ref, lookup)
    } catch (error) {
      if (error instanceof ReleaserError && error.code === 'NOT_FOUND') return error
      throw error
    }
  }
  const everywhere = find('each')
  if (!(everywhere instanceof ReleaserError)) return everywhere
  const some = find('any')
  if (some instanceof ReleaserError) throw everywhere
  if (sendable.has(some.id)) return some
  throw new ReleaserError(
    'NOT_FOUND',
    `release ${some.id} does not lie on all of the hosts, and the store here does not have it`,
    { hint: `take it from one that has it, then go back: releaser download target=NAME release=${some.id}` },
  )
}

/** Whether a release is good wherever it lies. */
function goodOn(views: readonly HostView[], id: string): boolean {
  return views.every(({ releases }) => releases.every((release) => release.id !== id || release.state === 'good'))
}
