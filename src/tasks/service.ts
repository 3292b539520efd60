import { createHash } from 'node:crypto'
import { encodeSharedEnv } from '../model/app-env.ts'
import { seconds } from '../model/duration.ts'
import { DEFAULT_PATIENCE } from '../model/health.ts'
import type { HostRelease } from '../model/host-state.ts'
import { decodeLayout, encodeLayout, layoutOf } from '../model/layout.ts'
import type { Manifest } from '../model/manifest.ts'
import type { PlacedService } from '../model/service.ts'
import type { Target } from '../model/target.ts'
import { serviceOf } from './runners.ts'

const STOP_SECONDS = 30

/** What a release is, as the word that a host remembers of it; undefined where it is no OTP release. */
export function layoutWord(manifest: Manifest): string | undefined {
  const layout = layoutOf(manifest, sha256)
  return layout ? encodeLayout(layout) : undefined
}

/** How the app of a release is run from its directory; null where nothing is to be started. Fails where it does not fit the runner. */
export function placed(
  target: Target,
  { id, dir, version, layout: word }: Pick<HostRelease, 'id' | 'dir' | 'version' | 'layout'>,
): PlacedService | null {
  const layout = word === undefined ? null : decodeLayout(word)
  const service = serviceOf(target.runner, layout, { target: target.name, release: id })
  if (!service) return null
  const stopSeconds = (target.stopTimeout === undefined ? undefined : seconds(target.stopTimeout)) ?? STOP_SECONDS
  const patience = Math.ceil(target.health?.timeout ?? DEFAULT_PATIENCE.timeout)
  // An OTP release says the version that it was made with, whatever it is called here.
  const known = typeof target.runner === 'object' || layout === null ? version : layout.version
  const says = service.version === null || known === 'unknown' ? null : known
  return { dir, service, stopSeconds, kill: target.kill ?? false, patience, says }
}

/** The release that leaves, as well as can be: one from before there was a runner has nothing to be stopped. */
export function placedOld(target: Target, release: HostRelease | null): PlacedService | null {
  try {
    return release && placed(target, release)
  } catch {
    return null
  }
}

/** The hash of `shared/env` as a host would hold it; null where there is none. */
export function envHash(values: Readonly<Record<string, string>>): string | null {
  return Object.keys(values).length === 0 ? null : sha256(encodeSharedEnv(values))
}

/** A hash of how the app is run, by which a host knows whether a deploy of the same release would change that. */
export function settingsOf(target: Target, service: PlacedService | null): string | undefined {
  if (service === null) return undefined
  const { runner, start, stop, pid, version } = service.service
  return sha256(JSON.stringify([runner, start, stop, pid, version, target.health ?? null])).slice(0, 16)
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
