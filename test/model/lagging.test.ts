import { expect, test } from 'vitest'
import type { Deployment } from '../../src/model/deployment.ts'
import { apartAmong } from '../../src/model/lagging.ts'
import { glance, NOW, silent } from '../support/glances.ts'

const DAY = 24 * 60 * 60 * 1000
const NEW = { name: '1.4.0', id: '20261020120000-aaaaaaaa', since: NOW - 2 * DAY, by: 'ana@laptop' }
const OLD = { name: '1.3.0', id: '20261010120000-bbbbbbbb', since: NOW - 12 * DAY, by: 'bob@ci' }
const BEHIND = { how: 'behind', release: NEW.id, name: '1.4.0', since: NEW.since }

/** A deployment of 1.4.0 that went well on some hosts and left others behind. */
function deployed(well: readonly string[], left: readonly string[], rest: Partial<Deployment> = {}): Deployment {
  const hosts = (names: readonly string[], ok: boolean) =>
    names.map((host) => ({ host, target: 'prod', ok, from: null, to: null }))
  return {
    at: new Date(NEW.since).toISOString(),
    target: 'prod',
    app: 'shop',
    action: 'deploy',
    release: NEW.id,
    by: 'ana@laptop',
    ok: true,
    exit: 0,
    hosts: [...hosts(well, true), ...hosts(left, false)],
    ...rest,
  }
}

/** What is said of each host, by its name. */
function apart(hosts: Parameters<typeof apartAmong>[0], deployments: readonly Deployment[] = []): object {
  return Object.fromEntries([...apartAmong(hosts, deployments)].map(([{ host }, it]) => [host, it]))
}

test('hosts that serve the same are not apart, nor is one that nobody knows of and that is silent', () => {
  expect(apart([glance('web1'), glance('web2'), silent('web3'), glance('test1', { target: 'test', serves: OLD })])).toEqual({})
  expect(apart([silent('web1')])).toEqual({})
})

test('most hosts say what is served: who has something older lags, and so does a new one', () => {
  expect(apart([glance('web1'), glance('web2'), glance('web3', { serves: OLD }), glance('web4', { serves: null })])).toEqual({
    web3: BEHIND,
    web4: BEHIND,
  })
})

test('of as many each, those that were switched last do', () => {
  expect(apart([glance('web1', { serves: OLD }), glance('web2')])).toEqual({ web1: BEHIND })
})

test('who was switched after the others went elsewhere by itself', () => {
  const alone = glance('web3', { serves: { ...OLD, since: NOW - DAY } })
  expect(apart([glance('web1'), glance('web2'), alone])).toEqual({ web3: { ...BEHIND, how: 'elsewhere' } })
})

test('who was left out lags, also where that is most hosts, and where it is silent', () => {
  const hosts = [glance('web1'), glance('web2', { serves: OLD }), glance('web3', { serves: OLD }), silent('web4')]
  expect(apart(hosts, [deployed(['web1'], ['web2', 'web3', 'web4'])])).toEqual({ web2: BEHIND, web3: BEHIND, web4: BEHIND })
})

test('until it is brought there, by this machine or by another one', () => {
  const left = deployed(['web1'], ['web2'])
  const since = deployed(['web2'], [], { at: new Date(NOW).toISOString() })
  expect(apart([glance('web1'), silent('web2')], [left, since])).toEqual({})
  expect(apart([glance('web1'), glance('web2')], [left])).toEqual({})
  const moved = { ...OLD, name: '1.5.0', id: '20261021120000-cccccccc', since: NOW - DAY }
  expect(apart([glance('web1', { serves: moved }), glance('web2', { serves: moved })], [left])).toEqual({})
})

test('a deployment that failed as a whole, or of another target, leaves nobody behind', () => {
  expect(apart([glance('web1'), silent('web2')], [deployed([], ['web1', 'web2'], { ok: false, exit: 7 })])).toEqual({})
  expect(apart([silent('web2', { target: 'test' })], [deployed(['web1'], ['web2'])])).toEqual({})
  // Older records name the target once, for all hosts.
  const { hosts, ...rest } = deployed(['web1'], ['web2'])
  const old = { ...rest, hosts: hosts.map(({ target: _, ...host }) => host) }
  expect(apart([glance('web1'), silent('web2')], [old])).toEqual({ web2: BEHIND })
})
