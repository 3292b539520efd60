import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { ReleaserError } from '../../src/model/errors.ts'
import { decodeState } from '../../src/model/host-state.ts'
import type { HostOutcome } from '../../src/rollout/host.ts'
import { listTree } from '../support/tree.ts'
import { appViolations } from './apps.ts'
import { type Fault, MODES } from './injector.ts'
import { currentOf, leftovers, type Reported, violations } from './invariants.ts'
import type { Scenario } from './scenarios.ts'
import type { Fate, Place, Ran, RunOptions, World } from './world.ts'

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

export async function rehearse(world: World, scenario: Scenario, agent?: string): Promise<Rehearsal> {
  const place = await world.host(scenario, agent)
  const { watched } = await place.run(scenario.command, { log: true })
  await place.settled()
  return { scenario, calls: await watched.calls(), end: await portrait(place.path) }
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

/** As many points of each scenario, `count` in all, evenly spread over its calls. */
export function somePoints(rehearsals: readonly Rehearsal[], count: number): readonly Point[] {
  return rehearsals.flatMap((rehearsal) => spread(pointsOf(rehearsal), Math.ceil(count / rehearsals.length)))
}

/** About `count` of them, evenly spread; multiples of the golden ratio fall in step with no other count, such as that of the modes. */
export function spread<T>(all: readonly T[], count: number): readonly T[] {
  return all.filter((_, index) => (index * 0.618_033_988_749_895) % 1 < count / all.length)
}

/** A fault in the command and another one in the rerun, `count` times, wherever `random` says. */
export function doubleFaults(rehearsals: readonly Rehearsal[], count: number, random: () => number): readonly Point[] {
  const any = <T>(items: readonly T[]): readonly T[] => items.slice(Math.floor(random() * items.length)).slice(0, 1)
  const fault = (calls: readonly string[]): readonly Fault[] =>
    any(MODES).map((mode) => ({ at: 1 + Math.floor(random() * calls.length), mode }))
  return Array.from({ length: count }, () =>
    any(rehearsals).flatMap(({ scenario, calls }) =>
      fault(calls).flatMap((first) =>
        fault(calls).map((second): Point => {
          const what = [first, second].map(({ at, mode }) => `${mode} at ${at} (${calls[at - 1]})`).join(', then ')
          return { scenario, runs: [{ fault: first }, { fault: second }], what }
        }),
      ),
    ),
  ).flat()
}

/** Tries points, `atOnce` at a time; a line for each violation. `hearOut`: clients whose host died are heard to their end, 20 s. */
export async function sweep(
  world: World,
  rehearsals: readonly Rehearsal[],
  points: readonly Point[],
  options: { readonly atOnce: number; readonly agent?: string; readonly untilFirst?: boolean; readonly hearOut?: boolean },
): Promise<readonly string[]> {
  const found: string[] = []
  const afterwards: Promise<void>[] = []
  const queue = [...points]
  const worker = async (): Promise<void> => {
    for (let point = queue.shift(); point; point = queue.shift()) {
      if (options.untilFirst && found.length > 0) return
      const { scenario, what } = point
      const tell = (lines: readonly string[]) => void found.push(...lines.map((line) => `${scenario.name}, ${what}: ${line}`))
      const place = await world.host(scenario, options.agent)
      const ideal = rehearsals.find((rehearsal) => rehearsal.scenario === scenario)?.end
      const trial = await tryPoint(place, point, ideal).catch((error: unknown) => ({
        wrong: [`the test itself: ${error}`],
        later: [],
      }))
      tell(trial.wrong)
      afterwards.push(...trial.later.map(async (fate) => tell(lies(await fate))))
      if (trial.wrong.length === 0 || !process.env['KEEP']) await place.remove()
      else console.log(place.path)
    }
  }
  await Promise.all(Array.from({ length: options.atOnce }, worker))
  if (options.hearOut) await Promise.all(afterwards)
  return found
}

async function tryPoint(
  place: Place,
  { scenario, runs }: Point,
  ideal: unknown,
): Promise<{ readonly wrong: readonly string[]; readonly later: readonly Promise<Fate>[] }> {
  const later: Promise<Fate>[] = []
  const wrong: string[] = []
  for (const options of runs) {
    const { dir } = await currentOf(place.path)
    const ran = await place.run(scenario.command, options)
    if (ran.fate === 'crashed') later.push(ran.later)
    wrong.push(...(await check(place, scenario, ran, dir)))
  }
  const { dir } = await currentOf(place.path)
  const again = await place.run(scenario.command)
  wrong.push(...(await check(place, scenario, again, dir)).map((line) => `rerun: ${line}`))
  wrong.push(...(await leftovers(place.path)).filter((line) => !isRubbish(line)).map((line) => `rerun: ${line}`))
  const end = await portrait(place.path)
  if (!isDeepStrictEqual(end, ideal)) wrong.push(`rerun: the end is ${JSON.stringify(end)}, not ${JSON.stringify(ideal)}`)
  if (scenario.after !== scenario.before && reportedBy(again) !== 'done') wrong.push(`rerun: it failed: ${inWords(again.fate)}`)
  return { wrong, later }
}

/** What was pruned and could not be removed has no name any more, and goes with the next transaction, as it is documented. */
function isRubbish(line: string): boolean {
  return line.startsWith('left over: trash/')
}

/** The invariants, at the moment when the client was told and again when the host has settled. */
async function check(place: Place, scenario: Scenario, ran: Ran, serving: string | null): Promise<string[]> {
  if (ran.fate === 'hung')
    return place.settled().then(
      () => ['the client hung'],
      () => ['the client hung, and it did not settle'],
    )
  const { before, after, interrupted } = scenario
  const reported = reportedBy(ran)
  const meanwhile = reported === 'unknown' || interrupted ? scenario.meanwhile : undefined
  const expected = { before, after, reported, meanwhile, serving }
  const told = reported === 'unknown' ? [] : await violations(place.path, expected)
  const settled = await place.settled().then(
    () => [],
    () => ['it did not settle'],
  )
  const app = scenario.app ? await appViolations(place.path, ran.fate === 'crashed' || reported === 'unknown') : []
  const found = [...told, ...settled, ...(await violations(place.path, expected)), ...app]
  return [...new Set(found)].map((line) => `${line} [${inWords(ran.fate)}]`)
}

/** What the client's words promise of `current`. */
function reportedBy({ fate }: Ran): Reported {
  if (typeof fate === 'string') return 'unknown'
  if ('value' in fate) return fate.value.every(({ ok }) => ok) ? 'done' : 'unknown'
  if (!(fate.error instanceof ReleaserError)) throw fate.error
  const hosts = fate.error.result['hosts'] as readonly HostOutcome[] | undefined
  if (fate.error.code !== 'PARTIAL') return 'kept'
  return hosts?.every(({ state }) => state === 'done') ? 'done' : 'unknown'
}

/** A client whose host died may say only that it does not know, or that it could not reach it. */
function lies(fate: Fate): readonly string[] {
  if ('value' in fate) return ['the host died, and the client said that all went well']
  return fate.error instanceof ReleaserError ? [] : [`the client broke: ${fate.error}`]
}

/** How a host is, without what is never the same twice. */
async function portrait(path: string): Promise<unknown> {
  const list = async (dir: string) => (await readdir(join(path, dir)).catch(() => [])).sort()
  const state = decodeState((await readFile(join(path, '.releaser/state'), 'utf8').catch(() => '')).split('\n').slice(0, -1))
  return {
    releases: await list('releases'),
    manifests: await list('.releaser/manifests'),
    overlays: await list('.releaser/overlays'),
    shared: await listTree(join(path, 'shared')).catch(() => []),
    seeds: await readFile(join(path, '.releaser/seeds'), 'utf8').catch(() => ''),
    known: state?.releases.map(({ dir, state }) => `${dir} ${state}`).sort(),
    served: state?.served,
    pinned: state?.pinned,
  }
}

function inWords(fate: Ran['fate']): string {
  if (typeof fate === 'string') return fate
  if ('value' in fate) return fate.value.map(({ state }) => state).join()
  return fate.error instanceof ReleaserError ? `${fate.error.code}: ${fate.error.message}` : String(fate.error)
}
