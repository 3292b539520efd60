import { expect, it } from 'vitest'
import type { Entry } from '../../src/model/manifest.ts'
import { planDeploy } from '../../src/tasks/deploy.ts'
import { forecast } from '../../src/tasks/forecast.ts'
import { A, B, factsWith, HOST, onHost, TARGET } from '../support/facts.ts'

const file = (path: string, size: number, sha256: string, mode = 0o644): Entry => ({ type: 'file', path, mode, size, sha256 })
const wanted: Entry[] = [file('moved', 10, 'a'), file('new', 7, 'b'), file('runs', 3, 'c', 0o755)]
const there: Entry[] = [file('was here', 10, 'a'), file('runs', 3, 'c')]

const plan = planDeploy({
  ...{ action: 'deploy', target: TARGET, host: HOST, facts: factsWith([onHost(A)], [A]), by: 'bob', force: false, dryRun: true },
  ...{ release: { id: B, version: '2.0.0', digest: 'sha256:b', manifest: wanted }, knownManifests: new Set([A]) },
})
const facts = { freeBytes: 1000, freeInodes: null }

it('counts what is there under any name, with the same mode', () => {
  const told = forecast(plan, wanted, facts, (id) => (id === A ? there : undefined))
  expect(told).toMatchObject({
    files: 2,
    bytes: 10,
    of: 3,
    exact: true,
    room: { inodes: 103, freeBytes: 1000, freeInodes: null },
  })
})

it('is not exact where a release there is unknown here', () => {
  expect(forecast(plan, wanted, facts, () => undefined)).toMatchObject({ files: 3, bytes: 20, exact: false })
})

it('is nothing where nothing travels', () => {
  const stays = { ...plan, transfer: null }
  expect(forecast(stays, wanted, facts, () => there)).toMatchObject({ files: 0, bytes: 0, room: { bytes: 0, inodes: 0 } })
})
