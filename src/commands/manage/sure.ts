import { UNKNOWN } from '../../model/host-state.ts'
import type { Plan } from '../../model/plan.ts'
import { count } from '../../model/size.ts'
import type { HostOutcome } from '../../rollout/host.ts'
import { pairs } from '../../ui/table.ts'
import type { Call, Outcome } from '../command.ts'
import { act } from './act.ts'
import type { Line } from './understand.ts'
import type { View } from './view.ts'

/** Shows what is about to happen, where the command alone would go ahead, and asks. What is shown is its own dry run. */
export async function sure(call: Call, line: Line, view: View): Promise<boolean> {
  const { values, command } = line
  const { yes, dryRun } = call.globals
  if (yes || dryRun || values['yes'] === 'true' || values['dry-run'] === 'true') return true
  if (command === 'prune') return surePrune(call, await forecastOf(call, line))
  // A deploy that is told no release asks by itself; one that builds would have to build first.
  const switches = command === 'activate' || command === 'rollback' || (command === 'deploy' && values['release'] !== undefined)
  if (switches && values['build'] === undefined) return sureSwitch(call, await forecastOf(call, line), view)
  if (command === 'stop' || command === 'restart')
    return call.ui.confirm(`${command === 'stop' ? 'Stop' : 'Restart'} the app of ${view.hosts ?? values['target']}?`, {
      initial: true,
      answer: '--yes',
    })
  return true
}

function forecastOf(call: Call, line: Line): Promise<Outcome> {
  return act(call, { ...line, values: { ...line.values, 'dry-run': 'true' } }, { quietly: true })
}

async function surePrune({ ui }: Call, { text, result }: Outcome): Promise<boolean> {
  ui.data(text)
  const removed = result['removed'] as readonly unknown[]
  if (removed.length > 0)
    return ui.confirm(`Remove ${count(removed.length, 'release')} for good?`, { initial: false, answer: '--yes' })
  ui.say('nothing to prune')
  return false
}

async function sureSwitch({ ui }: Call, { result }: Outcome, { items }: View): Promise<boolean> {
  const { release, releases = [], hosts, plans, changed } = result as unknown as Switch
  const coming = release ? [release] : releases
  // It says itself that there is nothing to do.
  if (!changed) return true
  const nameOf = (id: string | null): string => {
    if (id === null) return 'nothing'
    const known = coming.find((one) => one.id === id) ?? items.find(({ value }) => value.id === id)?.value
    const version = known?.version
    return version === undefined || version === UNKNOWN ? id : version
  }
  const rows = hosts.map(({ host, target, previous, current, changed: moves }): readonly [string, string] => {
    const plan = plans.find((one) => one.host === host && one.target === target)
    const pruned = plan?.steps.flatMap((step) => (step.step === 'prune' ? step.dirs : [])) ?? []
    const then = pruned.length > 0 ? `, then ${pruned.map((dir) => nameOf(dir.replace(/~.*/, ''))).join(', ')} goes` : ''
    return [`${host}:`, moves ? `${nameOf(previous)} -> ${nameOf(current)}${then}` : `${nameOf(current)} stays`]
  })
  ui.data(pairs(rows))
  return ui.confirm('Do that?', { initial: true, answer: '--yes' })
}

/** What of the result of a dry run is shown. */
interface Switch {
  readonly changed: boolean
  /** Of one app; of several, `releases`. */
  readonly release?: Coming
  readonly releases?: readonly Coming[]
  readonly hosts: readonly HostOutcome[]
  readonly plans: readonly Plan[]
}

interface Coming {
  readonly id: string
  readonly version: string
}
