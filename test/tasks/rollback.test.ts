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

  it('is one that some have lost, where it can be sent to them', () => {
    const lost = [host([A, B, C], [A, B, C]), host([A, C], [A, C])]
    const sendable = new Set([B])
    expect(chooseRollback(lost, undefined, { sendable }).id).toBe(B)
    expect(chooseRollback(lost, B, { sendable }).id).toBe(B)
    // Also where the first host is the new one that has never had another.
    const fresh = host([C], [C])
    expect(chooseRollback([fresh, host([A, B, C], [A, B, C])], undefined, { sendable }).id).toBe(B)
    expect(chooseRollback([fresh, host([A, B, C], [A, B, C], [B])], undefined, { sendable: new Set([A, B]) }).id).toBe(A)
    expect(() => chooseRollback(lost, B)).toThrowError(
      /^release .* does not lie on all of the hosts, and the store here does not have it$/,
    )
    // What no host has is deployed, not gone back to.
    expect(() => chooseRollback([fresh], A, { sendable: new Set([A]) })).toThrowError(
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
