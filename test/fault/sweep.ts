import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { ReleaserError } from '../../src/model/errors.ts'
import { decodeState } from '../../src/model/host-state.ts'
import type { HostOutcome } from '../../src/rollout/host.ts'
import { listTree } from '../support/tree.ts'
import { appRuns, appViolations, type Excuse } from './apps.ts'
import { currentOf, leftovers, type Reported, violations } from './invariants.ts'
import type { Point, Rehearsal } from './points.ts'
import type { Scenario } from './scenarios.ts'
import type { Fate, Place, Ran, World } from './world.ts'

export async function rehearse(world: World, scenario: Scenario, agent?: string): Promise<Rehearsal> {
  const place = await world.host(scenario, agent)
  const { watched } = await place.run(scenario.command, { log: true })
  await place.settled()
  return { scenario, calls: await watched.calls(), end: await portrait(place.path, scenario) }
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
      const tell = (lines: readonly string[]) => {
        const told = lines.map((line) => `${scenario.name}, ${what}: ${line}`)
        // At once: a run of an hour may never come to its summary.
        if (!options.untilFirst) for (const line of told) console.log(line)
        found.push(...told)
      }
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
    const found = await findings(place, scenario, later.length > 0)
    const ran = await place.run(scenario.command, options)
    if (ran.fate === 'crashed') later.push(ran.later)
    wrong.push(...(await check(place, scenario, ran, found)))
  }
  const found = await findings(place, scenario, false)
  const again = await place.run(scenario.command)
  wrong.push(...(await check(place, scenario, again, found)).map((line) => `rerun: ${line}`))
  wrong.push(...(await leftovers(place.path)).filter((line) => !isRubbish(line)).map((line) => `rerun: ${line}`))
  const end = await portrait(place.path, scenario)
  if (!isDeepStrictEqual(end, ideal)) wrong.push(`rerun: the end is ${JSON.stringify(end)}, not ${JSON.stringify(ideal)}`)
  if (scenario.after !== scenario.before && reportedBy(again) !== 'done') wrong.push(`rerun: it failed: ${inWords(again.fate)}`)
  return { wrong, later }
}

/** What was pruned and could not be removed has no name any more, and goes with the next transaction, as it is documented. */
function isRubbish(line: string): boolean {
  return line.startsWith('left over: trash/')
}

/** How a command finds the host: the directory that serves, whether an app runs, and whether it has died and nobody came since. */
interface Found {
  readonly serving: string | null
  readonly running: boolean
  readonly died: boolean
}

async function findings({ path }: Place, { app }: Scenario, died: boolean): Promise<Found> {
  const [{ dir }, running] = await Promise.all([currentOf(path), app ? appRuns(path) : false])
  return { serving: dir, running, died }
}

/** The invariants, at the moment when the client was told and again when the host has settled. */
async function check(place: Place, scenario: Scenario, ran: Ran, found: Found): Promise<string[]> {
  if (ran.fate === 'hung')
    return place.settled().then(
      () => ['the client hung'],
      () => ['the client hung, and it did not settle'],
    )
  const { before, after, interrupted, rendered } = scenario
  const reported = reportedBy(ran)
  const meanwhile = reported === 'unknown' || interrupted ? scenario.meanwhile : undefined
  const expected = { before, after, reported, meanwhile, rendered, serving: found.serving }
  const told = reported === 'unknown' ? [] : await violations(place.path, expected)
  const settled = await place.settled().then(
    () => [],
    () => ['it did not settle'],
  )
  const app = scenario.app ? await appViolations(place.path, excuse(ran, reported, found)) : []
  const wrong = [...told, ...settled, ...(await violations(place.path, expected)), ...app]
  return [...new Set(wrong)].map((line) => `${line} [${inWords(ran.fate)}]`)
}

/** A command that changes nothing starts no app that was down already. */
function excuse({ fate }: Ran, reported: Reported, { running, died }: Found): Excuse {
  if (fate === 'crashed' || (died && reported !== 'done')) return 'host died'
  return reported === 'unknown' || (reported === 'kept' && !running) ? 'may be down' : null
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
async function portrait(path: string, { rendered }: Scenario): Promise<unknown> {
  // What was left half rendered had the number of the twin that took its place.
  const plain = (names: readonly string[]) => names.map((name) => (rendered ? name.replace(/~\d+/, '~N') : name)).sort()
  const list = async (dir: string) => plain(await readdir(join(path, dir)).catch(() => []))
  const state = decodeState((await readFile(join(path, '.releaser/state'), 'utf8').catch(() => '')).split('\n').slice(0, -1))
  return {
    releases: await list('releases'),
    manifests: await list('.releaser/manifests'),
    overlays: await list('.releaser/overlays'),
    shared: await listTree(join(path, 'shared')).catch(() => []),
    seeds: await readFile(join(path, '.releaser/seeds'), 'utf8').catch(() => ''),
    known: state && plain(state.releases.map(({ dir, state }) => `${dir} ${state}`)),
    served: state?.served,
    pinned: state?.pinned,
  }
}

function inWords(fate: Ran['fate']): string {
  if (typeof fate === 'string') return fate
  if ('value' in fate) return fate.value.map(({ state }) => state).join()
  return fate.error instanceof ReleaserError ? `${fate.error.code}: ${fate.error.message}` : String(fate.error)
}
