import { afterAll, beforeAll, expect, it } from 'vitest'
import { byCrew } from '../fault/crew.ts'
import { FREEZES, type Freeze, freezeAt, SLEEPS, sleepAt } from '../fault/frozen-line.ts'
import { insistAt, interruptAt, MOMENTS, SIGNALS, unreadFrom } from '../fault/interrupts.ts'
import { reportFaults } from '../fault/report.ts'
import { type Stage, startStage } from '../fault/stage.ts'

let stage: Stage
beforeAll(async () => {
  // Many lines are dead at the same time, each with sessions of its own.
  stage = await startStage({ sshdConfig: ['MaxStartups 100'] })
}, 120_000)
afterAll(() => stage?.stop())

const test = 'test/drills/dead-lines.test.ts'
/** Dead lines cost nothing, but all that goes on afterwards does, and the time that a host needs to be whole is measured. */
const CREW = [1, 2, 3, 4, 5, 6, 7]

it('a line that freezes at any phase, for good or for a while', { timeout: 300_000 }, async () => {
  // Short enough to go on as if nothing had been; and long enough for the host to have gone back meanwhile.
  const again: Freeze[] = FREEZES.filter(({ operation }) => operation === 'deploy').flatMap((freeze) => [
    { ...freeze, thaw: 4, exits: [0] },
    { ...freeze, thaw: 17, exits: [0, 3, 6, 7, 8] },
  ])
  const found = await byCrew([...FREEZES, ...again], CREW, async (freeze) => [await freezeAt(stage, freeze)])
  reportFaults({
    operation: 'deploy, first deploy, rollback, prune',
    point: 'before, during and after the switch',
    fault: 'the line freezes in both directions, without FIN: for good, for 4 s, for 17 s',
    guarantee: 'within confirm + 10 s the host is whole; the client ends within 45 s with the true exit code; a rerun succeeds',
    test,
    points: found.length,
    violations: found.flat().length,
  })
  expect(found.flat()).toEqual([])
})

it('a laptop that falls asleep', { timeout: 300_000 }, async () => {
  const short = SLEEPS.map((sleep) => ({ ...sleep, thaw: 4, exits: [0] }))
  const found = await Promise.all([...SLEEPS, ...short].map((sleep) => sleepAt(stage, sleep)))
  reportFaults({
    operation: 'deploy, rollback',
    point: 'before, during and after the switch',
    fault: 'SIGSTOP of the client, for longer than the host is patient and for 4 s, then SIGCONT',
    guarantee: 'the host has gone back, or is confirmed; the client tells which',
    test,
    points: found.length,
    violations: found.flat().length,
  })
  expect(found.flat()).toEqual([])
})

it('signals at every phase', { timeout: 600_000 }, async () => {
  const points = SIGNALS.flatMap((signal) => [
    ...MOMENTS.map((moment) => () => interruptAt(stage, moment, signal)),
    ...MOMENTS.filter(({ hooks }) => hooks).map((moment) => () => insistAt(stage, moment, signal)),
  ])
  const all = [...points, () => unreadFrom(stage, 'deploy', 'lock'), () => unreadFrom(stage, 'deploy', 'activate')]
  const found = await byCrew(all, [1, 2, 3, 4], (point) => point())
  reportFaults({
    operation: 'deploy, first deploy, rollback',
    point: 'every phase, hooks that hang among them',
    fault: 'SIGINT, SIGTERM, SIGHUP, once or twice; stdout closed',
    guarantee: 'exit 130 within 10 s, all taken back, the lock free; at once on the second signal, and the host heals itself',
    test,
    points: all.length,
    violations: found.length,
  })
  expect(found).toEqual([])
})
