import { expect, test } from 'vitest'
import { glanceOf } from '../../src/commands/glance.ts'
import { ReleaserError } from '../../src/model/errors.ts'
import { NO_APP } from '../../src/tasks/app-state.ts'
import { A, B, factsWith, HOST, onHost, TARGET } from '../support/facts.ts'

const WHERE = { target: TARGET, host: HOST, connect: () => Promise.reject(new Error('not in this test')) }

const entry = (release: string | null, rest = {}) => ({
  at: 1_600_000_000,
  transaction: 't',
  action: 'deploy',
  release,
  previous: null,
  by: 'ana@laptop',
  from: 'laptop',
  ok: true,
  seconds: 3,
  result: '',
  ...rest,
})

test('a host that answered: what serves, what was before, and what happened, by versions as far as they are known', () => {
  const history = [entry(A), entry('gone'), entry('lost', { ok: false, result: 'taken back: no: back' })]
  const facts = factsWith([onHost(A), onHost(B)], [A, B], { history, unsettled: 'x', freeBytes: null })
  const seen = {
    app: { running: false, pid: null, version: null },
    healthy: false,
    problem: 'the app does not run',
    backup: null,
    jobs: [{ job: 'backup' as const, message: 'backup has no timer', remedy: 'releaser timer install target=prod' }],
  }
  expect(glanceOf({ ...WHERE, facts, seen, error: null }, seen, new Map([['gone', '0.9.0']]))).toMatchObject({
    target: 'prod',
    app: 'shop',
    host: 'web1',
    path: '/srv/shop',
    silent: null,
    serves: { name: 'v02', id: B, since: 1_600_000_000_000, by: 'bob' },
    previous: 'v01',
    running: false,
    healthy: false,
    freeBytes: null,
    backup: null,
    remarks: [
      { text: 'the app does not run', wrong: true },
      { text: 'backup has no timer: releaser timer install target=prod', wrong: true },
      { text: 'a deploy was cut off: the next one settles it', wrong: true },
    ],
    happenings: [
      { at: 1_600_000_000_000, mark: 'live', name: 'v01', took: 3000, why: '' },
      { name: '0.9.0' },
      { name: 'lost', mark: 'taken-back', why: 'taken back: no' },
    ],
  })
})

test('a host that did not answer, and one that is empty', () => {
  const error = new ReleaserError('CONNECTION', 'no route')
  expect(glanceOf({ ...WHERE, facts: null, seen: null, error }, null)).toMatchObject({
    silent: 'no route',
    serves: null,
    happenings: [],
  })
  const facts = factsWith([], [])
  expect(glanceOf({ ...WHERE, facts, seen: NO_APP, error: null }, { ...NO_APP, backup: null, jobs: [] })).toMatchObject({
    silent: null,
    serves: null,
    running: null,
    remarks: [],
  })
})
