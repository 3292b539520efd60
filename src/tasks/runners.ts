import type { RunnerCommands } from '../model/config.ts'
import { ReleaserError } from '../model/errors.ts'
import type { Layout, Service } from '../model/service.ts'
import type { Target } from '../model/target.ts'
import { distilleryService } from './runners/distillery.ts'
import { mixService } from './runners/mix.ts'
import { relxService } from './runners/relx.ts'

/**
 * How the app of a release is run on this target; null where nothing is to be started. Without a runner in the configuration the
 * release itself decides; under systemd it is run by the same words. A release that is not what the configured runner runs is refused (CONFIG).
 */
export function serviceOf(
  runner: Target['runner'],
  layout: Layout | null,
  { target, release }: { readonly target: string; readonly release: string },
): Service | null {
  if (runner === 'none') return null
  if (typeof runner === 'object') return commands(runner)
  if (layout !== null && (runner === undefined || runner === 'systemd' || runner === layout.kind))
    return SERVICES[layout.kind](layout.name)
  if (runner === undefined) return null
  if (runner === 'systemd') {
    throw new ReleaserError('CONFIG', `target ${target}: release ${release} does not tell how systemd is to start it`, {
      hint: "only OTP releases do; write runner: { systemd: true, start: 'exec ./server' } in the target",
    })
  }
  throw new ReleaserError('CONFIG', `target ${target}: release ${release} is no ${runner} release`, {
    hint: layout
      ? `it is one of ${layout.kind}, which is found out by itself: leave runner out`
      : `a release folder has bin/ and releases/start_erl.data at its top: is the builder's output that folder?`,
  })
}

const SERVICES: { readonly [K in Layout['kind']]: (name: string) => Service } = {
  mix: mixService,
  distillery: distilleryService,
  relx: relxService,
}

function commands({ systemd: _, ...own }: RunnerCommands): Service {
  const none = { stop: null, restart: null, ping: null, pid: null, version: null, console: null, rpc: null, eval: null }
  return { ...none, ...own, runner: 'commands' }
}
