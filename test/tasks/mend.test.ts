import { describe, expect, it } from 'vitest'
import type { Facts, Plan } from '../../src/model/plan.ts'
import type { Target } from '../../src/model/target.ts'
import { planForget, planMend } from '../../src/tasks/mend.ts'
import { A, B, C, factsWith, HOST, onHost, TARGET } from '../support/facts.ts'

const three = (rest: Partial<Facts> = {}) => factsWith([onHost(A), onHost(B), onHost(C)], [A, B, C], rest)

function mend(facts: Facts, id: string, target: Partial<Target> = {}): Plan {
  return planMend({
    target: { ...TARGET, migrate: { run: 'migrate' }, ...target },
    host: HOST,
    release: { id, version: '1.0.0', digest: `sha256:${id}`, manifest: [{ type: 'symlink', path: 'a', target: 'b' }] },
    facts,
    knownManifests: new Set([A, B, C]),
    by: 'ana',
    dryRun: false,
  })
}

describe('planMend', () => {
  it('switches to a fresh directory where the release serves, without migrating', () => {
    const plan = mend(three(), C)
    expect(plan.action).toBe('mend')
    expect(plan.steps).toEqual([
      { step: 'receive', release: C, digest: `sha256:${C}` },
      { step: 'publish', release: C, dir: `${C}~2`, digest: `sha256:${C}` },
      { step: 'await', word: 'activate' },
      { step: 'activate', dir: `${C}~2`, from: C },
      { step: 'confirm', seconds: 60 },
      { step: 'prune', dirs: [C] },
    ])
    expect(plan.next.served).toEqual([A, B, C])
  })

  it('keeps a pin, and what has migrated', () => {
    const facts = three()
    const state = { ...facts.state, pinned: [C], migrated: [B, C] } as NonNullable<Facts['state']>
    expect(mend({ ...facts, state }, C).next).toMatchObject({ pinned: [C], migrated: [B, C] })
  })

  it('leaves what serves alone where another one is damaged', () => {
    const facts = three()
    const plan = mend(facts, A, { hooks: { 'pre-start': 'x', 'post-stop': 'x' }, runner: { start: 'x' } })
    expect(plan.steps).toEqual([
      { step: 'receive', release: A, digest: `sha256:${A}` },
      { step: 'publish', release: A, dir: `${A}~2`, digest: `sha256:${A}` },
      { step: 'await', word: 'activate' },
      { step: 'prune', dirs: [A] },
    ])
    expect([plan.services, plan.back]).toEqual([{ old: null, new: null }, undefined])
    expect(plan.next).toEqual({
      ...facts.state,
      releases: [onHost(A, { dir: `${A}~2`, version: '1.0.0' }), onHost(B), onHost(C)],
    })
  })

  it('forgets no other release that is damaged or lost', () => {
    const facts = three({ dirs: [A, C], manifests: [A] })
    const plan = mend(facts, A)
    expect(plan.next.releases.map(({ dir }) => dir)).toEqual([`${A}~2`, B, C])
    expect(plan.next.served).toEqual([A, B, C])
    // What serves is known to serve, though its list of files is lost: it is what a failure goes back to.
    expect(mend(facts, C).steps).toContainEqual({ step: 'activate', dir: `${C}~2`, from: C })
    expect(mend(facts, B).steps).toContainEqual({ step: 'publish', release: B, dir: B, digest: `sha256:${B}` })
  })
})

describe('planForget', () => {
  it('removes one release, all its directories, and never what serves', () => {
    const facts = three({ dirs: [A, `${A}~2`, B, C] })
    const plan = planForget({ target: TARGET, host: HOST, facts, id: A })
    expect(plan.steps).toEqual([
      { step: 'await', word: 'activate' },
      { step: 'prune', dirs: [A, `${A}~2`] },
    ])
    expect(plan.next).toEqual({ ...facts.state, releases: [onHost(B), onHost(C)], served: [B, C] })
    expect(planForget({ target: TARGET, host: HOST, facts, id: C }).steps).toEqual([])
  })
})
