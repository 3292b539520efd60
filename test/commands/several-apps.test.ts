import { expect, test } from 'vitest'
import { targetsOfApps } from '../../src/commands/apps-meant.ts'
import { eachApp } from '../../src/commands/each-app.ts'
import { failedRollout, inShort, rolloutJson } from '../../src/commands/rollout-shown.ts'
import { ReleaserError } from '../../src/model/errors.ts'
import type { HostOutcome } from '../../src/rollout/host.ts'
import { HOST, TARGET } from '../support/facts.ts'

const target = (name: string, app: string) => ({ ...TARGET, name, app })
const [EU, US, FRONT] = [target('eu', 'api'), target('us', 'api'), target('front', 'web')]
const at = (where: typeof EU, name: string) => ({ target: where, host: { ...HOST, name } })
const HOSTS = [at(EU, 'a1'), at(FRONT, 'w1'), at(US, 'a2')]

const release = (id: string, version: string) => ({ id, version, digest: `sha256:${id}` })
const [API, WEB] = [release('i1', '1.2.0'), release('i2', '3.0.0')]
const BOTH = new Map([
  ['api', API],
  ['web', WEB],
])
const outcome = (of: (typeof HOSTS)[number], state: HostOutcome['state'] = 'done'): HostOutcome => ({
  target: of.target.name,
  host: of.host.name,
  ok: state === 'done',
  changed: true,
  previous: null,
  current: 'i0',
  sentBytes: 0,
  durationMs: 1,
  state,
})

test.each<readonly [string | undefined, string]>([
  [undefined, 'eu us front'],
  ['api', 'eu us'],
  ['web,api', 'eu us front'],
])('app=%s means %s', (said, names) => {
  expect(targetsOfApps([EU, US, FRONT], said).map(({ name }) => name)).toEqual(names.split(' '))
})

test.each<readonly [string, string, string]>([
  ['wep', 'no target there has the app "wep": eu, us, front', 'did you mean "web"?'],
  ['api,shop', 'no target there has the app "shop": eu, us, front', 'there is: api, web'],
  ['', 'app= names no app', 'there is: api, web'],
])('app=%s is refused', (said, message, hint) => {
  expect(() => targetsOfApps([EU, US, FRONT], said)).toThrow(new ReleaserError('USAGE', message, { hint }))
})

test('what is done app by app is done with its own hosts, and a failure names the app', async () => {
  const seen = await eachApp(HOSTS, async (app, own) => `${app}: ${own.map(({ host }) => host.name).join(' ')}`)
  expect([...seen.values()]).toEqual(['api: a1 a2', 'web: w1'])
  const fails = async (app: string) => {
    if (app === 'web') throw new ReleaserError('NOT_FOUND', 'no release "x"', { hint: 'look' })
  }
  await expect(eachApp(HOSTS, fails)).rejects.toThrow(new ReleaserError('NOT_FOUND', 'web: no release "x"', { hint: 'look' }))
  await expect(eachApp([at(FRONT, 'w1')], fails)).rejects.toThrow(
    new ReleaserError('NOT_FOUND', 'no release "x"', { hint: 'look' }),
  )
})

test('a rollout in short: what goes where', () => {
  expect(inShort(BOTH)).toBe('api 1.2.0, web 3.0.0')
  expect(inShort(BOTH, HOSTS)).toBe('api 1.2.0 to a1, a2; web 3.0.0 to w1')
})

test('of one app --json has its release, of several their releases, and each host says its own', () => {
  const one = [outcome(at(EU, 'a1')), outcome(at(US, 'a2'))]
  expect(rolloutJson({ releases: new Map([['api', API]]), hosts: one }, [EU, US])).toEqual({
    target: 'eu,us',
    release: { id: 'i1', app: 'api', version: '1.2.0', digest: 'sha256:i1' },
    hosts: one,
  })
  const [apis, webs] = [outcome(at(EU, 'a1')), outcome(at(FRONT, 'w1'), 'skipped')]
  const commits = new Map([['api', null]])
  expect(rolloutJson({ releases: new Map([['api', API]]), hosts: [apis, webs], commits }, [EU, FRONT])).toEqual({
    target: 'eu,front',
    releases: [{ id: 'i1', app: 'api', version: '1.2.0', digest: 'sha256:i1', commits: null }],
    // None of web's hosts could be asked: nothing was chosen for it.
    hosts: [
      { ...apis, app: 'api', release: 'i1' },
      { ...webs, app: 'web', release: null },
    ],
  })
})

test('an error says what its result would have said', () => {
  const error = new ReleaserError('ROLLED_BACK', 'no', {
    hint: 'h',
    result: { hosts: [outcome(at(FRONT, 'w1'), 'undone')], changed: false },
  })
  expect(failedRollout(error, BOTH, [EU, FRONT])).toMatchObject({
    code: 'ROLLED_BACK',
    message: 'no',
    hint: 'h',
    result: { changed: false, releases: [{ id: 'i1' }, { id: 'i2' }], hosts: [{ host: 'w1', app: 'web', release: 'i2' }] },
  })
  const bare = new ReleaserError('USAGE', 'no')
  expect(failedRollout(bare, BOTH, [EU, FRONT])).toBe(bare)
})
