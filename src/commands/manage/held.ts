import { type HostRelease, UNKNOWN } from '../../model/host-state.ts'
import type { HostView } from '../../model/host-view.ts'
import type { Entry } from './view.ts'

/** What a host has. */
export interface Seen {
  readonly host: string
  readonly view: HostView
}

/** A release as the hosts have it. */
export interface Held extends Entry {
  readonly state: string
  /** `current`, `previous` and `pinned`, with the hosts where it is not so on all of them. */
  readonly marks: readonly string[]
  readonly on: readonly string[]
  readonly current: 'everywhere' | 'somewhere' | 'nowhere'
  readonly pinned: boolean
}

/** The releases that any of these hosts has, newest first, each once. */
export function heldBy(seen: readonly Seen[]): readonly Held[] {
  const ids = [...new Set(seen.flatMap(({ view }) => view.releases.map(({ id }) => id)))].sort().reverse()
  return ids.map((id) => {
    const having = seen.flatMap((one) => {
      const release = one.view.releases.find((each) => each.id === id)
      return release ? [{ ...one, release }] : []
    })
    const on = (is: (view: HostView) => boolean) => having.filter(({ view }) => is(view)).map(({ host }) => host)
    const current = on((view) => view.current?.id === id)
    const pinned = on((view) => view.pinned.includes(id))
    const mark = (word: string, hosts: readonly string[]) =>
      hosts.length === 0 ? [] : [hosts.length === seen.length ? word : `${word} on ${hosts.join(' ')}`]
    const known = having.map(({ release }) => release).find(({ version }) => version !== UNKNOWN)
    return {
      id,
      version: known?.version ?? UNKNOWN,
      state: statesOf(having),
      marks: [
        ...mark('current', current),
        ...mark(
          'previous',
          on((view) => view.previous?.id === id),
        ),
        ...mark('pinned', pinned),
      ],
      on: having.map(({ host }) => host),
      current: current.length === 0 ? 'nowhere' : current.length === seen.length ? 'everywhere' : 'somewhere',
      pinned: pinned.length > 0,
    }
  })
}

function statesOf(having: readonly { readonly host: string; readonly release: HostRelease }[]): string {
  const states = [...new Set(having.map(({ release }) => release.state))]
  if (states.length <= 1) return states.join('')
  return having.map(({ host, release }) => `${release.state} on ${host}`).join(', ')
}
