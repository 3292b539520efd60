import type { Health, ProbeResult } from '../model/health.ts'
import type { HostRelease } from '../model/host-state.ts'
import { viewOf } from '../model/host-view.ts'
import type { Facts } from '../model/plan.ts'
import type { PlacedService } from '../model/service.ts'
import { refuseForeign } from './refusals.ts'
import { placed } from './service.ts'
import type { UpkeepInput } from './upkeep.ts'

/** How the app of a host is. */
export interface AppState {
  /** Null where nothing says how it is run. */
  readonly app: { readonly running: boolean; readonly pid: number | null; readonly version: string | null } | null
  /** Null where nothing says what it should answer. */
  readonly healthy: boolean | null
  /** What is wrong with it, in words; nothing of them is the app's own. */
  readonly problem: string | null
}

export const NO_APP: AppState = { app: null, healthy: null, problem: null }

/** What there is to ask an app on a host. */
export interface Look {
  readonly facts: Facts
  readonly release: HostRelease
  readonly service: PlacedService | null
  readonly health: Health | undefined
}

/** What came of asking. */
export interface Seen {
  readonly pid: number | null
  /** What it said, or how asking failed; null where it was not asked. */
  readonly version: { readonly said: string } | { readonly failed: string } | null
  readonly health: ProbeResult | null
}

/** Whom to ask there; null where nothing serves. Fails where the release does not fit its runner, or the path is not this target's. */
export function lookAt({ target, host, facts }: UpkeepInput): Look | null {
  refuseForeign(facts, { app: target.app, target: target.name, host: host.name })
  const release = viewOf(facts).current
  return release && { facts, release, service: placed(target, release), health: target.health }
}

/** Where the app runs from, if that is not the release that serves: its own words would be those of the other one. */
export function elsewhere({ facts, release }: Look): string | null {
  return facts.app === null || facts.app.dir === release.dir ? null : facts.app.dir
}

/** What all of that means. */
export function appState(look: Look, seen: Seen): AppState {
  const { service, health } = look
  if (!service) return { app: null, healthy: seen.health?.ok ?? null, problem: illness(seen) }
  const { pid } = seen
  if (pid === null) {
    const app = { running: false, pid, version: null }
    return { app, healthy: health ? false : null, problem: 'the app does not run' }
  }
  const app = { running: true, pid, version: versionOf(look, seen) }
  return { app, healthy: seen.health?.ok ?? null, problem: stray(look, pid) ?? illness(seen) ?? lie(look, seen) }
}

function versionOf(look: Look, { version }: Seen): string | null {
  const dir = elsewhere(look) ?? look.release.dir
  if (version !== null) return 'said' in version ? version.said : null
  return viewOf(look.facts).releases.find((release) => release.dir === dir)?.version ?? null
}

function stray(look: Look, pid: number): string | null {
  const dir = elsewhere(look)
  return dir === null ? null : `pid ${pid} runs from releases/${dir}, not from current`
}

function illness({ health }: Seen): string | null {
  return health === null || health.ok ? null : (health.bare ?? health.why)
}

function lie({ service }: Look, { version }: Seen): string | null {
  if (version === null) return null
  if ('failed' in version) return `it does not say its version: ${version.failed}`
  const { says = null } = service ?? {}
  return says === null || version.said.includes(says) ? null : `it says that it is ${version.said}, not ${says}`
}
