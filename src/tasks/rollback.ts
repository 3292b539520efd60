import { ReleaserError } from '../model/errors.ts'
import type { HostRelease } from '../model/host-state.ts'
import type { HostView } from '../model/host-view.ts'
import { type Lookup, onEach, releaseOn } from './on-host.ts'

/**
 * The release that a rollback goes to on every host: REF, looked up among the releases that all hosts have, or the newest one
 * that served before current on the first host and is good on all of them. Fails with NOT_FOUND.
 */
export function chooseRollback(views: readonly HostView[], ref: string | undefined, lookup?: Lookup): HostRelease {
  if (ref !== undefined) return releaseOn('each', views, ref, lookup)
  const [first] = views
  if (!first) throw new ReleaserError('USAGE', 'there are no hosts')
  const everywhere = onEach(views)
  const before = first.served.slice(0, -1).reverse()
  const good = before.flatMap((id) => everywhere.find((release) => release.id === id && goodOnAll(id, views)) ?? [])
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

function goodOnAll(id: string, views: readonly HostView[]): boolean {
  return views.every((view) => view.releases.some((release) => release.id === id && release.state === 'good'))
}
