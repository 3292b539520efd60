import { setTimeout as pause } from 'node:timers/promises'
import { userProcesses } from '../support/hosts.ts'
import { untilNone } from '../support/until.ts'
import { type Client, type ClientEnd, reportedBy } from './client.ts'
import { byCrew } from './crew.ts'
import { leftovers, violations } from './invariants.ts'
import { seeded } from './random.ts'
import { OPERATIONS, type Operation, type Scene, type Stage } from './stage.ts'

export interface KillPlan {
  /** Who dies: the client by SIGKILL, or the sshd of its connections. */
  readonly who: 'client' | 'sshd'
  /** How many step boundaries of each operation are met, spread evenly; all of them by default. */
  readonly boundaries?: number
  /** How many random moments over a measured run of each operation. */
  readonly moments: number
  readonly operations?: readonly Operation[]
  /** Another build of the command line than ours. */
  readonly cli?: string
}

export interface Killed {
  readonly operation: Operation
  readonly points: number
  /** What was broken, and where. */
  readonly violations: readonly string[]
}

/**
 * Kills at one point after the other; after each the host must settle by itself, be whole, and take a rerun. Each stage takes
 * the next point when it is free; who kills an sshd needs the stage, and its host, for itself. Of clients each takes two, since
 * most of their time is waiting for a host.
 */
export async function killEverywhere(stages: readonly [Stage, ...Stage[]], plan: KillPlan): Promise<readonly Killed[]> {
  const random = seeded(`kill the ${plan.who}`)
  const crew = plan.who === 'client' ? [...stages, ...stages] : stages
  const results: Killed[] = []
  for (const operation of plan.operations ?? OPERATIONS) {
    const { steps, milliseconds } = await measure(stages[0], operation, plan.cli)
    const points = [
      ...spread(steps, plan.boundaries ?? steps).map((step) => ({
        name: `step ${step} of ${steps}`,
        reach: (client: Client) => client.step(step),
      })),
      ...Array.from({ length: plan.moments }, () => Math.round(random() * milliseconds * 1.2)).map((at) => ({
        name: `${at} of ${milliseconds} ms`,
        reach: (client: Client) => Promise.race([pause(at), client.ended]).then(() => {}),
      })),
    ]
    const found = await byCrew(points, crew, async ({ name, reach }, stage) => {
      const broken = await killOnce(stage, operation, plan, reach)
      const told = broken.map((violation) => `${operation}, ${plan.who} killed at ${name}: ${violation}`)
      // At once: a run of an hour may never come to its summary.
      for (const line of told) console.log(line)
      return told
    })
    results.push({ operation, points: points.length, violations: found })
  }
  return results
}

async function measure(
  stage: Stage,
  operation: Operation,
  cli: string | undefined,
): Promise<{ steps: number; milliseconds: number }> {
  const scene = await stage.scene(operation, { cli })
  const { exit, events, milliseconds, stderr } = await scene.again()
  if (exit !== 0) throw new Error(`${operation} does not work undisturbed: ${stderr}`)
  await scene.remove()
  return { steps: events.filter(({ event }) => event === 'step').length, milliseconds }
}

async function killOnce(
  stage: Stage,
  operation: Operation,
  { who, cli }: KillPlan,
  reach: (client: Client) => Promise<void>,
): Promise<readonly string[]> {
  const scene = await stage.scene(operation, { cli })
  const client = scene.start()
  await reach(client)
  if (who === 'client') client.child.kill('SIGKILL')
  else await stage.host.cut()
  const end = await client.ended
  // What has been sent is still read by a shell that does not know its path yet: whoever comes meanwhile may find it at work, and is told so.
  if (who === 'sshd') await untilNone(() => userProcesses(stage.host.uid), 25)
  const found = await afterwards(scene, end)
  await scene.remove()
  return found
}

/** The host settles by itself, is whole, is what the client said, and takes the same command again. */
export async function afterwards(scene: Scene, end: ClientEnd, within = 25): Promise<readonly string[]> {
  const { before, after, path } = scene
  const unsettled = await scene.settled(within).then(
    () => [],
    (error: Error) => [error.message],
  )
  const reported = reportedBy(end.exit)
  const found = [...unsettled, ...(await violations(path, { before, after, reported })), ...(await scene.contradictions())]
  if (end.exit !== null && !TRUE_CODES.includes(end.exit)) found.push(`the client ended with ${end.exit}: ${end.stderr}`)
  const rerun = await scene.again()
  if (rerun.exit !== 0) found.push(`the rerun ended with ${rerun.exit}: ${rerun.stderr}`)
  await scene.settled(5).catch((error: Error) => found.push(`after the rerun: ${error.message}`))
  found.push(...(await violations(path, { before, after, reported: 'done' })), ...(await leftovers(path)))
  return found.map((violation) => `${violation} (exit ${end.exit}: ${String(end.last['message'] ?? '')})`)
}

const TRUE_CODES: readonly number[] = [0, 3, 4, 6, 7, 8, 130]

/** So many of the numbers from 1 to `last`, evenly spread. */
function spread(last: number, count: number): readonly number[] {
  if (count >= last) return Array.from({ length: last }, (_, index) => index + 1)
  return Array.from({ length: count }, (_, index) => Math.round(((index + 1) * last) / (count + 1)))
}
