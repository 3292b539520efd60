import { ReleaserError } from '../model/errors.ts'
import type { HostRelease } from '../model/host-state.ts'
import { viewOf } from '../model/host-view.ts'
import type { Facts } from '../model/plan.ts'
import { lookUp } from '../model/ref.ts'
import type { Host } from '../model/target.ts'

/**
 * The id of the release that REF names on any of these hosts, be it that it lies there or that one only remembers it. `current` and
 * `previous` are the first one's that has them, `latest` is the newest on any. Null where there is no REF.
 */
export function releaseOnHost(
  hosts: readonly { readonly facts: Facts; readonly host: Host }[],
  ref: string | undefined,
): string | null {
  if (ref === undefined) return null
  const views = hosts.map(({ facts }) => viewOf(facts))
  const all = new Map<string, HostRelease>()
  // The one that a host knows by its version goes before one that it has only on its disk.
  const remembered = hosts.flatMap(({ facts }) => facts.state?.releases ?? [])
  for (const release of [...views.flatMap(({ releases }) => releases), ...remembered])
    if (!all.has(release.id) || all.get(release.id)?.version === 'unknown') all.set(release.id, release)
  try {
    return lookUp(ref, [...all.values()], {
      latest: [...all.keys()].sort().at(-1),
      current: views.find(({ current }) => current)?.current?.id,
      previous: views.find(({ previous }) => previous)?.previous?.id,
    }).id
  } catch (error) {
    if (!(error instanceof ReleaserError) || error.code !== 'NOT_FOUND') throw error
    throw new ReleaserError('NOT_FOUND', `there is no release "${ref}" on ${hosts.map(({ host }) => host.name).join(', ')}`, {
      hint: 'list what lies there: releaser releases target=NAME',
    })
  }
}
