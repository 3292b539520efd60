import { expect, test } from 'vitest'
import { destinations, tagsOf } from '../../src/commands/destinations.ts'
import { ReleaserError } from '../../src/model/errors.ts'
import { HOST, TARGET } from '../support/facts.ts'

const host = (name: string, ...tags: string[]) => ({ ...HOST, name, host: `${name}.example.com`, tags })
const EU = { ...TARGET, name: 'eu', tags: ['eu'], hosts: [host('web1', 'front'), host('web2'), host('db1', 'data')] }
const US = { ...TARGET, name: 'us', hosts: [host('web10', 'front'), host('web11')] }
const chosen = (pattern?: string) => destinations([EU, US], pattern).map((one) => one.host.name)

test.each<readonly [string | undefined, string]>([
  [undefined, 'web1 web2 db1 web10 web11'],
  ['web*', 'web1 web2 web10 web11'],
  ['web?', 'web1 web2'],
  ['web[1:2]', 'web1 web2'],
  ['web[10:12]', 'web10 web11'],
  ['db1,web11', 'db1 web11'],
  ['web1.example.com', 'web1'],
  ['tag:front', 'web1 web10'],
  ['tag:eu', 'web1 web2 db1'],
  ['tag:d*', 'db1'],
  ['!db1', 'web1 web2 web10 web11'],
  ['web*,!web2,!web1*', ''],
  ['web*,!web2', 'web1 web10 web11'],
  ['tag:eu,!tag:front', 'web2 db1'],
  ['web.', ''],
  ['', ''],
])('host=%s means %s', (pattern, names) => {
  if (names !== '') return expect(chosen(pattern)).toEqual(names.split(' '))
  expect(() => chosen(pattern)).toThrow(
    new ReleaserError('USAGE', `no host fits host=${pattern}`, {
      hint: 'there is: web1, web2, db1, web10, web11, tag:front, tag:eu, tag:data',
    }),
  )
})

test('a range that cannot be is told', () => {
  expect(() => chosen('web[2:1]')).toThrow('host=: "web[2:1]" has a range that cannot be: [2:1]')
})

test('hosts are shown with the tags that choose them: their own and those of their target', () => {
  expect(EU.hosts.map((each) => tagsOf(each, EU))).toEqual([['front', 'eu'], ['eu'], ['data', 'eu']])
})
