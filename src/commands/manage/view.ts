import { UNKNOWN } from '../../model/host-state.ts'
import type { Item } from '../../ui/browse-state.ts'
import type { Word } from './words.ts'

/** What a session shows of a place: its releases, and what can be done with them. */
export interface View {
  readonly title: readonly string[]
  readonly prompt: string
  readonly headings: readonly string[]
  readonly items: readonly Item<Entry>[]
  readonly empty: string
  readonly words: readonly Word[]
  /** The hosts, by name or by their number; undefined with the store. */
  readonly hosts?: string
  actions(chosen: readonly Entry[]): readonly Action[]
}

/** A release of the list. */
export interface Entry {
  readonly id: string
  readonly version: string
}

/** An entry of the menu, and the line that it stands for. */
export interface Action {
  readonly does: string
  readonly line: string
}

/** A release for a person: by its version and id, where the version is known. */
export function nameOf({ id, version }: Entry): string {
  return version === UNKNOWN ? id : `${version} (${id})`
}

/** The ids of several, as a line names them. */
export function idsOf(chosen: readonly Entry[]): string {
  return chosen.map(({ id }) => id).join(' ')
}
