import { loadConfig, pickTargets } from '../local/config.ts'
import { NO_RELEASE } from '../rollout/input.ts'
import { rollOut } from '../rollout/rollout.ts'
import { planLock, planUnlock } from '../tasks/lock.ts'
import { author } from './author.ts'
import type { Call, Outcome } from './command.ts'
import { destinations } from './destinations.ts'
import { planText } from './plan-text.ts'
import { withHosts } from './with-hosts.ts'

const PLANS = { lock: planLock, unlock: planUnlock } as const

/** `lock` and `unlock`: freezes every host of the targets, or lifts that, by the same path as a deploy. */
export async function freeze(call: Call, action: 'lock' | 'unlock'): Promise<Outcome> {
  const { ui, globals, values } = call
  const loaded = await loadConfig({ file: globals.config, cwd: process.cwd() })
  const targets = pickTargets(loaded, values['target'])
  const all = destinations(targets, values['host'])
  return withHosts(call, all, async (preparation) => {
    const prepared = preparation.hosts.map((asked) => ({ ...asked, plan: PLANS[action](asked) }))
    if (globals.dryRun) {
      const plans = prepared.map(({ plan }) => plan)
      return { result: { dryRun: true, plans }, text: plans.map(planText).join('\n\n') }
    }
    const hosts = await rollOut(prepared, {
      plan: ({ target, host }, facts) => PLANS[action]({ target, host, facts }),
      author: author(values['message'] ?? (action === 'unlock' ? 'unlock' : '')),
      observe: ui.observe,
      signal: call.signal,
      wait: globals.wait,
      ...NO_RELEASE,
    })
    const changed = hosts.some((host) => host.changed)
    const names = targets.map(({ name }) => name).join(', ')
    return {
      result: { target: names, changed, hosts: [...hosts, ...preparation.skipped] },
      text: CLOSING[action](names, changed),
    }
  })
}

const CLOSING = {
  lock: (target: string) =>
    `${target} is frozen: no deploy, rollback or prune until releaser unlock target=${target.replaceAll(', ', ',')}`,
  unlock: (target: string, changed: boolean) => (changed ? `${target} is free again` : `${target} was not frozen: nothing to do`),
} as const
