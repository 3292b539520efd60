import { viewOf } from '../model/host-view.ts'
import { hasControl } from '../model/name.ts'
import type { BootKind, Facts, Plan, Step, Steps } from '../model/plan.ts'
import { type AppUnit, isSystemd } from '../model/service.ts'
import { refuseUnfit } from './refusals.ts'
import { placed, unitSteps } from './service.ts'
import { planUpkeep, type UpkeepInput } from './upkeep.ts'

/** What is written where, so that a host settles at boot; in `root` lies the app. */
export type BootText = (
  kind: BootKind,
  about: { readonly app: string; readonly target: string; readonly root: string },
) => Omit<Steps['boot'], 'kind'>

/**
 * Prepares a host: folders, the agent, what starts it at boot, and the unit by which systemd runs the app. A plan without steps where all of that is there. Fails where
 * the host cannot take this target's releases.
 */
export function planSetup(input: UpkeepInput & { readonly bootText: BootText }): Plan {
  const { target, host, facts } = input
  refuseUnfit(facts, { app: target.app, target: target.name, host: host.name }, { bytes: 0, inodes: 0 })
  const { kind } = bootWay(facts)
  const { app, name } = target
  const wanted = kind && { kind, ...input.bootText(kind, { app, target: name, root: facts.root }) }
  const there = wanted === null || (facts.boot?.kind === wanted.kind && facts.boot.text === wanted.text)
  const unit = unitOf(input)
  const steps: readonly Step[] = [
    ...(there ? [] : [{ step: 'boot' as const, ...wanted }]),
    ...(unit ? unitSteps(facts, unit) : []),
  ]
  const plan = planUpkeep('setup', steps, input)
  // What died here is settled first, even where nothing else is to be done.
  const idle = steps.length === 0 && facts.format !== null && facts.unsettled === null && !facts.litter
  return idle || steps.length > 0 ? plan : { ...plan, steps: [{ step: 'await', word: 'activate' }] }
}

/**
 * The unit that the app is to have; null where that is left to the next deploy: without a release nobody may know how it is
 * started, and what runs by another unit than this has to be stopped by it.
 */
function unitOf({ target, host, facts }: UpkeepInput): AppUnit | null {
  const { current } = viewOf(facts)
  if (!isSystemd(target.runner) || (current === null && target.runner === 'systemd')) return null
  const unit = placed(target, current ?? { id: '', dir: '', version: 'unknown' }, { host, facts })?.unit ?? null
  return facts.unit !== null && facts.unit.kind !== unit?.kind ? null : unit
}

/** What can start us at boot on a host, the best first; where nothing can, why, and what to do about it. */
export function bootWay({
  root,
  user,
  systemd,
  tools,
}: Facts): { readonly kind: BootKind } | { readonly kind: null; readonly why: string } {
  if (hasControl(root)) return { kind: null, why: 'its path holds a control character' }
  if (systemd && user.root) return { kind: 'systemd' }
  if (systemd && user.lingers) return { kind: 'systemd-user' }
  // Crons do not agree on what a backslash is.
  if (tools.includes('crontab') && !root.includes('\\')) return { kind: 'cron' }
  const remedy = systemd ? `as root: loginctl enable-linger ${user.name}` : 'install cron'
  return { kind: null, why: `nothing that ${user.name} may use starts programs at boot; ${remedy}, then run setup again` }
}
