import { alike } from '../model/alike.ts'
import { foldNames } from '../model/fold-names.ts'
import type { Glance } from '../model/glance.ts'

/**
 * Hosts of a target that look alike as one, under all of their names: since when the last of them serves it, and the least space that
 * any of them has left. When each got there, and how much it has left, makes no difference.
 */
export function foldGlances(hosts: readonly Glance[]): readonly Glance[] {
  return alike(hosts, lookOf).map((group) => {
    const [first] = group
    const since = group.flatMap(({ serves }) => serves?.since ?? [])
    const free = group.flatMap(({ freeBytes }) => freeBytes ?? [])
    return {
      ...first,
      host: foldNames(group.map(({ host }) => host)),
      serves: first.serves && { ...first.serves, since: since.length === 0 ? null : Math.max(...since) },
      freeBytes: free.length === 0 ? null : Math.min(...free),
    }
  })
}

function lookOf({ silent, serves, previous, running, healthy, remarks }: Glance): string {
  return JSON.stringify([silent !== null, serves?.id, serves?.name, serves?.by, previous, running, healthy, remarks])
}
