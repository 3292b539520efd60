/** Numbers from 0 to 1 that look random and are the same for the same seed; FAULTS_SEED sets it, and it is printed. */
export function seeded(name: string): () => number {
  const seed = Number(process.env['FAULTS_SEED'] ?? Date.now() % 1_000_000)
  console.log(`${name}: FAULTS_SEED=${seed}`)
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
