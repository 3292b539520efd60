import { expect, it } from 'vitest'
import { liveList, whereLive } from '../../src/commands/live.ts'
import type { Deployment } from '../../src/model/deployment.ts'
import { A, B } from '../support/facts.ts'

/** One rollout: `to` is what each host served afterwards. */
function deployed(at: string, target: string, to: Readonly<Record<string, string | null>>, app = 'shop'): Deployment {
  const hosts = Object.entries(to).map(([host, id]) => ({ host, ok: true, from: null, to: id }))
  return { at, target, app, action: 'deploy', release: A, hosts, by: 'ana', ok: true, exit: 0 }
}

const store = (...all: readonly Deployment[]) => ({ deployments: () => all })
const [a, b] = [
  { id: A, app: 'shop' },
  { id: B, app: 'shop' },
]

it('a release is live where a host served it last', () => {
  const list = liveList(
    store(
      deployed('1', 'prod', { h1: A, h2: A }),
      deployed('2', 'staging', { h1: A }),
      deployed('3', 'prod', { h1: B, h2: A }),
      deployed('4', 'staging', { h1: B }),
    ),
  )
  expect(list.of(a)).toEqual([{ target: 'prod', host: 'h2', since: '3' }])
  expect(list.of(b)).toEqual([
    { target: 'prod', host: 'h1', since: '3' },
    { target: 'staging', host: 'h1', since: '4' },
  ])
  expect([list.inShort(a), list.inShort(b)]).toEqual(['prod (1 of 2)', 'prod (1 of 2), staging'])
})

it('several targets at once, several apps, and a first deploy that failed', () => {
  const several = deployed('1', 'eu,us', {})
  const hosts = ['eu', 'us'].map((target) => ({ host: 'h1', target, ok: true, from: null, to: A }))
  const all = store({ ...several, hosts }, deployed('2', 'eu', { h1: A }, 'blog'), deployed('3', 'new', { h1: null }))
  expect(liveList(all).inShort(a)).toBe('eu, us')
  expect(whereLive(all, { id: A, app: 'blog' })).toEqual([{ target: 'eu', host: 'h1', since: '2' }])
  expect(liveList(all).inShort(b)).toBe('')
})
