/** Runs `work` for every item, at most `limit` at once; results in order. All that began are waited for before it fails. */
export async function inParallel<T, R>(items: readonly T[], limit: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results = new Map<number, R>()
  const errors: unknown[] = []
  let index = 0
  const worker = async (): Promise<void> => {
    while (index < items.length && errors.length === 0) {
      const mine = index++
      const item = items[mine] as T
      try {
        results.set(mine, await work(item))
      } catch (error) {
        errors.push(error)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker))
  if (errors.length > 0) throw errors[0]
  return [...results.entries()].sort(([a], [b]) => a - b).map(([, result]) => result)
}
