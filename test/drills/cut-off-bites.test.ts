import { afterAll, beforeAll, expect, it } from 'vitest'
import { AGENT, type BrokenBuild, brokenBuild } from '../fault/broken-build.ts'
import { interruptAt, MOMENTS } from '../fault/interrupts.ts'
import { killEverywhere } from '../fault/kill-points.ts'
import { race, racers } from '../fault/race.ts'
import { type Stage, startStage } from '../fault/stage.ts'
import { killWriters } from '../fault/store-kill.ts'
import { project } from '../support/project.ts'

// A test that cannot fail proves nothing: each of these builds lacks one rule, and must be found out.
let stage: Stage
beforeAll(async () => {
  stage = await startStage()
}, 120_000)
afterAll(() => stage?.stop())

async function withBroken(
  file: string,
  piece: string,
  instead: string,
  work: (build: BrokenBuild) => Promise<readonly string[]>,
) {
  const build = await brokenBuild(file, piece, instead)
  try {
    const found = await work(build)
    expect(found).not.toEqual([])
  } finally {
    await build.remove()
  }
}

it('bites: an agent that says it went back and did not', { timeout: 120_000 }, () =>
  withBroken(AGENT, 'mv -f "$T/back/current" . && durable . && points_to "$1"', ':', async ({ cli }) => {
    const killed = await killEverywhere([stage], { who: 'sshd', operations: ['deploy'], boundaries: 3, moments: 0, cli })
    return killed.flatMap(({ violations }) => violations)
  }),
)

it('bites: an agent that does not hear that it is to go back', { timeout: 120_000 }, () =>
  withBroken(AGENT, 'back) give_up back ;;', 'back) ;;', async ({ cli }) => {
    const moments = MOMENTS.filter(({ hooks, step }) => hooks && step === 'post-activate')
    return (await Promise.all(moments.map((moment) => interruptAt(stage, moment, 'SIGTERM', cli)))).flat()
  }),
)

it('bites: a lock that lets everybody in', { timeout: 120_000 }, () =>
  withBroken('templates/remote/ground.sh', '*.held) verdict=held; holder=$other; break ;;', '*.held) ;;', async ({ cli }) =>
    race(stage, await racers(stage), { cli }),
  ),
)

it('bites: a store without a lock', { timeout: 120_000 }, () =>
  withBroken('dist/local/store.js', 'withStoreLock(dir,', '((_, work) => work(() => {}))(dir,', async ({ local }) => {
    const { violations } = await killWriters(await project(), { writes: 100, every: 50, local })
    return violations
  }),
)
