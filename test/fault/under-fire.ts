import { readFileSync, readlinkSync, watch } from 'node:fs'
import { basename, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { decodeState, type HostState } from '../../src/model/host-state.ts'
import type { Target } from '../../src/model/target.ts'
import type { Connect } from '../../src/remote/remote.ts'
import type { HostOutcome, Planner } from '../../src/rollout/host.ts'
import { NO_RELEASE } from '../../src/rollout/input.ts'
import { prepare } from '../../src/rollout/prepare.ts'
import { rollOut } from '../../src/rollout/rollout.ts'

/** The files of each release, by its id. */
export type Trees = ReadonlyMap<string, Readonly<Record<string, string>>>

/** Carries a plan out on one host, as a command that switches nothing does; waits for whoever is at work. */
export async function carry(target: Target, connect: Connect, plan: Planner): Promise<readonly HostOutcome[]> {
  const observe = () => {}
  const destinations = target.hosts.map((host) => ({ host, target, connect }))
  const prepared = await prepare({ destinations, observe, skipUnreachable: false })
  try {
    const hosts = prepared.hosts.map((asked) => ({ ...asked, plan: plan(asked, asked.facts) }))
    const author = { by: 'bob', where: 'desk', message: 'upkeep' }
    return await rollOut(hosts, { plan, author, observe, signal: new AbortController().signal, wait: 60, ...NO_RELEASE })
  } finally {
    await prepared.close()
  }
}

/** Somebody who looks at a host's directory whenever something happens there. */
export interface Watcher {
  /** Looks now; what is found is kept. */
  look(): void
  /** Stops, and tells what was found, and how often it was looked. */
  end(): { readonly found: readonly string[]; readonly looks: number }
}

/** Sees whether what is current, previous or pinned is there, with every file as it was packed. */
export function watchDirectory(path: string, trees: Trees): Watcher {
  const found = new Set<string>()
  let looks = 0
  const look = () => {
    looks++
    const before = momentOf(path)
    const amiss = before === null ? [] : missing(path, before, trees)
    // What changed while it was read is no moment; whoever changed it makes us look again.
    if (amiss.length > 0 && isDeepStrictEqual(momentOf(path), before)) for (const line of amiss) found.add(line)
  }
  const eyes = ['.', 'releases', '.releaser'].map((room) => watch(join(path, room), look))
  return {
    look,
    end: () => {
      for (const eye of eyes) eye.close()
      return { found: [...found], looks }
    },
  }
}

interface Moment {
  readonly serves: string
  readonly state: HostState
}

function momentOf(path: string): Moment | null {
  const state = decodeState(readFileSync(join(path, '.releaser/state'), 'utf8').trimEnd().split('\n'))
  const serves = basename(readlinkSync(join(path, 'current')))
  return state && { serves, state }
}

function missing(path: string, { serves, state }: Moment, trees: Trees): readonly string[] {
  const good = new Set(state.releases.flatMap(({ id, state }) => (state === 'good' ? [id] : [])))
  const previous = state.served.filter((id) => id !== serves && good.has(id)).at(-1)
  const must = { current: [serves], previous: previous === undefined ? [] : [previous], pinned: state.pinned }
  return Object.entries(must).flatMap(([what, ids]) =>
    ids.filter((id) => !isWhole(path, id, trees)).map((id) => `${what} is not whole: ${id}`),
  )
}

function isWhole(path: string, id: string, trees: Trees): boolean {
  try {
    return Object.entries(trees.get(id) ?? {}).every(
      ([name, text]) => readFileSync(join(path, 'releases', id, name), 'utf8') === text,
    )
  } catch {
    return false
  }
}

/**
 * Whether any of these prunes, in their order, removed what was current, previous or pinned when it had the lock: told by what the
 * host wrote down of everybody. `removals`: of each prune that removed something, what; `pinned`: of each pin, what.
 */
export function judged(path: string, pinned: readonly string[], removals: readonly (readonly string[])[]): readonly string[] {
  const left = [...removals]
  const toPin = [...pinned]
  let served: string[] = []
  let pins: string[] = []
  const wrong: string[] = []
  for (const { action, release } of history(path)) {
    if (action === 'deploy') {
      served = [...served, release]
      pins = []
    } else if (action === 'pin') pins.push(toPin.shift() ?? '')
    else if (action === 'prune') {
      const removed = left.shift() ?? []
      const current = served.at(-1)
      const previous = served.filter((id) => id !== current).at(-1)
      for (const [what, id] of [['current', current], ['previous', previous], ...pins.map((id) => ['pinned', id])])
        if (id !== undefined && removed.includes(id)) wrong.push(`${what} was removed: ${id}`)
      served = served.filter((id) => !removed.includes(id))
    }
  }
  const unseen = left.length + toPin.length
  return unseen === 0 ? wrong : [...wrong, `${unseen} prunes and pins are not in the history`]
}

/** What was done, oldest first. */
function history(path: string): readonly { readonly action: string; readonly release: string }[] {
  const lines = readFileSync(join(path, '.releaser/history'), 'utf8').trimEnd().split('\n')
  return lines.flatMap((line) => {
    const [, , action = '', release = '', , , , ok] = line.split('\t')
    return ok === 'ok' ? [{ action, release }] : []
  })
}
