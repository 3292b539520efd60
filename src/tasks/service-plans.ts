import { ReleaserError } from '../model/errors.ts'
import type { Plan, Step } from '../model/plan.ts'
import { isSystemd } from '../model/service.ts'
import { proof } from './activation.ts'
import { currentEnv, currentOf, runnerOf } from './current.ts'
import { COMMAND_SECONDS, hookStep } from './hook-step.ts'
import { migratedBy } from './remembering.ts'
import { planUpkeep, type UpkeepInput } from './upkeep.ts'

export interface AppPlanInput extends UpkeepInput {
  /** Whether this is the first host of the rollout. */
  readonly first: boolean
}

/**
 * Starts, stops or restarts the app of the release that serves, with the environment that the last deploy brought. To start an
 * app that runs, and to stop one that nobody knows to run, is a plan without steps. Fails where nothing is deployed (NOT_FOUND), or nothing says how it is run (CONFIG).
 */
export function planService(action: 'start' | 'stop' | 'restart', input: AppPlanInput): Plan {
  const { target, facts, first } = input
  const release = currentOf(input)
  const service = { ...runnerOf(target, release), unit: facts.unit }
  if (facts.unit === null && action !== 'stop' && isSystemd(target.runner))
    throw new ReleaserError(
      'NOT_CHANGED',
      `${input.host.name}: there is no unit of the app there, by which systemd would run it`,
      {
        hint: `have it written: releaser setup target=${target.name}; a deploy does that too`,
      },
    )
  const { dir, hooks: own } = release
  const before = (name: 'pre-stop' | 'post-stop') => hookStep(target, name, { dir, release: 'old', first, own })
  const after = (name: 'pre-start' | 'post-start') => hookStep(target, name, { dir, release: 'new', first, own })
  const services = { old: service, new: service }
  const stop: readonly Step[] = [...before('pre-stop'), { step: 'stop', dir }, ...before('post-stop')]
  const start: readonly Step[] = [
    ...after('pre-start'),
    { step: 'start', dir },
    ...proof({ target, services }),
    ...after('post-start'),
  ]
  // What somebody else is about to change, or left half done, says nothing.
  const calm = facts.lock === null && facts.unsettled === null && !facts.litter
  const idle = {
    start: calm && facts.app?.dir === dir && facts.unit?.active !== false,
    stop: calm && facts.app === null && !facts.unit?.active && (facts.unit !== null || service.service.pid === null),
    restart: false,
  }
  const steps = idle[action] ? [] : { start, stop, restart: [...stop, ...start] }[action]
  // Cut off between its halves, a restart has the app started again by the host itself.
  const back = [...after('pre-start'), ...after('post-start')]
  return {
    ...planUpkeep(action, steps, input),
    services,
    env: currentEnv(input),
    ...(action === 'restart' && back.length > 0 && { back: { hooks: back, env: {} } }),
  }
}

/** Migrates once more, from the release that serves; without steps where this host is not the one that migrates. */
export function planMigrate(input: AppPlanInput): Plan {
  const { target, first } = input
  const { migrate } = target
  if (!migrate)
    throw new ReleaserError('CONFIG', `target ${target.name} has no migrate`, {
      hint: "write migrate: { run: 'bin/migrate' } in the target",
    })
  const { id, dir } = currentOf(input)
  const step: Step = {
    step: 'command',
    hook: 'migrate',
    run: migrate.run,
    dir,
    seconds: COMMAND_SECONDS,
    ignoreFailure: false,
    release: 'new',
  }
  const here = first || migrate.on === 'each'
  const plan = planUpkeep('migrate', here ? [step] : [], input)
  return { ...plan, env: currentEnv(input), next: { ...plan.next, ...migratedBy(input.facts, here ? id : null) } }
}
