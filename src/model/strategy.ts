import { seconds } from './duration.ts'

/** How a rollout goes over the hosts of a target. Without one: one host after the other, and none may fail. */
export interface Strategy {
  /** How many hosts come first, by themselves; 0 for none. */
  readonly canary: number
  /** How many hosts are switched together, or which part of the target's hosts, from 0 to 1. */
  readonly batch: { readonly hosts: number } | { readonly part: number }
  /** How long the hosts that were switched have to hold out before the next ones are. */
  readonly pauseSeconds: number
  /** How many hosts may fail and stay behind. */
  readonly maxFailures: number
  /** How many hosts are sent to, or switched, at once at most; undefined: as many as a batch has. */
  readonly parallel: number | undefined
}

const ONE_BY_ONE: Strategy = { canary: 0, batch: { hosts: 1 }, pauseSeconds: 0, maxFailures: 0, parallel: undefined }

/** As it is written in a configuration. */
export interface WrittenStrategy {
  readonly batch?: number | `${number}%`
  readonly canary?: number
  readonly pause?: string
  readonly maxFailures?: number
  readonly parallel?: number
}

/** What a written strategy means; what is wrong with it where it means nothing. */
export function parseStrategy(written: WrittenStrategy): Strategy | { readonly path: string; readonly says: string } {
  const { batch = 1, canary = 0, pause, maxFailures = 0, parallel } = written
  const part = typeof batch === 'string' ? Number(batch.slice(0, -1)) / 100 : undefined
  if (part !== undefined && !(part > 0 && part <= 1)) return { path: 'batch', says: `"${batch}" is not a part from 1% to 100%` }
  return {
    canary,
    batch: part === undefined ? { hosts: Number(batch) } : { part },
    pauseSeconds: (pause === undefined ? undefined : seconds(pause)) ?? 0,
    maxFailures,
    parallel,
  }
}

/** Hosts that are switched together, after all before them hold out. */
export interface Wave<Host> {
  readonly hosts: readonly Host[]
  readonly canary: boolean
  /** How long these have to hold out before the next wave comes. */
  readonly pauseSeconds: number
}

interface OfTarget {
  readonly target: { readonly name: string; readonly strategy?: Strategy }
}

/** The strategy of a host's target. */
export function strategyOf(host: OfTarget | undefined): Strategy {
  return host?.target.strategy ?? ONE_BY_ONE
}

/** How many of these hosts may be worked on at once, where nothing is said `usual` ones: no target has more than it allows. */
export function atOnce(hosts: readonly OfTarget[], usual: number): number {
  return Math.min(...hosts.map((host) => strategyOf(host).parallel ?? usual))
}

/** The waves of a rollout: one target is finished before the next begins, in the order of the hosts. */
export function wavesOf<Host extends OfTarget>(hosts: readonly Host[]): readonly Wave<Host>[] {
  const names = [...new Set(hosts.map(({ target }) => target.name))]
  return names.flatMap((name) => {
    const all = hosts.filter(({ target }) => target.name === name)
    const { canary, batch, pauseSeconds } = strategyOf(all[0])
    const size = 'hosts' in batch ? batch.hosts : Math.max(1, Math.ceil(all.length * batch.part))
    const first = canary === 0 ? [] : [{ hosts: all.slice(0, canary), canary: true, pauseSeconds }]
    const rest = all.slice(canary)
    const batches = Array.from({ length: Math.ceil(rest.length / size) }, (_, index) => ({
      hosts: rest.slice(index * size, (index + 1) * size),
      canary: false,
      pauseSeconds,
    }))
    return [...first, ...batches]
  })
}
