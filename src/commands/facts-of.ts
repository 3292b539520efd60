import { ReleaserError } from '../model/errors.ts'
import type { Facts, Observe } from '../model/plan.ts'
import { type Asked, askHost, type Destination, orInterrupted } from '../rollout/host.ts'
import { withAnswers } from '../rollout/login.ts'
import type { Call } from './command.ts'
import { labels } from './destinations.ts'
import { loginOf } from './login.ts'

/** A host and what it says of itself, or why it says nothing; and what else has been seen there. */
export type Answer<Seen = unknown> = Destination &
  (
    | { readonly facts: Facts; readonly seen: Seen; readonly error: null }
    | { readonly facts: null; readonly seen: null; readonly error: ReleaserError }
  )

/**
 * Asks every host how it is, and looks closer there; one that cannot be reached is told, and does not stop the others. Fails with
 * INTERRUPTED as soon as it is aborted, however long a host is silent.
 */
export async function factsOf<Seen>(
  call: Call,
  all: readonly Destination[],
  look: (asked: Asked) => Promise<Seen>,
): Promise<readonly Answer<Seen>[]> {
  const { ui, signal } = call
  const rows = ui.rows(labels(all), { fleeting: true })
  // What still happens on lines that nobody waits for any more is nobody's news.
  const observe: Observe = (progress) => (signal.aborted ? undefined : ui.observe(progress))
  const login = loginOf(call)
  const failure = ({ host }: Destination): void => observe({ event: 'step', host: host.name, step: 'facts', state: 'failed' })
  try {
    const ask = async (destination: Destination): Promise<Answer<Seen>> => {
      const host = destination.host.name
      observe({ event: 'step', host, step: 'facts', state: 'start' })
      try {
        const remote = await destination.connect(login.keys)
        try {
          const asked = await askHost(destination, remote)
          const seen = await look(asked)
          observe({ event: 'step', host, step: 'facts', state: 'ok' })
          return { ...destination, facts: asked.facts, seen, error: null }
        } finally {
          await remote.close()
        }
      } catch (error) {
        if (!(error instanceof ReleaserError)) throw error
        if (!error.question) failure(destination)
        return { ...destination, facts: null, seen: null, error }
      }
    }
    const answers = await orInterrupted(withAnswers(all, 10, ask, login.answer), signal)
    for (const answer of answers) if (answer.error?.question) failure(answer)
    return answers
  } finally {
    await rows.close()
  }
}

/** For whom the facts are enough. */
export async function noCloser(): Promise<null> {
  return null
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
