/** Gives items to whoever of a crew is free; all that they found, in the order of the items. */
export async function byCrew<T, W, R>(
  items: readonly T[],
  crew: readonly W[],
  work: (item: T, member: W) => Promise<readonly R[]>,
): Promise<readonly R[]> {
  const found: (readonly R[])[] = []
  const queue = [...items.entries()]
  const shift = async (member: W): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) found[next[0]] = await work(next[1], member)
  }
  await Promise.all(crew.map(shift))
  return found.flat()
}
