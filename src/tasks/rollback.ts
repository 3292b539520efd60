import { ReleaserError } from '../model/errors.ts'
import type { HostRelease } from '../model/host-state.ts'
import { eachOnce, type HostView } from '../model/host-view.ts'
import { lookUp } from '../model/ref.ts'

/**
 * The release that a rollback goes to on every host: REF, looked up among the releases that all hosts have, or the newest one
 * that served before current on the first host and is good on all of them. Fails with NOT_FOUND.
 */
export function chooseRollback(views: readonly HostView[], ref: string | undefined): HostRelease {
  if (ref !== undefined) return chooseOnHosts(views, ref)
  const [first] = views
  if (!first) throw noHosts()
  const everywhere = onAll(views)
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

/** The release that REF names among those that all hosts have; `current` and `previous` are the first host's. Fails with NOT_FOUND. */
export function chooseOnHosts(views: readonly HostView[], ref: string): HostRelease {
  const [first] = views
  if (!first) throw noHosts()
  try {
    return lookUp(ref, onAll(views), { current: first.current?.id, previous: first.previous?.id })
  } catch (error) {
    if (!(error instanceof ReleaserError) || error.code !== 'NOT_FOUND') throw error
    throw new ReleaserError('NOT_FOUND', `no release "${ref}" lies on ${views.length === 1 ? 'the host' : 'all of the hosts'}`, {
      hint: 'see which do: releaser releases target=NAME; or bring it from the store: releaser deploy target=NAME release=REF',
    })
  }
}

function onAll([first, ...others]: readonly HostView[]): readonly HostRelease[] {
  return eachOnce(first?.releases ?? []).filter(({ id }) =>
    others.every((view) => view.releases.some((release) => release.id === id)),
  )
}

function noHosts(): ReleaserError {
  return new ReleaserError('USAGE', 'there are no hosts')
}

function goodOnAll(id: string, views: readonly HostView[]): boolean {
  return views.every((view) => view.releases.some((release) => release.id === id && release.state === 'good'))
}
