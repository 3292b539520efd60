import { describe, expect, it } from 'vitest'
import { lookUp } from '../../src/model/ref.ts'

const releases = [
  { id: '20260101000001-aaaaaaaa', version: '1.0.0', tags: ['stable'] },
  { id: '20260101000002-bbbbbbbb', version: '1.1.0', tags: ['1.0.0'] },
  { id: '20260201000003-cccccccc', version: '1.1.0', tags: [] },
]
const found = (ref: string, landmarks = {}) => lookUp(ref, releases, landmarks).id

describe('lookUp', () => {
  it('knows landmarks, ids, tags, versions and prefixes', () => {
    expect(found('latest', { latest: '20260101000002-bbbbbbbb' })).toBe('20260101000002-bbbbbbbb')
    expect(found('20260101000001-aaaaaaaa')).toBe('20260101000001-aaaaaaaa')
    expect(found('stable')).toBe('20260101000001-aaaaaaaa')
    expect(found('202602')).toBe('20260201000003-cccccccc')
  })

  it('prefers a tag to a version of the same name', () => {
    expect(found('1.0.0')).toBe('20260101000002-bbbbbbbb')
  })

  it('refuses what several answer to, with the list', () => {
    expect(() => found('1.1.0')).toThrow(
      '"1.1.0" names 2 releases: 20260101000002-bbbbbbbb (1.1.0), 20260201000003-cccccccc (1.1.0)',
    )
    expect(() => found('202601')).toThrowError(expect.objectContaining({ code: 'USAGE' }))
  })

  it.each(['nope', '202', 'latest', 'current', 'previous', ''])('does not find "%s"', (ref) => {
    expect(() => found(ref)).toThrowError(expect.objectContaining({ code: 'NOT_FOUND', exitCode: 9 }))
  })
})
