import { loadConfig, pickTargets } from '../local/config.ts'
import { ReleaserError } from '../model/errors.ts'
import type { HostOutcome, Planner, Prepared } from '../rollout/host.ts'
import { NO_RELEASE } from '../rollout/input.ts'
import type { Preparation } from '../rollout/prepare.ts'
import { rollOut } from '../rollout/rollout.ts'
import { envHash } from '../tasks/service.ts'
import { type AppPlanInput, planMigrate, planService } from '../tasks/service-plans.ts'
import { author } from './author.ts'
import type { Call, Outcome } from './command.ts'
import { destinations, leads } from './destinations.ts'
import { type Environments, environments } from './environment.ts'
import { hearing } from './hearing.ts'
import { planText } from './plan-text.ts'
import { askProtected } from './protected.ts'
import { shown } from './ran.ts'
import { withHosts } from './with-hosts.ts'

/** What can be done to the app of the release that serves, under the lock. */
const VERBS = {
  start: {
    plan: (input: AppPlanInput) => planService('start', input),
    done: (target: string, changed: boolean) => (changed ? `the app runs on ${target}` : `the app of ${target} runs already`),
  },
  stop: {
    plan: (input: AppPlanInput) => planService('stop', input),
    done: (target: string, changed: boolean) =>
      changed ? `the app of ${target} is stopped` : `the app of ${target} did not run`,
  },
  restart: {
    plan: (input: AppPlanInput) => planService('restart', input),
    done: (target: string) => `the app of ${target} runs again`,
  },
  migrate: { plan: planMigrate, done: (target: string) => `the migration of ${target} has run` },
} as const

/** `releaser start`, `stop`, `restart` and `migrate`: one host after the other; where one fails the others are left alone. */
export async function run(call: Call): Promise<Outcome> {
  const { globals, values, command } = call
  if (!isVerb(command)) throw new ReleaserError('BUG', `there is no way to ${command}`)
  const loaded = await loadConfig({ file: globals.config, cwd: process.cwd() })
  const targets = await pickTargets(loaded, values['target'], call.signal)
  const all = destinations(targets, values['host'])
  const apps = await environments(all, { dir: loaded.dir, call })
  if (!globals.dryRun) await askProtected(call, targets, command)
  return withHosts(call, all, async (preparation) => {
    const plan = planner(command, preparation)
    const prepared = preparation.hosts.map((asked) => ({ ...asked, plan: plan(asked, asked.facts) }))
    if (globals.dryRun) {
      const plans = prepared.map((host) => host.plan)
      return { result: { dryRun: true, plans }, text: plans.map(planText).join('\n\n') }
    }
    if (command !== 'stop') warnOfEnvironment(call, prepared, apps)
    return carryOut(call, command, { ...preparation, hosts: prepared }, plan)
  })
}

type Verb = keyof typeof VERBS

function planner(verb: Verb, { hosts }: Preparation): Planner {
  return (destination, facts) => {
    const { target, host } = destination
    return VERBS[verb].plan({ target, host, facts, first: leads(destination, hosts) })
  }
}

async function carryOut(
  call: Call,
  verb: Verb,
  { hosts: prepared, skipped }: Pick<Preparation, 'skipped'> & { readonly hosts: readonly Prepared[] },
  plan: Planner,
): Promise<Outcome> {
  const target = [...new Set(prepared.map((host) => host.target.name))].join(', ')
  const heard = hearing(call.ui.observe)
  const rolling = rollOut(prepared, {
    plan,
    author: author(verb),
    observe: heard.observe,
    signal: call.signal,
    wait: call.globals.wait,
    ...NO_RELEASE,
  })
  const outcomes = await rolling.catch((error: unknown) => {
    throw heard.failure(error, target)
  })
  const hosts = heard.ran([...outcomes, ...skipped])
  const changed = outcomes.some((outcome: HostOutcome) => outcome.changed)
  // What a migration printed is worth reading; a start prints nothing.
  const printed = hosts.filter(({ stdout }) => stdout !== '').map((one) => shown(one, hosts.length > 1).trimEnd())
  return { result: { target, changed, hosts }, text: [...printed, VERBS[verb].done(target, changed)].join('\n') }
}

/** A start brings no new environment: whoever has changed it here would wait for it in vain. */
function warnOfEnvironment(call: Call, prepared: readonly Prepared[], apps: Environments): void {
  const stale = prepared.filter((host) => envHash(apps.of(host).values) !== host.facts.appEnv).map(({ host }) => host.name)
  if (stale.length > 0)
    call.ui.warn(`the environment on ${stale.join(', ')} is not the one of the configuration: a deploy brings that there`)
}

function isVerb(word: string): word is Verb {
  return Object.hasOwn(VERBS, word)
}
