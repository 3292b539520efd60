import { loadConfig, pickTargets } from '../local/config.ts'
import type { Plan } from '../model/plan.ts'
import type { Asked, HostOutcome, Planner } from '../rollout/host.ts'
import { NO_RELEASE } from '../rollout/input.ts'
import { rollOut } from '../rollout/rollout.ts'
import type { Lookup } from '../tasks/on-host.ts'
import { author } from './author.ts'
import type { Call, Outcome } from './command.ts'
import { destinations } from './destinations.ts'
import { memoryAt } from './memory.ts'
import { planText } from './plan-text.ts'
import { askProtected } from './protected.ts'
import { withHosts } from './with-hosts.ts'

/** A command that changes what hosts keep or remember, and switches nothing. */
export interface Upkeep {
  /** Decides, once every host has said how it is; what it gives decides for one of them, and again where that has moved meanwhile. */
  readonly decide: (asked: readonly Asked[], lookup: Lookup) => Planner
  /** What a lock says of it. */
  readonly message: string
  /** What is done to a protected target, for the question; left out where nobody has to be asked. */
  readonly doing?: string
  /** A question of its own, when everything is known and nothing is done. */
  readonly ask?: (plans: readonly Plan[]) => Promise<void>
  /** Looks whether it came as planned, once it is done; fails where it did not. */
  readonly see?: (asked: readonly Asked[]) => Promise<void>
  /** Whether hosts are to say in which releases processes live. */
  readonly inUse?: boolean
  /** The last word: for people, and what `--json` has beside `target`, `changed` and `hosts`. */
  readonly closing: (ended: Ended) => { readonly text: string; readonly result?: Readonly<Record<string, unknown>> }
}

export interface Ended {
  /** The targets, by commas. */
  readonly target: string
  readonly changed: boolean
  readonly hosts: readonly HostOutcome[]
}

/** Does it on every host of the targets or on none, by the same path as a deploy. */
export async function upkeep(call: Call, { decide, message, doing, ask, see, inUse = false, closing }: Upkeep): Promise<Outcome> {
  const { ui, globals, values } = call
  const loaded = await loadConfig({ file: globals.config, cwd: process.cwd() })
  const targets = await pickTargets(loaded, values['target'], call.signal)
  const memory = memoryAt(loaded, call)
  const act: Parameters<typeof withHosts<Outcome>>[2] = async ({ hosts: asked, skipped }) => {
    const plan = decide(
      asked,
      values['release'] === undefined ? {} : { known: await memory.releases(targets.map(({ app }) => app)) },
    )
    const prepared = asked.map((one) => ({ ...one, plan: plan(one, one.facts) }))
    const plans = prepared.map((host) => host.plan)
    if (globals.dryRun) return { result: { dryRun: true, plans }, text: plans.map(planText).join('\n\n') }
    if (plans.some(({ steps }) => steps.length > 0)) {
      if (doing !== undefined) await askProtected(call, targets, doing)
      await ask?.(plans)
    }
    const done = await rollOut(prepared, {
      plan,
      author: author(message),
      observe: ui.observe,
      signal: call.signal,
      wait: globals.wait,
      ...NO_RELEASE,
    })
    await see?.(asked)
    const ended = {
      target: targets.map(({ name }) => name).join(','),
      changed: done.some((host) => host.changed),
      hosts: [...done, ...skipped],
    }
    const { text, result } = closing(ended)
    return { result: { ...ended, ...result }, text }
  }
  return withHosts(call, destinations(targets, values['host'], memory.recall), act, { inUse })
}
