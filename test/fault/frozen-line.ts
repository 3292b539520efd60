import type { Json } from '../support/laptop.ts'
import { startLine } from '../support/line.ts'
import { type Client, type ClientEnd, reportedBy } from './client.ts'
import { violations } from './invariants.ts'
import { afterwards } from './kill-points.ts'
import { isStep, type Operation, type Stage } from './stage.ts'

/** When a line goes dead: named by the JSON event that is told last before it. */
export interface Freeze {
  readonly operation: Operation
  readonly name: string
  readonly when: (event: Json) => boolean
  /** Exit codes that can be true there. */
  readonly exits: readonly number[]
  /** Seconds after which the line carries again; never, where it is left out. */
  readonly thaw?: number
}

const before = (step: string, state: string, exits: readonly number[]) => ({
  name: `${step} ${state}`,
  when: isStep(step, state),
  exits,
})

/** Before, during and after the switch. Where the client never told the host to switch, it knows that nothing was. */
export const FREEZES: readonly Freeze[] = [
  { operation: 'deploy', ...before('connect', 'start', [3]) },
  { operation: 'deploy', ...before('facts', 'start', [3]) },
  { operation: 'deploy', ...before('lock', 'start', [3, 6]) },
  { operation: 'deploy', ...before('send', 'start', [6]) },
  { operation: 'deploy', ...before('receive', 'ok', [6, 8]) },
  { operation: 'deploy', ...before('activate', 'start', [8]) },
  { operation: 'deploy', ...before('post-activate', 'start', [8]) },
  { operation: 'deploy', ...before('confirm', 'start', [8]) },
  { operation: 'first deploy', ...before('activate', 'ok', [8]) },
  { operation: 'rollback', ...before('activate', 'ok', [8]) },
  { operation: 'prune', ...before('lock', 'ok', [0, 6, 8]) },
]

/** Seconds of `confirm` in these targets. */
const CONFIRM = 8

/** Freezes the line at one point: the host is whole within `confirm` + 10 s, the client ends within 45 s and tells the truth. */
export async function freezeAt(stage: Stage, freeze: Freeze, cli?: string): Promise<readonly string[]> {
  const line = await startLine(stage.host.port)
  const scene = await stage.scene(freeze.operation, { port: line.port, target: { confirm: `${CONFIRM}s` }, cli })
  const client = scene.start()
  const found: string[] = []
  await client.told(freeze.when)
  line.freeze()
  const frozenAt = Date.now()
  if (freeze.thaw !== undefined) setTimeout(() => line.thaw(), freeze.thaw * 1000)
  await scene.settled(CONFIRM + 10).catch((error: Error) => found.push(error.message))
  const whole = await violations(scene.path, { before: scene.before, after: scene.after, reported: 'unknown' })
  const end = await client.ended
  const seconds = (Date.now() - frozenAt) / 1000
  if (seconds > 45) found.push(`the client ended after ${seconds} s`)
  found.push(...whole, ...truth(end, freeze))
  line.thaw()
  line.cut()
  found.push(...(await afterwards(scene, end)))
  await line.close()
  await scene.remove()
  return found.map(
    (violation) => `${freeze.operation}, frozen at ${freeze.name}${freeze.thaw ? ` for ${freeze.thaw} s` : ''}: ${violation}`,
  )
}

function truth(end: ClientEnd, { exits }: Freeze): readonly string[] {
  const { exit, last } = end
  const found = exit !== null && exits.includes(exit) ? [] : [`exit ${exit} is not among ${exits}: ${end.stderr}`]
  if (reportedBy(exit) === 'unknown' && !String(last['hint']).includes('releaser status target=prod'))
    found.push(`the hint does not say what to type: ${last['hint']}`)
  return found
}

/** A laptop asleep: the client is stopped at a point, and goes on once the host has settled, or after some seconds. */
export async function sleepAt(stage: Stage, { operation, name, when, exits, thaw }: Freeze): Promise<readonly string[]> {
  const line = await startLine(stage.host.port)
  const scene = await stage.scene(operation, { port: line.port, target: { confirm: `${CONFIRM}s` } })
  const client: Client = scene.start()
  // From here on the line is slow: it cannot confirm before it sleeps.
  void client.told(isStep('post-activate', 'start')).then(() => line.delay(300))
  await client.told(when)
  client.child.kill('SIGSTOP')
  if (thaw === undefined) await scene.settled(CONFIRM + 12)
  else await new Promise((resolve) => setTimeout(resolve, thaw * 1000))
  client.child.kill('SIGCONT')
  const end = await client.ended
  const found = end.exit !== null && exits.includes(end.exit) ? [] : [`exit ${end.exit} is not among ${exits}: ${end.stderr}`]
  line.delay(0)
  found.push(...(await afterwards(scene, end)))
  await line.close()
  await scene.remove()
  return found.map((violation) => `${operation}, asleep at ${name}: ${violation}`)
}

/** Points at which a laptop falls asleep, longer than the host's patience. */
export const SLEEPS: readonly Freeze[] = [
  { operation: 'deploy', ...before('send', 'start', [6]) },
  { operation: 'deploy', ...before('activate', 'start', [7]) },
  { operation: 'deploy', ...before('confirm', 'start', [7]) },
  { operation: 'rollback', ...before('activate', 'ok', [7]) },
]
