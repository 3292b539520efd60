import { ReleaserError } from '../model/errors.ts'
import type { Facts } from '../model/plan.ts'
import { agentAt } from '../remote/agent.ts'
import type { Destination } from '../rollout/host.ts'
import { inParallel } from '../rollout/parallel.ts'
import type { Call } from './command.ts'
import { labels } from './destinations.ts'

/** A host and what it says of itself, or why it says nothing. */
export type Answer = Destination &
  ({ readonly facts: Facts; readonly error: null } | { readonly facts: null; readonly error: ReleaserError })

/** Asks every host how it is; one that cannot be reached is told, and does not stop the others. */
export async function factsOf(call: Call, all: readonly Destination[]): Promise<readonly Answer[]> {
  const { ui } = call
  const rows = ui.rows(labels(all), { fleeting: true })
  try {
    return await inParallel(all, 10, async (destination): Promise<Answer> => {
      const host = destination.host.name
      ui.observe({ event: 'step', host, step: 'facts', state: 'start' })
      try {
        const remote = await destination.connect()
        try {
          const facts = await agentAt(remote, destination.host.path).status()
          ui.observe({ event: 'step', host, step: 'facts', state: 'ok' })
          return { ...destination, facts, error: null }
        } finally {
          await remote.close()
        }
      } catch (error) {
        if (!(error instanceof ReleaserError)) throw error
        ui.observe({ event: 'step', host, step: 'facts', state: 'failed' })
        return { ...destination, facts: null, error }
      }
    })
  } finally {
    await rows.close()
  }
}

/** Fails with the first host's error when a host did not answer, and nobody asked to skip such hosts. */
export function demandAnswers(call: Call, answers: readonly Answer[], result: Readonly<Record<string, unknown>>): void {
  const failed = answers.filter(({ error }) => error !== null)
  const [first] = failed
  if (!first?.error) return
  if (call.globals.skipUnreachable && failed.length < answers.length) {
    for (const { host, error } of failed) call.ui.warn(`${host.name} is left out: ${error?.message}`)
    return
  }
  throw new ReleaserError(first.error.code, failed.map(({ error }) => error?.message).join('; '), {
    hint: first.error.hint,
    cause: first.error,
    result,
  })
}
