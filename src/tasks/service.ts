import { createHash } from 'node:crypto'
import { encodeSharedEnv } from '../model/app-env.ts'
import { seconds } from '../model/duration.ts'
import { DEFAULT_PATIENCE } from '../model/health.ts'
import type { HostRelease } from '../model/host-state.ts'
import { decodeLayout, encodeLayout, layoutOf } from '../model/layout.ts'
import type { Manifest } from '../model/manifest.ts'
import { ownHooks } from '../model/own-hooks.ts'
import type { Facts, Step } from '../model/plan.ts'
import { type AppUnit, isSystemd, type PlacedService, type Service } from '../model/service.ts'
import type { Host, Target } from '../model/target.ts'
import { appUnit } from './runners/systemd.ts'
import { serviceOf } from './runners.ts'

const STOP_SECONDS = 30

/** What a release is, as the word that a host remembers of it; undefined where it is no OTP release. */
export function layoutWord(manifest: Manifest): string | undefined {
  const layout = layoutOf(manifest, sha256)
  return layout ? encodeLayout(layout) : undefined
}

/** The hooks that a release of this kind brings itself, as words. */
export function hooksIn(manifest: Manifest, layout: string | undefined): readonly string[] {
  return ownHooks(manifest, layout === undefined ? undefined : decodeLayout(layout)?.kind)
}

/**
 * How the app of a release is run from its directory; null where nothing is to be started. Fails where it does not fit the runner,
 * or the host that it is to run `on` (without one it says nothing of systemd).
 */
export function placed(
  target: Target,
  { id, dir, version, layout: word }: Pick<HostRelease, 'id' | 'dir' | 'version' | 'layout'>,
  on?: { readonly host: Host; readonly facts: Facts },
): PlacedService | null {
  const layout = word === undefined ? null : decodeLayout(word)
  const service = serviceOf(target.runner, layout, { target: target.name, release: id })
  if (service === null) return null
  const patience = patienceOf(target)
  const unit = on && isSystemd(target.runner) ? appUnit({ ...on, ...patience, target, service }) : null
  // An OTP release says the version that it was made with, whatever it is called here.
  const known = typeof target.runner === 'object' || layout === null ? version : layout.version
  const says = service.version === null || known === 'unknown' ? null : known
  return { dir, service, unit, ...patience, says }
}

/**
 * The release that leaves, as well as can be: one from before there was a runner has nothing to be stopped. By which unit it runs
 * the host tells, whatever the target says now.
 */
export function placedOld(target: Target, release: HostRelease | null, unit: AppUnit | null): PlacedService | null {
  if (release === null) return null
  try {
    const old = placed(target, release)
    if (old || unit === null) return old && { ...old, unit }
  } catch {
    if (unit === null) return null
  }
  return { dir: release.dir, service: BY_UNIT, unit, ...patienceOf(target), says: null }
}

function patienceOf({ stopTimeout, kill, health }: Target): Pick<PlacedService, 'stopSeconds' | 'kill' | 'patience'> {
  const written = stopTimeout === undefined ? undefined : seconds(stopTimeout)
  const patience = Math.ceil(health?.timeout ?? DEFAULT_PATIENCE.timeout)
  return { stopSeconds: written ?? STOP_SECONDS, kill: kill ?? false, patience }
}

/** Of which nobody says any more how it was run; its unit does. */
const BY_UNIT: Service = {
  ...{ runner: 'commands', start: 'exit 1', stop: null, restart: null },
  ...{ ping: null, pid: null, version: null, console: null, rpc: null, eval: null },
}

/** What makes the host have just this unit for the app. */
export function unitSteps(facts: Facts, wanted: AppUnit | null): Step[] {
  const there = facts.unit
  const same = there?.kind === wanted?.kind && there?.name === wanted?.name && there?.text === wanted?.text
  return same ? [] : [{ step: 'unit', unit: wanted }]
}

/** The hash of `shared/env` as a host would hold it; null where there is none. */
export function envHash(values: Readonly<Record<string, string>>): string | null {
  return Object.keys(values).length === 0 ? null : sha256(encodeSharedEnv(values))
}

/** A hash of how the app is run, by which a host knows whether a deploy of the same release would change that. */
export function settingsOf(target: Target, service: PlacedService | null): string | undefined {
  if (service === null) return undefined
  const { runner, start, stop, pid, version } = service.service
  const unit = service.unit ? [service.unit.kind, service.unit.text] : []
  return sha256(JSON.stringify([runner, start, stop, pid, version, target.health ?? null, ...unit])).slice(0, 16)
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
