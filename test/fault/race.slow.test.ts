import { afterAll, beforeAll, expect, it } from 'vitest'
import { race, racers } from './race.ts'
import { type Stage, startStage } from './stage.ts'

// The reduced form of test/drills/race.test.ts.
let stage: Stage
let releases: readonly string[]
beforeAll(async () => {
  stage = await startStage()
  releases = await racers(stage)
}, 120_000)
afterAll(() => stage?.stop())

it('of eight that deploy at once one at a time gets through', { timeout: 120_000 }, async () => {
  expect(await race(stage, releases, {})).toEqual([])
})

it('the others get in when the first is killed half-way', { timeout: 120_000 }, async () => {
  expect(await race(stage, releases, { kill: true })).toEqual([])
})

it('who waits gets in one after the other', { timeout: 180_000 }, async () => {
  expect(await race(stage, releases.slice(0, 4), { wait: true })).toEqual([])
})
