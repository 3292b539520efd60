import { describe, expect, it } from 'vitest'
import { seconds } from '../../src/model/duration.ts'
import { decodeState, encodeState, NO_STATE } from '../../src/model/host-state.ts'
import { hasControl, isName } from '../../src/model/name.ts'
import { releaseId } from '../../src/model/release.ts'
import { didYouMean, nearest } from '../../src/model/suggest.ts'
import { A, B, onHost } from '../support/facts.ts'

describe('seconds', () => {
  it.each([
    ['30s', 30],
    ['5m', 300],
    ['4h', 14_400],
    ['7d', 604_800],
  ])('%s', (text, expected) => expect(seconds(text)).toBe(expected))
  it.each(['', '5', 's', '-1s', '1.5h', '5 m', '1w'])('refuses "%s"', (text) => expect(seconds(text)).toBeUndefined())
})

describe('nearest', () => {
  it.each([
    ['delpoy', 'deploy'],
    ['tagret', 'target'],
    ['keeep', 'keep'],
    ['DEPLOY', 'deploy'],
  ])('%s is %s', (word, expected) => {
    expect(nearest(word, ['deploy', 'target', 'keep'])).toBe(expected)
  })
  it('says what there is where nothing is near', () =>
    expect(didYouMean('xyzzy', ['prod', 'staging'])).toBe('there is: prod, staging'))
})

describe('names', () => {
  it.each(['a', '1.4.0', 'v1.0.0-rc.1+5', 'x'.repeat(100)])('%s is one', (text) => expect(isName(text)).toBe(true))
  it.each(['', '-a', '.a', 'a b', 'a/b', 'ä', 'a\n', 'x'.repeat(101), '$(id)'])('%j is none', (text) =>
    expect(isName(text)).toBe(false),
  )
  it('sees control characters of all kinds', () =>
    expect(['a\tb', '\u001b[1m', '\u0085', 'a\u007f'].map(hasControl)).toEqual([true, true, true, true]))
})

describe('releaseId', () => {
  const noon = new Date('2026-11-20T12:00:00Z')
  it('is the time and the digest', () =>
    expect(releaseId(noon, 'sha256:3f2a9c1dffff', undefined)).toBe('20261120120000-3f2a9c1d'))
  it('moves past the newest where they tie, or the clock runs behind', () => {
    expect(releaseId(noon, 'sha256:00000000', '20261120120000-ffffffff')).toBe('20261120120001-00000000')
    expect(releaseId(noon, 'sha256:00000000', '20261120235959-ffffffff')).toBe('20261121000000-00000000')
  })
})

describe('the state of a host', () => {
  const state = {
    ...NO_STATE,
    releases: [
      onHost(A),
      onHost(B, { dir: `${B}~2`, state: 'bad', hooks: ['x:releaser/hooks/pre-start', 's:rel/hooks/post_stop/a.sh'] }),
    ],
    served: [A],
    pinned: [A],
    since: 17,
    by: 'ana@laptop',
    migrated: [A, B],
  } as const
  it('reads back what it wrote', () => expect(decodeState(encodeState(state))).toEqual(state))
  it('is lost when it was cut anywhere', () => {
    const lines = encodeState(state)
    for (let length = 0; length < lines.length; length++) expect(decodeState(lines.slice(0, length))).toBeNull()
  })
  it('leaves out what it does not understand', () =>
    expect(decodeState(['version\t1', 'colour\tblue', 'release\tx', 'end'])).toEqual(NO_STATE))
})
