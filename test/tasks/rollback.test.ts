import { describe, expect, it } from 'vitest'
import { viewOf } from '../../src/model/host-view.ts'
import { chooseRollback } from '../../src/tasks/rollback.ts'
import { A, B, C, factsWith, onHost } from '../support/facts.ts'

const host = (ids: readonly string[], served: readonly string[], bad: readonly string[] = []) =>
  viewOf(
    factsWith(
      ids.map((id) => onHost(id, bad.includes(id) ? { state: 'bad' } : {})),
      served,
    ),
  )

describe('chooseRollback', () => {
  it('is the good release that served before', () => {
    expect(chooseRollback([host([A, B, C], [A, B, C])], undefined).id).toBe(B)
    expect(chooseRollback([host([A, B, C], [A, B, C], [B])], undefined).id).toBe(A)
  })

  it('goes further back the second time, not forth again', () => {
    expect(chooseRollback([host([A, B, C], [A, B])], undefined).id).toBe(A)
  })

  it('is one that is good on all hosts', () => {
    expect(chooseRollback([host([A, B, C], [A, B, C]), host([A, C], [A, C])], undefined).id).toBe(A)
    expect(chooseRollback([host([A, B, C], [A, B, C]), host([A, B, C], [A, B, C], [B])], undefined).id).toBe(A)
  })

  it('takes a REF that all hosts have', () => {
    expect(chooseRollback([host([A, B, C], [A, B, C])], A.slice(0, 14)).id).toBe(A)
    expect(() => chooseRollback([host([A, B], [A, B]), host([B], [B])], A)).toThrowError(
      expect.objectContaining({ code: 'NOT_FOUND' }),
    )
  })

  it.each([
    [[], []],
    [[A], [A]],
  ])('has nowhere to go from %j', (ids, served) => {
    expect(() => chooseRollback([host(ids, served)], undefined)).toThrowError(expect.objectContaining({ code: 'NOT_FOUND' }))
  })
})
