import { afterAll, beforeAll, expect, it } from 'vitest'
import { AGENT, brokenBuild } from './broken-build.ts'
import { byCrew } from './crew.ts'
import { FREEZES, freezeAt, SLEEPS, sleepAt } from './frozen-line.ts'
import { type Stage, startStage } from './stage.ts'

// The reduced form of test/drills/frozen-line.test.ts.
let stage: Stage
beforeAll(async () => {
  stage = await startStage()
}, 120_000)
afterAll(() => stage?.stop())

/** So many wait at the same time: what goes on afterwards needs the machine. */
const CREW = [1, 2, 3, 4, 5, 6, 7]

it('a host is whole and the client tells the truth when the line freezes or the laptop sleeps', {
  timeout: 200_000,
}, async () => {
  const patient = await brokenBuild(AGENT, 'quiet=$((quiet + 1))', 'quiet=0')
  const some = FREEZES.filter(({ operation }) => operation === 'deploy')
  const after = FREEZES.filter(({ name }) => name === 'post-activate start')
  const [found, bitten] = await Promise.all([
    byCrew(
      [...some.map((freeze) => () => freezeAt(stage, freeze)), ...SLEEPS.map((sleep) => () => sleepAt(stage, sleep))],
      CREW,
      (point) => point(),
    ),
    Promise.all(after.map((freeze) => freezeAt(stage, freeze, patient.cli))),
  ])
  await patient.remove()
  expect(found).toEqual([])
  // An agent that never loses its patience with a dead line is found out.
  expect(bitten.flat()).not.toEqual([])
})
