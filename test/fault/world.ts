import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ReleaserError } from '../../src/model/errors.ts'
import { AGENT_HASH } from '../../src/remote/agent-script.ts'
import { type ProcessRemote, processRemote } from '../../src/remote/process.ts'
import type { Remote } from '../../src/remote/remote.ts'
import { until } from '../support/until.ts'
import { endApps } from './apps.ts'
import { type Fault, type Watched, watch } from './injector.ts'
import { allProcesses, ofProcess } from './processes.ts'
import type { Command, Scenario } from './scenarios.ts'

/** Folders of hosts as a scenario finds them, made once and copied for each fault. */
export interface World {
  readonly base: string
  /** A fresh host; `agent` is then what runs there in place of ours. */
  host(scenario: Scenario, agent?: string): Promise<Place>
  remove(): Promise<void>
}

/** One host: a folder, and nothing else. */
export interface Place {
  readonly path: string
  /** Gives a command, with or without a fault; what it came to, as a promise's fate. */
  run(command: Command, options?: RunOptions): Promise<Ran>
  /** Waits until nobody at work is left there. */
  settled(): Promise<void>
  remove(): Promise<void>
}

export interface RunOptions {
  readonly fault?: Fault | undefined
  readonly log?: boolean
  /** A folder of programs that come before the host's own. */
  readonly tools?: string | undefined
}

/** `hung`: the client was not told anything in time. `crashed`: the host died; what the client says of it is in `later`. */
export interface Ran {
  readonly fate: Fate | 'hung' | 'crashed'
  readonly later: Promise<Fate>
  readonly watched: Watched
}
export type Fate = { readonly value: Awaited<ReturnType<Command>> } | { readonly error: unknown }

const LONGEST_MS = 60_000

export async function world(): Promise<World> {
  const base = await realpath(await mkdtemp(join(tmpdir(), 'releaser-sweep-')))
  // In memory where that is to be had: what a disk keeps when its power goes is another drill's.
  const memory = await mkdtemp('/dev/shm/releaser-sweep-').catch(() => base)
  const starts = new Map<Scenario, Promise<Place>>()
  let places = 0

  async function start(scenario: Scenario, attempts = 5): Promise<Place> {
    const place = await empty()
    for (const command of scenario.start) await fateOf(await place.run(command))
    const { interrupted } = scenario
    if (interrupted) {
      const rehearsal = await copy(place.path)
      const { watched } = await rehearsal.run(interrupted.command, { log: true })
      const at = (await watched.calls()).findIndex((call) => interrupted.at.test(call)) + 1
      if (at === 0) throw new Error(`no call of ${scenario.name} is like ${interrupted.at}`)
      const { fate, watched: cut } = await place.run(interrupted.command, { fault: { at, mode: 'crash-after' }, log: true })
      await rehearsal.remove()
      // On a busy machine a beat of the client moves the calls after it by one: then it was cut off elsewhere.
      if (fate !== 'crashed' || !interrupted.at.test((await cut.calls())[at - 1] ?? '')) {
        if (attempts === 1) throw new Error(`${scenario.name} was not cut off where it should be`)
        await place.remove()
        return start(scenario, attempts - 1)
      }
    }
    return place
  }

  /** A process cannot be copied: an app is deployed anew for each. */
  async function fresh(scenario: Scenario): Promise<Place> {
    if (scenario.app) return start(scenario)
    const prepared = starts.get(scenario) ?? start(scenario)
    starts.set(scenario, prepared)
    return copy((await prepared).path)
  }

  async function empty(): Promise<Place> {
    const dir = join(memory, String(places++))
    await mkdir(dir)
    return placeAt(dir)
  }

  async function copy(path: string): Promise<Place> {
    const place = await empty()
    if (await readdir(path).catch(() => null)) await promisify(execFile)('cp', ['-a', path, place.path])
    return place
  }

  return {
    base,
    host: async (scenario, agent) => {
      const place = await fresh(scenario)
      if (agent !== undefined) {
        // Whoever finds an agent of this name believes that it is ours: the way in for one that is broken.
        await mkdir(join(place.path, '.releaser'), { recursive: true })
        await writeFile(join(place.path, '.releaser', `agent-${AGENT_HASH}.sh`), agent)
      }
      return place
    },
    remove: async () => {
      for (const dir of [base, memory]) await rm(dir, { recursive: true, force: true })
    },
  }
}

function placeAt(dir: string): Place {
  const path = join(dir, 'app')
  let runs = 0
  return {
    path,
    run: async (command, { fault, log = false, tools } = {}) => {
      const watched = await watch(path, join(dir, `calls-${++runs}`), fault, log)
      const injected = fault !== undefined || log ? watched.env : {}
      const env = { PATH: `${tools === undefined ? '' : `${tools}:`}/usr/local/bin:/usr/bin:/bin`, HOME: dir, ...injected }
      const lines: ProcessRemote[] = []
      const connect = async (): Promise<Remote> => {
        if (watched.look().crashed) throw new ReleaserError('CONNECTION', 'the host is down')
        const line = processRemote({ env, cwd: dir })
        lines.push(line)
        return line
      }
      const later: Promise<Fate> = command({ connect, path }).then(
        (value) => ({ value }),
        (error: unknown) => ({ error }),
      )
      const told = new AbortController()
      const fate = await Promise.race([later, end(fault, watched, told.signal)])
      told.abort()
      if (fate === 'hung') for (const group of lines.flatMap((line) => line.groups())) process.kill(-group, 'SIGKILL')
      return { fate, later, watched }
    },
    settled: () => until(async () => !(await atWork(path)), 40),
    remove: async () => {
      await endApps(path)
      await rm(dir, { recursive: true, force: true })
    },
  }
}

/** A dead host tells nobody anything: the test does not wait with the client for it. Looks until somebody else was `told`. */
async function end(fault: Fault | undefined, watched: Watched, told: AbortSignal): Promise<'hung' | 'crashed'> {
  const deadline = Date.now() + LONGEST_MS
  while (Date.now() < deadline && !told.aborted) {
    await new Promise((resolve) => setTimeout(resolve, 50).unref())
    if (fault?.mode.startsWith('crash') && watched.look().crashed) return 'crashed'
  }
  return 'hung'
}

/** Whether somebody holds the lock, or an agent is there that may be about to: a watchdog whose worker was killed at once. */
async function atWork(path: string): Promise<boolean> {
  return (await isHeld(path)) || allProcesses().some(({ words }) => words.includes(`\0${path}\0watch\0`))
}

async function isHeld(path: string): Promise<boolean> {
  const tokens = await readdir(join(path, '.releaser/lock')).catch(() => [])
  return tokens.some((token) => {
    const [pid, birth] = token.split('-')
    const stat = ofProcess(Number(pid), 'stat')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] !== 'Z' && fields[19] === birth
  })
}

async function fateOf({ fate }: Ran): Promise<void> {
  if (fate === 'hung' || fate === 'crashed') throw new Error(`a host could not be prepared: it ${fate}`)
  if ('error' in fate) throw fate.error
}
