import { loadConfig, pickTargets } from '../local/config.ts'
import { bootText } from '../remote/boot-text.ts'
import type { Asked, HostOutcome, Planner, Prepared } from '../rollout/host.ts'
import { idleOutcome } from '../rollout/host.ts'
import { NO_RELEASE } from '../rollout/input.ts'
import { rollOut } from '../rollout/rollout.ts'
import { bootWay, planSetup } from '../tasks/setup.ts'
import { table } from '../ui/table.ts'
import { author } from './author.ts'
import type { Call, Outcome } from './command.ts'
import { destinations } from './destinations.ts'
import { planText } from './plan-text.ts'
import { askProtected } from './protected.ts'
import { withHosts } from './with-hosts.ts'

const plan: Planner = ({ target, host }, facts) => planSetup({ target, host, facts, bootText })

/** `releaser setup`: prepares hosts, and has them settle at boot what was cut off when they went down. Again, it changes nothing. */
export async function run(call: Call): Promise<Outcome> {
  const { globals, values } = call
  const loaded = await loadConfig({ file: globals.config, cwd: process.cwd() })
  const targets = await pickTargets(loaded, values['target'], call.signal)
  const all = destinations(targets, values['host'])
  if (!globals.dryRun) await askProtected(call, targets, 'set up')
  return withHosts(call, all, async (preparation) => {
    warn(call, preparation.hosts)
    const prepared = preparation.hosts.map((asked) => ({ ...asked, plan: plan(asked, asked.facts) }))
    const hosts = globals.dryRun ? prepared.map(wouldBe) : await carryOut(call, prepared)
    const told = hosts.map((outcome) => ({ ...outcome, boot: bootOf(preparation.hosts, outcome) }))
    const names = targets.map(({ name }) => name).join(',')
    const changed = hosts.some((host) => host.changed)
    const result = { target: names, changed, hosts: [...told, ...preparation.skipped] }
    if (!globals.dryRun) return { result, text: `${tableOf(told)}\n\n${closing(names, changed)}` }
    const plans = prepared.map((host) => host.plan)
    return { result: { ...result, dryRun: true, plans }, text: plans.map(planText).join('\n\n') }
  })
}

async function carryOut(call: Call, prepared: readonly Prepared[]): Promise<readonly HostOutcome[]> {
  return rollOut(prepared, {
    plan,
    author: author('setup'),
    observe: call.ui.observe,
    signal: call.signal,
    wait: call.globals.wait,
    ...NO_RELEASE,
  })
}

function warn({ ui }: Call, hosts: readonly Asked[]): void {
  for (const { host, facts } of hosts) {
    const way = bootWay(facts)
    if (way.kind === null)
      ui.warn(`${host.name} cannot come back at boot: ${way.why}. Until then the next command settles what a reboot cut off`)
  }
}

function wouldBe(host: Prepared): HostOutcome {
  return { ...idleOutcome(host), changed: host.plan.steps.length > 0 }
}

function bootOf(asked: readonly Asked[], { target, host }: HostOutcome): string {
  const one = asked.find((other) => other.target.name === target && other.host.name === host)
  return (one && bootWay(one.facts).kind) ?? 'none'
}

function tableOf(hosts: readonly (HostOutcome & { readonly boot: string })[]): string {
  return table(
    ['host', 'at boot', ''],
    hosts.map(({ host, boot, changed }) => [host, boot, changed ? 'set up' : 'as it was']),
  )
}

function closing(target: string, changed: boolean): string {
  return changed ? `${target} is set up` : `${target} was set up already: nothing to do`
}
