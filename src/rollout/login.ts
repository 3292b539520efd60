import { ReleaserError } from '../model/errors.ts'
import type { Question } from '../model/question.ts'
import type { Keyring } from '../remote/keyring.ts'
import { inParallel } from './parallel.ts'

/** What there is to log in with, and whom to ask for more. */
export interface Login {
  readonly keys: Keyring
  /** Puts a question to whoever is there: whether another try may go better now. */
  readonly answer: (question: Question) => Promise<boolean>
}

/** How often one host may ask: for its key, and for passphrases. */
const ROUNDS = 6

/**
 * Does `work` for all, at most `limit` at once. Once that is over, and nothing moves any more, whatever failed for want of an answer is
 * asked for, one after the other, and done again where there is one. Results in order.
 */
export async function withAnswers<T, R extends { readonly error?: ReleaserError | null }>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
  answer: Login['answer'],
): Promise<readonly R[]> {
  let results: readonly R[] = await inParallel(items, limit, work)
  for (let round = 0; round < ROUNDS; round++) {
    const again = new Set<number>()
    for (const [index, { error }] of results.entries()) if (error?.question && (await answer(error.question))) again.add(index)
    if (again.size === 0) break
    const indexed = results.map((result, index) => ({ result, index, item: items[index] as T }))
    results = await inParallel(indexed, limit, ({ result, index, item }) =>
      again.has(index) ? work(item) : Promise.resolve(result),
    )
  }
  return results
}

/** The same for one piece of work, which fails with its error. */
export async function withAnswer<T>(work: () => Promise<T>, answer: Login['answer']): Promise<T> {
  const tried = async (): Promise<{ readonly done: T } | { readonly error: ReleaserError }> => {
    try {
      return { done: await work() }
    } catch (error) {
      if (error instanceof ReleaserError) return { error }
      throw error
    }
  }
  const [end] = await withAnswers([work], 1, tried as () => Promise<{ done?: T; error?: ReleaserError }>, answer)
  if (end?.error) throw end.error
  return end?.done as T
}
