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

/** The last word of a switch: one table for people, the contract's result for scripts. */
export function rolledOutcome(
  call: Call,
  action: SwitchAction,
  release: { readonly id: string; readonly app: string; readonly version: string; readonly digest: string },
  rolled: Rolled,
  targets: readonly Target[],
): Outcome {
  const { id, app, version, digest } = release
  const changed = rolled.hosts.some((host) => host.changed)
  const target = [...new Set(rolled.hosts.map((host) => host.target))].join(',')
  const skipped = rolled.hosts.filter(({ state }) => state === 'skipped').map(({ host }) => host)
  const lagging = rolled.hosts.filter(lags).map(({ host }) => host)
  const result = {
    target,
    changed,
    release: { id, app, version, digest },
    hosts: rolled.hosts,
    ...(skipped.length > 0 && { skipped }),
    ...(lagging.length > 0 && { lagging }),
  }
  if (call.globals.dryRun) {
    const here = changed ? hooksHere(targets, action) : []
    const told = here.map((each) => `  ${each.hook} of ${each.target}: ${each.run.split('\n')[0]}`)
    const texts = rolled.plans.map((plan: Plan) => planText(plan))
    return {
      result: { ...result, dryRun: true, plans: rolled.plans, hooksHere: here, commits: rolled.commits ?? null },
      text: [
        ...(told.length === 0 ? [] : [['here:', ...told].join('\n')]),
        ...texts,
        ...(rolled.commits?.length ? commitsShown(rolled.commits) : []),
      ].join('\n\n'),
    }
  }
  const word = wordFor(release)
  const closing = !changed
    ? `every host serves ${app} ${word} already: nothing to do${action === 'deploy' ? ' (--force deploys it again)' : ''}`
    : CLOSING[action](app, word, target)
  const without = [
    ...(lagging.length === 0 ? [] : [`; stays behind: ${lagging.join(', ')} (the same command again brings it there)`]),
    ...(skipped.length === 0 ? [] : [`; left out: ${skipped.join(', ')}`]),
  ]
  return { result, text: `${hostTable(rolled)}\n\n${closing}${without.join('')}` }
}

/** Whether a host failed while the others went on. */
function lags({ ok, state }: HostOutcome): boolean {
  return !ok && state !== 'skipped'
}

const CLOSING = {
  deploy: (app: string, version: string, target: string) => `${app} ${version} is live on ${target}`,
  rollback: (app: string, version: string, target: string) =>
    `${target} serves ${app} ${version} again; pinned until you deploy by hand`,
  activate: (app: string, version: string, target: string) => `${app} ${version} is live on ${target}`,
} satisfies Record<SwitchAction, (app: string, version: string, target: string) => string>

function hostTable({ hosts, plans }: Rolled): string {
  const named = (id: string | null, { target, host }: HostOutcome): string => {
    const plan = plans.find((one) => one.target === target && one.host === host)
    const there = [...(plan?.next.releases ?? []), ...(plan?.bad.releases ?? [])]
    return id === null ? '-' : nameAmong(there.find((release) => release.id === id) ?? { id, version: '' }, there)
  }
  const rows = hosts.map((outcome) => {
    const { host, previous, current, sentBytes, durationMs, state } = outcome
    return [
      host,
      named(previous, outcome),
      state === 'skipped' ? 'left out' : `${named(current, outcome)}${lags(outcome) ? ' (stays behind)' : ''}`,
      size(sentBytes),
      state === 'idle' || state === 'skipped' ? '-' : span(durationMs),
    ]
  })
  return table(['host', 'from', 'to', 'sent', 'time'], rows, ['sent', 'time'])
}
