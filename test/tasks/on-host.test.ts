import { describe, expect, it } from 'vitest'
import { viewOf } from '../../src/model/host-view.ts'
import type { Facts } from '../../src/model/plan.ts'
import { namedOn, releaseOn } from '../../src/tasks/on-host.ts'
import { A, B, C, D, factsWith, onHost } from '../support/facts.ts'

/** The first host has A, B and C and serves B after A; the second has not got A and serves C after B. */
const [first, second] = [
  factsWith([onHost(A, { version: '1.0.0' }), onHost(B, { version: '2.0.0' }), onHost(C, { version: '3.0.0' })], [A, B]),
  factsWith([onHost(B, { version: '2.0.0' }), onHost(C, { version: '3.0.0' })], [B, C]),
]
const both = [first, second].map(viewOf)
const found = (where: 'each' | 'any', ref: string, tags: Readonly<Record<string, readonly string[]>> = {}) =>
  releaseOn(where, both, ref, { known: Object.entries(tags).map(([id, list]) => ({ id, tags: list })) }).id

describe('releaseOn', () => {
  it.each([
    ['latest', C],
    ['current', B],
    ['previous', A],
    [A, A],
    ['stable', A],
    ['1.0.0', A],
    ['20260101000001', A],
    [A.slice(0, 14), A],
  ])('finds %s on any of the hosts', (ref, id) => {
    expect(found('any', ref, { [A]: ['stable'] })).toBe(id)
  })

  it('finds on each of them only what each of them has', () => {
    expect(
      ['latest', 'current', B, 'stable', '3.0.0', C.slice(0, 14)].map((ref) => found('each', ref, { [B]: ['stable'] })),
    ).toEqual([C, B, B, B, C, C])
    for (const ref of ['previous', A, '1.0.0', A.slice(0, 14)])
      expect(() => found('each', ref)).toThrowError(
        expect.objectContaining({ code: 'NOT_FOUND', message: `no release "${ref}" lies on all of the hosts` }),
      )
  })

  it('goes by the order of the contract where a word could mean several', () => {
    // A tag before a version, a version before the beginning of an id.
    expect(found('any', '3.0.0', { [A]: ['3.0.0'] })).toBe(A)
    const odd = viewOf(factsWith([onHost(A, { version: B.slice(0, 14) }), onHost(B)], [B]))
    expect(releaseOn('any', [odd], B.slice(0, 14)).id).toBe(A)
    expect(releaseOn('any', [odd], B, { known: [{ id: A, tags: [B] }] }).id).toBe(B)
  })

  it('refuses what several answer to, and what none does', () => {
    expect(() => found('any', '2026')).toThrowError(expect.objectContaining({ code: 'USAGE' }))
    expect(() => found('any', 'both', { [A]: ['both'], [B]: ['both'] })).toThrow('"both" names 2 releases')
    expect(() => found('any', 'nope')).toThrow('no release "nope" lies on any of the hosts')
    expect(() => releaseOn('each', [viewOf(first)], 'nope')).toThrow('no release "nope" lies on the host')
  })

  it('takes the version from the host that knows it, and current from the first that serves', () => {
    const lost = factsWith([onHost(B)], [], { state: null, current: { kind: 'none' } })
    const views = [viewOf(lost), viewOf(second)]
    expect(releaseOn('each', views, '2.0.0')).toMatchObject({ id: B, version: '2.0.0' })
    expect(releaseOn('any', views, 'current').id).toBe(C)
    expect(() => releaseOn('each', views, 'current')).toThrow('no release "current" lies on all of the hosts')
  })
})

it('namedOn also knows what a host only remembers', () => {
  const gone: Facts = { ...first, dirs: [B, C] }
  expect(namedOn([{ facts: gone }], '1.0.0')).toBe(A)
  expect(() => namedOn([{ facts: gone }], D)).toThrowError(expect.objectContaining({ code: 'NOT_FOUND' }))
})
