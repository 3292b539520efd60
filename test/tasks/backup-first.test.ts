import { expect, test } from 'vitest'
import type { Facts } from '../../src/model/plan.ts'
import { planDeploy } from '../../src/tasks/deploy.ts'
import { planMend } from '../../src/tasks/mend.ts'
import { A, B, factsWith, HOST, onHost, TARGET } from '../support/facts.ts'

const RECIPIENT = 'age1299y56fas5plgdyk3fylu7dnwrwnwpupew0n9z570gpkehjkqs0snnd2n3'
const both = factsWith([onHost(A), onHost(B)], [A])
const shop = {
  ...TARGET,
  backup: { command: 'dump', beforeDeploy: true, encryptTo: `${RECIPIENT}\n` },
  hooks: { 'post-backup': { run: 'copy', timeout: '5m', ignoreFailure: true } },
  migrate: { run: 'migrate' },
}
const input = (facts: Facts, release: string, action: 'deploy' | 'rollback' | 'activate') => ({
  action,
  target: shop,
  host: HOST,
  release: { id: release, version: '2.0.0', digest: 'sha256:a', manifest: null },
  facts: { ...facts, tools: [...facts.tools, 'age'] },
  knownManifests: new Set<string>(),
  force: false,
  by: 'ana',
  dryRun: false,
})
const backups = (facts: Facts, release: string, action: 'deploy' | 'rollback' | 'activate' = 'deploy') =>
  planDeploy(input(facts, release, action)).steps.filter(({ step }) => step === 'backup')

test('a deploy backs up what is there before it configures, migrates and switches', () => {
  const { steps } = planDeploy({ ...input(both, B, 'deploy'), appEnv: { NEW: 'x' } })
  const [backup, ...later] = steps.map(({ step }) => step)
  expect([backup, later.slice(0, 4)]).toEqual(['backup', ['configure', 'command', 'await', 'activate']])
  expect(steps[0]).toMatchObject({
    rows: expect.arrayContaining([
      ['command', 'dump'],
      ['keep', '7 0 0 0'],
      ['encrypt', RECIPIENT],
      ['post-backup', 'copy'],
      ['patience', '300'],
      ['on-failure', 'ignore'],
    ]),
  })
})

test('there is nothing to back up where nothing serves, where nothing is to be done, or on the way back', () => {
  expect(backups(factsWith([onHost(A)], []), A)).toEqual([{ step: 'backup', rows: null }])
  expect(backups(both, A)).toEqual([])
  expect(backups(factsWith([onHost(A), onHost(B)], [A, B]), A, 'rollback')).toEqual([])
  expect(backups(factsWith([onHost(A), onHost(B)], [A, B]), A, 'activate')).toEqual([])
  expect(backups(both, B, 'activate')).toHaveLength(1)
  const mended = planMend({ ...input(both, A, 'deploy'), release: { id: A, version: '1', digest: 'sha256:a', manifest: [] } })
  expect(mended.steps.map(({ step }) => step)).not.toContain('backup')
})

test('a host without age is told so before anything is done', () => {
  expect(() => planDeploy({ ...input(both, B, 'deploy'), facts: both })).toThrow(
    expect.objectContaining({
      code: 'NOT_CHANGED',
      message: expect.stringMatching(/lacks age, /),
      hint: expect.stringMatching(/^install it/),
    }),
  )
})
