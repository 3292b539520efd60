import { expect, test } from 'vitest'
import { ReleaserError } from '../../src/model/errors.ts'
import { inParallel } from '../../src/rollout/parallel.ts'

/** Ends once so many others have. */
function ends(): { turn(number: number): Promise<void>; over(): void } {
  let ended = 0
  return {
    turn: async (number) => {
      while (ended < number) await new Promise(setImmediate)
    },
    over: () => void ended++,
  }
}

const stopped = () => new ReleaserError('INTERRUPTED', 'stopped')

test('no more than so many at once, and results in the order of the items', async () => {
  const { turn, over } = ends()
  let now = 0
  let most = 0
  const results = await inParallel([2, 1, 0, 3], 3, async (number) => {
    most = Math.max(most, ++now)
    await turn(number)
    now--
    over()
    return number
  })
  expect({ results, most }).toEqual({ results: [2, 1, 0, 3], most: 3 })
})

test.each<readonly [string, readonly [ReleaserError | Error, ReleaserError | Error], string]>([
  ['who failed last comes first', [new Error('h1'), new Error('h2')], 'h1'],
  ['who was only stopped comes last', [stopped(), new Error('h2')], 'h2'],
  ['all were stopped', [stopped(), stopped()], 'stopped'],
])('of several that fail the first in order is told: %s', async (_, errors, message) => {
  const { turn, over } = ends()
  const began: number[] = []
  const failing = inParallel([0, 1, 2], 2, async (index) => {
    began.push(index)
    // The second one fails before the first.
    await turn(1 - index)
    over()
    throw errors[index]
  })
  await expect(failing).rejects.toThrow(message)
  expect(began).toEqual([0, 1])
})
