import { describe, expect, it } from 'vitest'
import { planDelete } from '../../src/tasks/delete.ts'
import { planPin, planUnpin } from '../../src/tasks/pin.ts'
import { planPrune } from '../../src/tasks/prune.ts'
import { A, B, C, factsWith, HOST, onHost, TARGET } from '../support/facts.ts'

const on = (ids: readonly string[], rest: Parameters<typeof factsWith>[2] = {}) => ({
  target: TARGET,
  host: HOST,
  facts: factsWith(
    ids.map((id) => onHost(id)),
    ids,
    rest,
  ),
})

describe('planDelete', () => {
  it('removes a release, and each of its directories', () => {
    const again = `${A}~2`
    const input = { ...on([A, B, C]), facts: factsWith([onHost(A), onHost(A, { dir: again }), onHost(C)], [A, C]) }
    const plan = planDelete([A], input)
    expect(plan.steps).toEqual([
      { step: 'await', word: 'activate' },
      { step: 'prune', dirs: [again, A] },
    ])
    expect(plan.next).toMatchObject({ releases: [{ id: C }], served: [C] })
  })

  it('has nothing to do where none of them is', () => {
    expect(planDelete([B], on([A, C])).steps).toEqual([])
  })

  it.each([
    ['current', on([A, B]), B],
    ['pinned', on([A, B], { state: { ...on([A, B]).facts.state, pinned: [A] } as never }), A],
    ['in use by a process', on([A, B], { inUse: [A] }), A],
  ])('refuses what is %s', (why, input, id) => {
    expect(() => planDelete([id], input)).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(why) }),
    )
  })
})

it('prune leaves a release alone in which a process lives, and says so', () => {
  const { plan, verdicts } = planPrune({ ...on([A, B, C], { inUse: [A] }), keep: 1 })
  expect(verdicts.map(({ release, why }) => [release.id, why])).toEqual([
    [C, 'current'],
    [B, 'previous'],
    [A, 'in use by a process'],
  ])
  expect(plan.steps).toEqual([])
})

describe('a pin', () => {
  it('is added to those there are, once', () => {
    const pinned = on([A, B], { state: { ...on([A, B]).facts.state, pinned: [A] } as never })
    expect(planPin(B, pinned)).toMatchObject({ steps: [{ step: 'await' }], next: { pinned: [A, B] } })
    expect(planPin(A, pinned).steps).toEqual([])
    // Somebody has pruned it since it was chosen.
    expect(() => planPin(C, pinned)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }))
  })

  it('is lifted, one or all', () => {
    const pinned = on([A, B], { state: { ...on([A, B]).facts.state, pinned: [A, B] } as never })
    expect(planUnpin(A, pinned).next.pinned).toEqual([B])
    expect(planUnpin(null, pinned).next.pinned).toEqual([])
    expect(planUnpin(null, on([A, B])).steps).toEqual([])
    expect(planUnpin(C, pinned).steps).toEqual([])
  })
})
