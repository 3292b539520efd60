/** Waits until a condition holds, asking every 20 ms; fails after `seconds`. */
export async function until(holds: () => Promise<boolean>, seconds = 30): Promise<void> {
  const deadline = Date.now() + seconds * 1000
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`this did not come true within ${seconds} s: ${holds.toString()}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
