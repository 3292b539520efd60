import { type Fault, MODES } from './injector.ts'
import type { Scenario } from './scenarios.ts'
import type { RunOptions } from './world.ts'

/** One trial: a scenario, and what goes wrong in its runs, before the last one in which nothing does. */
export interface Point {
  readonly scenario: Scenario
  readonly runs: readonly [RunOptions, ...RunOptions[]]
  /** What goes wrong, for people. */
  readonly what: string
}

/** A scenario without faults: its calls that change files, and how it leaves the host. */
export interface Rehearsal {
  readonly scenario: Scenario
  readonly calls: readonly string[]
  readonly end: unknown
}

/** Every call of a scenario with every mode; an error to a word through a fifo is none, and left out. */
export function pointsOf({ scenario, calls }: Rehearsal): readonly Point[] {
  return calls.flatMap((call, index) =>
    MODES.filter((mode) => !call.startsWith('fifo-') || !mode.startsWith('E')).map((mode): Point => {
      const at = index + 1
      return { scenario, runs: [{ fault: { at, mode } }], what: `${mode} at ${at} (${call})` }
    }),
  )
}

/** At least `count` points, evenly spread over the calls of each scenario; what takes long gets fewer. */
export function somePoints(rehearsals: readonly Rehearsal[], count: number): readonly Point[] {
  const whole = rehearsals.reduce((sum, rehearsal) => sum + weight(rehearsal), 0)
  return rehearsals.flatMap((rehearsal) => spread(pointsOf(rehearsal), Math.ceil((count * weight(rehearsal)) / whole)))
}

/** About `count` of them, evenly spread; multiples of the golden ratio fall in step with no other count, such as that of the modes. */
export function spread<T>(all: readonly T[], count: number): readonly T[] {
  return all.filter((_, index) => (index * 0.618_033_988_749_895) % 1 < count / all.length)
}

/** The host of an app has to be made anew each time, what is rendered is laid out first, and what was cut off settled before all else. */
function weight({ scenario, calls }: Rehearsal): number {
  if (scenario.app || scenario.rendered) return 1
  if (scenario.interrupted) return 2
  return calls.length < 150 ? 8 : 4
}

/** A fault in the command and another one in the rerun, `count` times, wherever `random` says. */
export function doubleFaults(rehearsals: readonly Rehearsal[], count: number, random: () => number): readonly Point[] {
  const any = <T>(items: readonly T[]): readonly T[] => items.slice(Math.floor(random() * items.length)).slice(0, 1)
  const fault = (calls: readonly string[]): readonly Fault[] =>
    any(MODES).map((mode) => ({ at: 1 + Math.floor(random() * calls.length), mode }))
  const weighted = rehearsals.flatMap((rehearsal) => Array<Rehearsal>(weight(rehearsal)).fill(rehearsal))
  return Array.from({ length: count }, () =>
    any(weighted).flatMap(({ scenario, calls }) =>
      fault(calls).flatMap((first) =>
        fault(calls).map((second): Point => {
          const what = [first, second].map(({ at, mode }) => `${mode} at ${at} (${calls[at - 1]})`).join(', then ')
          return { scenario, runs: [{ fault: first }, { fault: second }], what }
        }),
      ),
    ),
  ).flat()
}
