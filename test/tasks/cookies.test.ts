import { expect, test } from 'vitest'
import type { Manifest } from '../../src/model/manifest.ts'
import { cookieChanges } from '../../src/tasks/cookies.ts'
import { type DeployInput, planDeploy } from '../../src/tasks/deploy.ts'
import { A, B, factsWith, HOST, onHost, TARGET } from '../support/facts.ts'

const cookie = (sha256: string): Manifest => [{ path: 'releases/COOKIE', type: 'file', mode: 0o644, size: 56, sha256 }]

/** Whether it changes where A serves, as a host says, and B comes. */
function changes(
  before: string | null,
  manifest: Manifest | null,
  more: Partial<DeployInput> = {},
  there: string[] = [],
): boolean {
  const cookies = [...(before === null ? [] : [{ id: A, sha256: before }]), ...there.map((sha256) => ({ id: B, sha256 }))]
  const facts = factsWith([onHost(A), ...(there.length > 0 ? [onHost(B)] : [])], [A], { cookies })
  const release = { id: B, version: '1.5.0', digest: `sha256:${B}`, manifest }
  const input = {
    target: TARGET,
    host: HOST,
    release,
    facts,
    knownManifests: new Set<string>(),
    force: false,
    by: 'ann',
    dryRun: false,
  }
  return cookieChanges(planDeploy({ action: 'deploy', ...input, ...more }), release, facts)
}

test('the cookies of two releases are compared by their hashes', () => {
  expect(changes('aa', cookie('bb'))).toBe(true)
  expect(changes('aa', cookie('aa'))).toBe(false)
  expect(changes(null, cookie('bb'))).toBe(false)
  expect(changes('aa', [])).toBe(false)
})

test('a release that is on the host already has its hash there', () => {
  expect(changes('aa', null, { action: 'rollback' }, ['bb'])).toBe(true)
  expect(changes('aa', null, { action: 'rollback' }, ['aa'])).toBe(false)
})

test('a cookie of the environment goes before those of releases', () => {
  expect(changes('aa', cookie('bb'), { appEnv: { RELEASE_COOKIE: 'ours' } })).toBe(false)
  expect(changes('aa', cookie('bb'), { appEnv: { OTHER: 'x' } })).toBe(true)
})
