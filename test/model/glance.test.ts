import { expect, test } from 'vitest'
import { byTarget, markOf, servedBy } from '../../src/model/glance.ts'
import { glance, silent } from '../support/glances.ts'

test.each([
  ['deploy', true, '', 'live'],
  ['activate', true, '', 'live'],
  ['rollback', true, '', 'back'],
  ['deploy', false, 'taken back: nobody confirmed it', 'taken-back'],
  ['rollback', false, 'taken back: no', 'taken-back'],
  ['deploy', false, 'unchanged: it was cut off', 'unchanged'],
  ['prune', true, '', null],
  ['pin', false, 'unchanged: no', null],
  ['constructor', true, '', null],
])('%s, ok: %s, %j is marked %s', (action, ok, result, mark) => {
  expect(markOf({ action, ok, result })).toBe(mark)
})

test('what most hosts serve comes first, and of as many the newer one', () => {
  const serving = (host: string, id: string) => glance(host, { serves: { name: id, id, since: null, by: null } })
  const names = (...ids: readonly string[]) =>
    servedBy([...ids.map((id, index) => serving(`web${index}`, id)), silent('far')]).map(
      ({ id, hosts }) => `${id} ${hosts.length}`,
    )
  expect(names('b', 'a', 'a')).toEqual(['a 2', 'b 1'])
  expect(names('a', 'b')).toEqual(['b 1', 'a 1'])
  expect(names()).toEqual([])
})

test('glances by target keep their order', () => {
  const all = [glance('b', { target: 'y' }), glance('a', { target: 'x' }), glance('a', { target: 'y' })]
  expect([...byTarget(all)].map(([target, hosts]) => [target, hosts.map(({ host }) => host)])).toEqual([
    ['y', ['b', 'a']],
    ['x', ['a']],
  ])
})
