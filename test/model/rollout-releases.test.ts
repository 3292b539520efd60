import { expect, test } from 'vitest'
import { releasesIn, servedBefore } from '../../src/model/rollout-releases.ts'
import { ROLLOUT_CHARACTERS, transactionOf } from '../../src/model/transaction.ts'

const ROLLOUT = 'a'.repeat(ROLLOUT_CHARACTERS)
const OTHER = 'b'.repeat(ROLLOUT_CHARACTERS)

/** A host of an app that wrote down these: the rollout, the release, and what served before. */
function host(app: string, ...lines: readonly (readonly [string, string, string | null])[]) {
  const about = { at: 1, action: 'deploy', by: 'ana', from: 'laptop', ok: true, seconds: 1, result: 'ok' }
  const history = lines.map(([rollout, release, previous], index) => {
    return { ...about, transaction: transactionOf(rollout, index), release, previous }
  })
  return { target: { app }, facts: { history } }
}

const HOSTS = [
  host('api', [ROLLOUT, 'api-2', 'api-1'], [OTHER, 'api-3', 'api-2']),
  host('web'),
  host('web', [ROLLOUT, 'web-4', null]),
  host('web', [ROLLOUT, 'web-4', 'web-3']),
  host('job', [OTHER, 'job-2', 'job-1']),
]

test('each app had its own release in a rollout, as one of its hosts says', () => {
  expect([...releasesIn(ROLLOUT, HOSTS)]).toEqual([
    ['api', 'api-2'],
    ['web', 'web-4'],
  ])
})

test('and what its hosts served before, where they differ all of it', () => {
  expect([
    ...servedBefore(
      ROLLOUT,
      HOSTS.filter(({ facts }) => facts.history.length > 0),
    ),
  ]).toEqual([
    ['api', ['api-1']],
    ['web', [null, 'web-3']],
    ['job', [null]],
  ])
})
