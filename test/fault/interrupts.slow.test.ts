import { afterAll, beforeAll, expect, it } from 'vitest'
import { byCrew } from './crew.ts'
import { insistAt, interruptAt, MOMENTS, type Moment, SIGNALS, unreadFrom } from './interrupts.ts'
import { type Stage, startStage } from './stage.ts'

// The reduced form of test/drills/dead-lines.test.ts.
let stage: Stage
beforeAll(async () => {
  stage = await startStage()
}, 120_000)
afterAll(() => stage?.stop())

/** A few at a time: each is a client, a session and a host at work. */
const CREW = [1, 2, 3]
const signalFor = (moment: Moment) => SIGNALS[MOMENTS.indexOf(moment) % 3] ?? 'SIGINT'

it('a signal at any moment ends with 130 within 10 s, everything taken back', { timeout: 200_000 }, async () => {
  const some = MOMENTS.filter((_, index) => index % 2 === 1 || MOMENTS[index]?.hooks)
  expect(await byCrew(some, CREW, (moment) => interruptAt(stage, moment, signalFor(moment)))).toEqual([])
})

it('a second signal does not wait, and the host heals itself', { timeout: 120_000 }, async () => {
  const moments = MOMENTS.filter(({ hooks }) => hooks)
  expect(await byCrew(moments, CREW, (moment) => insistAt(stage, moment, signalFor(moment)))).toEqual([])
})

it('goes on when nobody reads what it says', { timeout: 120_000 }, async () => {
  expect(await byCrew(['lock', 'activate'], CREW, (step) => unreadFrom(stage, 'deploy', step))).toEqual([])
})
