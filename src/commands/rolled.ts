import { wordFor } from '../model/host-state.ts'
import type { Plan, SwitchAction } from '../model/plan.ts'
import { size } from '../model/size.ts'
import type { Target } from '../model/target.ts'
import type { HostOutcome } from '../rollout/host.ts'
import { table } from '../ui/table.ts'
import { span } from '../ui/time.ts'
import type { Call, Outcome } from './command.ts'
import { commitsShown } from './commits.ts'
import { hooksHere } from './moments.ts'
import { planText } from './plan-text.ts'
import { nameAmong } from './release-words.ts'
import type { Rolled } from './roll.ts'
import { rolloutJson } from './rollout-shown.ts'

/** The last word of a switch: one table for people, the contract's result for scripts. */
export function rolledOutcome(call: Call, action: SwitchAction, rolled: Rolled, targets: readonly Target[]): Outcome {
  const changed = rolled.hosts.some((host) => host.changed)
  const { target, ...shown } = rolloutJson(rolled, targets)
  const skipped = rolled.hosts.filter(({ state }) => state === 'skipped').map(({ host }) => host)
  const lagging = rolled.hosts.filter(lags).map(({ host }) => host)
  const result = {
    target,
    changed,
    ...shown,
    ...(skipped.length > 0 && { skipped }),
    ...(lagging.length > 0 && { lagging }),
  }
  if (call.globals.dryRun) {
    const taking = targets.filter(({ app }) => rolled.releases.has(app))
    const here = changed ? hooksHere(taking, action) : []
    const told = here.map((each) => `  ${each.hook} of ${each.target}: ${each.run.split('\n')[0]}`)
    const texts = rolled.plans.map((plan: Plan) => planText(plan))
    return {
      result: { ...result, dryRun: true, plans: rolled.plans, hooksHere: here },
      text: [...(told.length === 0 ? [] : [['here:', ...told].join('\n')]), ...texts, ...commitsOf(rolled)].join('\n\n'),
    }
  }
  const without = [
    ...(lagging.length === 0 ? [] : [`; stays behind: ${lagging.join(', ')} (the same command again brings it there)`]),
    ...(skipped.length === 0 ? [] : [`; left out: ${skipped.join(', ')}`]),
  ]
  return { result, text: `${hostTable(rolled, targets)}\n\n${closing(action, rolled, targets)}${without.join('')}` }
}

/** Whether a host failed while the others went on. */
function lags({ ok, state }: HostOutcome): boolean {
  return !ok && state !== 'skipped'
}

/** What is new since what is live; of several apps, under the name of each. */
function commitsOf({ commits, releases }: Rolled): readonly string[] {
  return [...(commits ?? [])].flatMap(([app, own]) =>
    own?.length ? commitsShown(own).map((text) => (releases.size > 1 ? `${app}: ${text}` : text)) : [],
  )
}

/** What has become of each app, in a line. */
function closing(action: SwitchAction, { releases, hosts }: Rolled, targets: readonly Target[]): string {
  const lines = [...releases].map(([app, release]) => {
    const names = targets.flatMap((target) => (target.app === app ? [target.name] : []))
    const own = hosts.filter(({ target }) => names.includes(target))
    const [where, word] = [[...new Set(own.map(({ target }) => target))].join(','), wordFor(release)]
    if (own.some(({ changed }) => changed)) return CLOSING[action](app, word, where)
    return `every host serves ${app} ${word} already: nothing to do${action === 'deploy' ? ' (--force deploys it again)' : ''}`
  })
  return lines.join('\n')
}

const CLOSING = {
  deploy: (app: string, version: string, target: string) => `${app} ${version} is live on ${target}`,
  rollback: (app: string, version: string, target: string) =>
    `${target} serves ${app} ${version} again; pinned until you deploy by hand`,
  activate: (app: string, version: string, target: string) => `${app} ${version} is live on ${target}`,
} satisfies Record<SwitchAction, (app: string, version: string, target: string) => string>

function hostTable({ hosts, plans }: Rolled, targets: readonly Target[]): string {
  const named = (id: string | null, { target, host }: HostOutcome): string => {
    const plan = plans.find((one) => one.target === target && one.host === host)
    const there = [...(plan?.next.releases ?? []), ...(plan?.bad.releases ?? [])]
    return id === null ? '-' : nameAmong(there.find((release) => release.id === id) ?? { id, version: '' }, there)
  }
  const apps = new Map(targets.map(({ name, app }) => [name, app]))
  const several = new Set(apps.values()).size > 1
  const rows = hosts.map((outcome) => {
    const { host, previous, current, sentBytes, durationMs, state } = outcome
    return [
      ...(several ? [apps.get(outcome.target) ?? '-'] : []),
      host,
      named(previous, outcome),
      state === 'skipped' ? 'left out' : `${named(current, outcome)}${lags(outcome) ? ' (stays behind)' : ''}`,
      size(sentBytes),
      state === 'idle' || state === 'skipped' ? '-' : span(durationMs),
    ]
  })
  return table([...(several ? ['app'] : []), 'host', 'from', 'to', 'sent', 'time'], rows, ['sent', 'time'])
}
