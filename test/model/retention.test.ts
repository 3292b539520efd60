import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { packedAt } from '../../src/model/release.ts'
import { retain, retainInStore } from '../../src/model/retention.ts'
import { A, B, C, D, onHost } from '../support/facts.ts'

const rule = { keep: 2, current: D, previous: C, pinned: [] }

describe('retain', () => {
  it('keeps the newest good ones and says why each stays or goes', () => {
    const releases = [onHost(A), onHost(B, { state: 'bad' }), onHost(C), onHost(D)]
    expect(retain(releases, { ...rule, keep: 3 }).map(({ release, keep, why }) => [release.id, keep, why])).toEqual([
      [D, true, 'current'],
      [C, true, 'previous'],
      [B, false, 'bad, never confirmed'],
      [A, true, 'among the newest 3 good ones'],
    ])
  })

  it('keeps good ones that have a name in the store, beside those that count', () => {
    const named = new Map([
      [A, 'tagged golden'],
      [B, 'latest'],
      [C, 'tagged x'],
    ])
    const said = retain([onHost(A), onHost(B, { state: 'failed' }), onHost(C), onHost(D)], { ...rule, keep: 1, named })
    expect(said.map(({ release, keep, why }) => [release.id, keep, why])).toEqual([
      [D, true, 'current'],
      [C, true, 'previous'],
      [B, false, 'failed, never confirmed'],
      [A, true, 'tagged golden'],
    ])
  })

  it('counts only good releases, so that failed ones never push a good one out', () => {
    const releases = [onHost(A), onHost(B, { state: 'failed' }), onHost(C, { state: 'staged' }), onHost(D)]
    const kept = retain(releases, { keep: 2, current: D, previous: null, pinned: [] }).filter(({ keep }) => keep)
    expect(kept.map(({ release }) => release.id)).toEqual([D, A])
  })

  it('never lets current, previous or a pinned one go, whatever keep says', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('good', 'bad', 'failed', 'staged'), { minLength: 1, maxLength: 12 }),
        fc.nat(11),
        fc.nat(11),
        fc.nat(11),
        (states, x, y, z) => {
          const releases = states.map((state, index) => onHost(`2026010100${String(index).padStart(4, '0')}-aaaaaaaa`, { state }))
          const pick = (index: number) => releases[index % releases.length]?.id ?? ''
          const safe = { current: pick(x), previous: pick(y), pinned: [pick(z)] }
          const gone = retain(releases, { keep: 1, ...safe }).filter(({ keep }) => !keep)
          return gone.every(({ release }) => ![safe.current, safe.previous, ...safe.pinned].includes(release.id))
        },
      ),
    )
  })
})

describe('retainInStore', () => {
  it('keeps the newest, the latest and what is tagged', () => {
    const newestFirst = [
      { id: D, tags: [], bytes: 1 },
      { id: C, tags: [], bytes: 1 },
      { id: B, tags: ['stable'], bytes: 1 },
      { id: A, tags: [], bytes: 1 },
    ]
    expect(retainInStore(newestFirst, { keep: 1, latest: A }).map(({ release, keep, why }) => [release.id, keep, why])).toEqual([
      [D, true, 'among the newest 1'],
      [C, false, 'older than the newest one'],
      [B, true, 'tagged stable'],
      [A, true, 'latest'],
    ])
  })
})

describe('limits', () => {
  const stored = [D, C, B, A].map((id) => ({ id, tags: [] as string[], bytes: 400 }))
  const said = (
    verdicts: readonly { readonly release: { readonly id: string }; readonly keep: boolean; readonly why: string }[],
  ) => verdicts.map(({ release, keep, why }) => [release.id, keep, why])

  it('by age: what is young stays, beside the newest', () => {
    expect(said(retainInStore(stored, { keep: 1, latest: D, since: packedAt(B) }))).toEqual([
      [D, true, 'latest'],
      [C, true, 'not old enough to go'],
      [B, true, 'not old enough to go'],
      [A, false, 'older than the newest one'],
    ])
    const releases = [onHost(A), onHost(B, { state: 'bad' }), onHost(C), onHost(D)]
    expect(said(retain(releases, { ...rule, keep: 1, previous: null, since: packedAt(B) }))).toEqual([
      [D, true, 'current'],
      [C, true, 'not old enough to go'],
      [B, false, 'bad, never confirmed'],
      [A, false, 'older than the newest good one'],
    ])
  })

  it('by size: only what fits stays, but for what is needed', () => {
    const tagged = stored.map((release) => (release.id === A ? { ...release, tags: ['stable'] } : release))
    expect(said(retainInStore(tagged, { keep: Number.POSITIVE_INFINITY, latest: D, bytes: 900 }))).toEqual([
      [D, true, 'latest'],
      [C, true, 'fits 900 B'],
      [B, false, 'more than fits 900 B'],
      [A, true, 'tagged stable'],
    ])
  })
})
