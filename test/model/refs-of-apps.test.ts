import { expect, test } from 'vitest'
import { ReleaserError } from '../../src/model/errors.ts'
import { refsInWords, refsOfApps } from '../../src/model/refs-of-apps.ts'

const BOTH = ['api', 'web']

test.each<readonly [string | undefined, readonly string[], Readonly<Record<string, string>> | undefined]>([
  [undefined, BOTH, undefined],
  ['1.4.0', ['shop'], { shop: '1.4.0' }],
  ['1.4.0', BOTH, { api: '1.4.0', web: '1.4.0' }],
  ['shop:1.4.0', ['shop'], { shop: '1.4.0' }],
  ['web:3.0.0,api:golden', BOTH, { web: '3.0.0', api: 'golden' }],
])('release=%s over %s', (said, apps, refs) => {
  expect(refsOfApps(said, apps)).toEqual(refs && new Map(Object.entries(refs)))
})

test.each<readonly [string, string, string]>([
  ['api:1.0.0', 'release=: it names no release of web', 'name one for each: release=api:REF,web:REF'],
  ['api:1.0.0,web', 'release=: "web" names no release of an app', 'name one for each: release=api:REF,web:REF'],
  ['api:1,api:2,web:3', 'release=: api is named twice', 'name one for each: release=api:REF,web:REF'],
  ['api:1.0.0,wep:3.0.0', 'release=: no app "wep" is meant', 'did you mean "web"?'],
  ['shop:1.0.0', 'release=: no app "shop" is meant', 'there is: api, web'],
])('release=%s is refused', (said, message, hint) => {
  expect(() => refsOfApps(said, BOTH)).toThrow(new ReleaserError('USAGE', message, { hint }))
})

test('is written as it is read', () => {
  expect(refsInWords(new Map([['shop', '1.4.0']]))).toBe('1.4.0')
  const refs = new Map([
    ['api', '1.2.0'],
    ['web', 'golden'],
  ])
  expect(refsInWords(refs)).toBe('api:1.2.0,web:golden')
  expect(refsOfApps(refsInWords(refs), BOTH)).toEqual(refs)
})
