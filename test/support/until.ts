/** Waits until a condition holds, asking every 20 ms; fails after `seconds`. */
export async function until(holds: () => Promise<boolean>, seconds = 30): Promise<void> {
  const deadline = Date.now() + seconds * 1000
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`this did not come true within ${seconds} s: ${holds.toString()}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Waits until nothing is left of what a function looks for, and says what is where it goes on longer than `seconds`. */
export async function untilNone<T>(look: () => Promise<readonly T[]>, seconds = 30): Promise<void> {
  const deadline = Date.now() + seconds * 1000
  for (;;) {
    const left = await look()
    if (left.length === 0) return
    if (Date.now() > deadline) throw new Error(`still there after ${seconds} s: ${JSON.stringify(left)}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
