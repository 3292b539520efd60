import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startLine } from '../support/line.ts'
import type { ClientEnd } from './client.ts'
import { afterwards } from './kill-points.ts'
import { isStep, type Operation, type Scene, type Stage } from './stage.ts'

export type Signal = 'SIGINT' | 'SIGTERM' | 'SIGHUP'
export const SIGNALS: readonly Signal[] = ['SIGINT', 'SIGTERM', 'SIGHUP']

/** A moment at which somebody wants to stop: the step event that is told last before it. */
export interface Moment {
  readonly operation: Operation
  readonly step: string
  readonly state: 'start' | 'ok'
  /** What the target is, where the moment needs more than a plain one. */
  readonly hooks?: Readonly<Record<string, string>>
  /** The line is dead by then, so that nobody can be told. */
  readonly frozen?: boolean
}

const at = (operation: Operation, step: string, state: 'start' | 'ok', more: Partial<Moment> = {}): Moment => ({
  operation,
  step,
  state,
  ...more,
})

/** Hooks are quick again once this file is there. */
const CALM = 'test -e "$RELEASER_PATH/calm"'

/** Every phase; hooks that do not end by themselves, and one that does not even listen. */
export const MOMENTS: readonly Moment[] = [
  at('deploy', 'connect', 'start'),
  at('deploy', 'facts', 'start'),
  at('deploy', 'lock', 'start'),
  at('deploy', 'lock', 'ok'),
  at('deploy', 'send', 'start'),
  at('deploy', 'receive', 'ok'),
  at('deploy', 'activate', 'start'),
  at('deploy', 'confirm', 'start'),
  at('first deploy', 'activate', 'ok'),
  at('rollback', 'activate', 'ok'),
  at('deploy', 'pre-activate', 'start', { hooks: { 'pre-activate': `${CALM} || sleep 60` } }),
  at('deploy', 'post-activate', 'start', {
    hooks: { 'post-activate': `${CALM} || { trap "" TERM HUP; n=0; while [ $n -lt 60 ]; do n=$((n + 1)); sleep 1; done; }` },
  }),
  at('deploy', 'connect', 'start', { frozen: true }),
  at('deploy', 'send', 'start', { frozen: true }),
  at('deploy', 'post-activate', 'start', { frozen: true }),
]

/** Signals a client at a moment: it takes back, lets go of the lock and ends with 130, all within ten seconds. */
export async function interruptAt(stage: Stage, moment: Moment, signal: Signal, cli?: string): Promise<readonly string[]> {
  const { operation, step, state, hooks, frozen = false } = moment
  const line = await startLine(stage.host.port)
  const scene = await stage.scene(operation, { port: line.port, target: { confirm: '8s', ...(hooks && { hooks }) }, cli })
  const client = scene.start()
  await client.told(isStep(step, state))
  if (frozen) line.freeze()
  client.child.kill(signal)
  const signalledAt = Date.now()
  const end = await client.ended
  const seconds = (Date.now() - signalledAt) / 1000
  const found = seconds > 10 ? [`it ended after ${seconds} s`] : []
  // Between its last event and its end a command may be done before it hears of the signal.
  if (end.exit !== 130 && !(end.exit === 0 && step === 'confirm')) found.push(`exit ${end.exit}: ${end.stderr}`)
  if (end.last['event'] !== (end.exit === 0 ? 'result' : 'error')) found.push(`its last line is ${JSON.stringify(end.last)}`)
  if (!frozen) await scene.settled(1).catch(() => found.push('the lock is still held when it has ended'))
  line.thaw()
  line.cut()
  found.push(...(await rerun(scene, end)))
  await line.close()
  return found.map((violation) => `${operation}, ${signal} at ${step} ${state}${frozen ? ', frozen' : ''}: ${violation}`)
}

/** A second signal: it ends at once, and the host goes back by itself. */
export async function insistAt(
  stage: Stage,
  { operation, step, state, hooks }: Moment,
  signal: Signal,
): Promise<readonly string[]> {
  const scene = await stage.scene(operation, { target: { confirm: '8s', ...(hooks && { hooks }) } })
  const client = scene.start()
  await client.told(isStep(step, state))
  client.child.kill(signal)
  // Two signals at once would be one: the second comes when the first has been heard.
  if (signal !== 'SIGHUP') await new Promise<void>((resolve) => client.child.stderr?.once('data', () => resolve()))
  else await new Promise((resolve) => setTimeout(resolve, 300))
  const insistedAt = Date.now()
  client.child.kill(signal)
  const end = await client.ended
  const seconds = (Date.now() - insistedAt) / 1000
  const found = seconds > 1.5 ? [`it ended ${seconds} s after the second signal`] : []
  if (end.exit !== 130) found.push(`exit ${end.exit}: ${end.stderr}`)
  found.push(...(await rerun(scene, end)))
  return found.map((violation) => `${operation}, ${signal} twice at ${step} ${state}: ${violation}`)
}

/** Whoever read stdout has left in the middle: the work goes on, and the exit code is true. */
export async function unreadFrom(stage: Stage, operation: Operation, step: string): Promise<readonly string[]> {
  const scene = await stage.scene(operation)
  const client = scene.start()
  await client.told(isStep(step, 'start'))
  client.child.stdout?.destroy()
  client.child.stderr?.destroy()
  const exit = await new Promise<number | null>((resolve) => client.child.once('exit', resolve))
  const found = exit === 0 ? [] : [`exit ${exit}`]
  found.push(...(await rerun(scene, { exit, last: {}, events: [], stderr: '', milliseconds: 0 })))
  return found.map((violation) => `${operation}, stdout closed at ${step}: ${violation}`)
}

async function rerun(scene: Scene, end: ClientEnd): Promise<readonly string[]> {
  await writeFile(join(scene.path, 'calm'), '').catch(() => {}) // a first deploy may not have made the folder
  const found = await afterwards(scene, end)
  await scene.remove()
  return found
}
