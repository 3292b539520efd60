import { ReleaserError } from '../model/errors.ts'

/**
 * Runs `work` for every item, at most `limit` at once; results in order. All that began are waited for before it fails. Where several
 * failed it is with the error of the first of them in order, so that the same trouble is always told in the same words; whoever
 * was only stopped because of another comes last.
 */
export async function inParallel<T, R>(items: readonly T[], limit: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results = new Map<number, R>()
  const errors = new Map<number, unknown>()
  let index = 0
  const worker = async (): Promise<void> => {
    while (index < items.length && errors.size === 0) {
      const mine = index++
      const item = items[mine] as T
      try {
        results.set(mine, await work(item))
      } catch (error) {
        errors.set(mine, error)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker))
  if (errors.size > 0) {
    const told = inOrder(errors)
    throw told.find((error) => !isStopped(error)) ?? told[0]
  }
  return inOrder(results)
}

function inOrder<T>(byIndex: ReadonlyMap<number, T>): T[] {
  return [...byIndex.entries()].sort(([a], [b]) => a - b).map(([, value]) => value)
}

function isStopped(error: unknown): boolean {
  return error instanceof ReleaserError && error.code === 'INTERRUPTED'
}
