import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Target } from '../../src/model/config.ts'
import { startHosts, type TestHosts } from '../support/hosts.ts'
import { type Answer, type Json, type Laptop, laptop, targetOn } from '../support/laptop.ts'

/** An umbrella of two apps on three hosts, of which the one in the middle has both: rolled out as one. */
let hosts: TestHosts
beforeAll(async () => {
  hosts = await startHosts(3)
})
afterAll(() => hosts?.stop())

const APPS = ['api', 'web'] as const
const ON = { api: ['h1', 'h2'], web: ['h2', 'h3'] } as const
const DEPLOY = ['deploy', 'target=prod', '--yes'] as const

type Settings = { readonly [app in (typeof APPS)[number]]?: Partial<Target> }

/** A laptop with the umbrella: each app has its own builder and its own target, and `prod` is both. */
async function umbrella(path: string, more: Settings = {}): Promise<Laptop> {
  const mine = await laptop()
  await configure(mine, path, more)
  return mine
}

async function configure(mine: Laptop, path: string, more: Settings = {}): Promise<void> {
  const target = (app: (typeof APPS)[number]) => targetOn(hosts, `${path}/${app}`, { app, ...more[app] }, ON[app])
  const builder = (app: string) => ({ type: 'command', clean: [`out/${app}`], run: copy(app), output: `out/${app}` })
  await mine.configure(
    { api: target('api'), web: target('web') },
    {
      app: undefined,
      apps: { api: { builder: 'api' }, web: { builder: 'web' } },
      builders: { api: builder('api'), web: builder('web') },
      groups: { prod: ['api', 'web'] },
    },
  )
}

function copy(app: string): string {
  return `mkdir -p out && cp -R apps/${app} out/${app}`
}

async function write(mine: Laptop, versions: Readonly<Record<string, string>>): Promise<void> {
  for (const [app, version] of Object.entries(versions))
    await mine.write({ [`apps/${app}/app.txt`]: `${app} ${version}`, [`apps/${app}/package.json`]: JSON.stringify({ version }) })
}

/** Builds a version of each of these apps; their ids. */
async function build(mine: Laptop, versions: Readonly<Record<string, string>>): Promise<Readonly<Record<string, string>>> {
  await write(mine, versions)
  const ids: Record<string, string> = {}
  for (const app of Object.keys(versions)) {
    const { code, last } = await mine.call('build', `app=${app}`)
    expect(code).toBe(0)
    ids[app] = (last['release'] as { readonly id: string }).id
  }
  return ids
}

/** Which versions serve, as files say it: `api@h1 api@h2 web@h2 web@h3`. */
async function serving(path: string): Promise<readonly (string | null)[]> {
  const at = APPS.flatMap((app) =>
    hosts.hosts.filter(({ name }) => ON[app].some((on) => on === name)).map((host) => ({ app, host })),
  )
  return Promise.all(at.map(({ app, host }) => readFile(join(host.home, path, app, 'current/app.txt'), 'utf8').catch(() => null)))
}

function both(api: string, web: string): readonly string[] {
  return [`api ${api}`, `api ${api}`, `web ${web}`, `web ${web}`]
}

function hostsOf({ last }: Answer): readonly Json[] {
  return last['hosts'] as readonly Json[]
}

it('builds both, brings each to its own hosts, and goes back with both', async () => {
  const told =
    'printf "%s\\n" "$RELEASER_TARGET $RELEASER_APP $RELEASER_VERSION $RELEASER_HOST" >>told; cat >>told.json; echo >>told.json'
  const hooks = { 'post-deploy': told, 'pre-rollback': told }
  const mine = await umbrella('both', { api: { hooks }, web: { hooks } })
  await write(mine, { api: '1.0.0', web: '3.0.0' })
  const first = await mine.call(...DEPLOY, '--build')
  expect(first).toMatchObject({
    code: 0,
    last: {
      target: 'api,web',
      changed: true,
      releases: [
        { app: 'api', version: '1.0.0' },
        { app: 'web', version: '3.0.0' },
      ],
    },
  })
  const [api, web] = first.last['releases'] as readonly { readonly id: string; readonly digest: string }[]
  expect(first.last).not.toHaveProperty('release')
  expect(hostsOf(first)).toMatchObject([
    { target: 'api', host: 'h1', app: 'api', release: api?.id, current: api?.id, ok: true },
    { target: 'api', host: 'h2', app: 'api', release: api?.id, current: api?.id, ok: true },
    { target: 'web', host: 'h2', app: 'web', release: web?.id, current: web?.id, ok: true },
    { target: 'web', host: 'h3', app: 'web', release: web?.id, current: web?.id, ok: true },
  ])
  expect(await serving('both')).toEqual(both('1.0.0', '3.0.0'))
  const json = (await readFile(join(mine.dir, 'told.json'), 'utf8')).split('\n').filter(Boolean)
  expect(json.map((line) => JSON.parse(line))).toMatchObject([
    { app: 'api', release: { id: api?.id, digest: api?.digest }, hosts: [{ host: 'h1' }, { host: 'h2' }] },
    { app: 'web', release: { id: web?.id, digest: web?.digest }, hosts: [{ host: 'h2' }, { host: 'h3' }] },
  ])

  // Nothing is switched anywhere before all is ready everywhere.
  await write(mine, { api: '1.1.0', web: '3.1.0' })
  const second = await mine.call(...DEPLOY, '--build')
  const done = second.events.filter(({ state }) => state === 'ok').map(({ step }) => step)
  expect(done.filter((step) => step === 'activate')).toHaveLength(4)
  expect(done.lastIndexOf('publish')).toBeLessThan(done.indexOf('activate'))
  expect(done.lastIndexOf('activate')).toBeLessThan(done.indexOf('confirm'))

  // Each goes back to what it had itself.
  const back = await mine.say('rollback', 'target=prod', '--yes')
  expect(back.stderr).toContain('as one: api 1.0.0 to h1, h2; web 3.0.0 to h2, h3')
  expect(back.stdout).toContain('api serves api 1.0.0 again; pinned until you deploy by hand\nweb serves web 3.0.0 again; ')
  expect(back.stdout).toMatch(/^app +host +from +to /m)
  expect(await serving('both')).toEqual(both('1.0.0', '3.0.0'))
  expect((await readFile(join(mine.dir, 'told'), 'utf8')).split('\n')).toEqual([
    ...['api api 1.0.0 h1,h2', 'web web 3.0.0 h2,h3', 'api api 1.1.0 h1,h2', 'web web 3.1.0 h2,h3'],
    ...['api api 1.0.0 h1,h2', 'web web 3.0.0 h2,h3', ''],
  ])
  // Each app has its own entries in the store: `releases` knows where what is live.
  const { last } = await mine.call('releases')
  const known = last['releases'] as readonly (Json & { readonly live: readonly unknown[] })[]
  expect(known.map(({ app, version, live }) => [app, version, live.length])).toEqual([
    ['web', '3.1.0', 0],
    ['api', '1.1.0', 0],
    ['web', '3.0.0', 2],
    ['api', '1.0.0', 2],
  ])
  expect(await mine.call('deploy', 'target=prod', 'app=api', 'release=1.1.0', '--yes')).toMatchObject({
    code: 0,
    last: { target: 'api', release: { app: 'api', version: '1.1.0' }, hosts: [{ host: 'h1' }, { host: 'h2' }] },
  })
  expect(await serving('both')).toEqual(both('1.1.0', '3.0.0'))
}, 180_000)

it('goes back with all apps where one fails, and says of each what it was', async () => {
  const mine = await umbrella('fails')
  await write(mine, { api: '1.0.0', web: '3.0.0' })
  const first = await mine.say(...DEPLOY, '--build')
  expect(first.stderr).toContain('as one: api 1.0.0 to h1, h2; web 3.0.0 to h2, h3')
  expect(first.stdout).toMatch(/\napi 1\.0\.0 is live on api\nweb 3\.0\.0 is live on web\n$/)
  await write(mine, { api: '2.0.0', web: '4.0.0' })
  const hook = { 'post-activate': '[ "$RELEASER_HOST" != h3 ]' }
  await configure(mine, 'fails', { web: { hooks: hook } })
  const answer = await mine.call(...DEPLOY, '--build')
  expect(answer).toMatchObject({
    code: 7,
    last: {
      code: 'ROLLED_BACK',
      target: 'api,web',
      releases: [
        { app: 'api', version: '2.0.0' },
        { app: 'web', version: '4.0.0' },
      ],
    },
  })
  const fresh = new Map((answer.last['releases'] as readonly Json[]).map(({ app, id }) => [app, id]))
  expect(hostsOf(answer)).toMatchObject(
    ['api', 'api', 'web', 'web'].map((app) => ({ app, release: fresh.get(app), state: 'undone' })),
  )
  expect(await serving('fails')).toEqual(both('1.0.0', '3.0.0'))

  // Of each app somebody has to get there: a strategy cannot leave one behind as a whole.
  const strategy = { batch: 2, maxFailures: 5 }
  await configure(mine, 'fails', { web: { strategy, hooks: { 'post-activate': 'exit 3' } } })
  expect(await mine.call(...DEPLOY)).toMatchObject({ code: 7 })
  expect(await serving('fails')).toEqual(both('1.0.0', '3.0.0'))

  // One host of one app stays behind; the others have another release than it lacks.
  await configure(mine, 'fails', { web: { strategy, hooks: hook } })
  expect(await mine.call(...DEPLOY)).toMatchObject({ code: 0, last: { lagging: ['h3'] } })
  expect(await serving('fails')).toEqual(['api 2.0.0', 'api 2.0.0', 'web 4.0.0', 'web 3.0.0'])
  const status = await mine.call('status', 'target=prod')
  expect(hostsOf(status).map(({ host, behind }) => [host, behind])).toEqual([
    ...['h1', 'h2', 'h2'].map((host) => [host, null]),
    ['h3', expect.objectContaining({ release: fresh.get('web') })],
  ])
  const other = await laptop()
  await configure(other, 'fails', { web: { strategy } })
  const resumed = await other.say('resume', 'target=prod', '--yes')
  expect(resumed.stderr).toContain('the deploy of api 2.0.0 and web 4.0.0, ')
  expect(resumed).toMatchObject({ code: 0, stdout: expect.stringContaining('web 4.0.0 is live on web') })
  expect(await serving('fails')).toEqual(both('2.0.0', '4.0.0'))

  // And back, each app to what it had.
  await write(mine, { api: '2.1.0', web: '4.1.0' })
  expect(await mine.call(...DEPLOY, '--build')).toMatchObject({ code: 0, last: { lagging: ['h3'] } })
  expect(await other.call('resume', 'target=prod', '--back', '--yes')).toMatchObject({ code: 0 })
  expect(await serving('fails')).toEqual(both('2.0.0', '4.0.0'))
}, 180_000)

it('is looked at first, saved, and done exactly so; each app by a release of its own', async () => {
  const mine = await umbrella('plan')
  const ids = await build(mine, { api: '1.0.0', web: '3.0.0' })
  const tag = await mine.call('tag', `release=${ids['api']}`, 'tag=golden')
  expect(tag.code).toBe(0)
  const looked = await mine.call(...DEPLOY, '--dry-run', '--plan-out=plan.json')
  expect(looked).toMatchObject({
    code: 0,
    last: {
      dryRun: true,
      changed: true,
      releases: [
        { id: ids['api'], commits: null },
        { id: ids['web'], commits: null },
      ],
      plans: ['api', 'api', 'web', 'web'].map((app) => ({ app, release: { id: ids[app] }, forecast: { files: 2 } })),
    },
  })
  expect(looked.last).not.toHaveProperty('commits')
  expect(await serving('plan')).toEqual([null, null, null, null])
  await build(mine, { api: '1.1.0', web: '3.1.0' })
  expect(await mine.call('deploy', 'plan=plan.json', 'app=api')).toMatchObject({ code: 2 })
  expect(await mine.call('deploy', 'plan=plan.json', '--yes')).toMatchObject({ code: 0, last: { changed: true } })
  expect(await serving('plan')).toEqual(both('1.0.0', '3.0.0'))

  expect(await mine.call('deploy', 'target=prod', 'release=golden', '--yes')).toMatchObject({
    code: 9,
    last: { code: 'NOT_FOUND', message: 'web: no release "golden"' },
  })
  expect(await mine.call('deploy', 'target=prod', 'release=api:golden,web:3.1.0', '--yes')).toMatchObject({
    code: 0,
    last: { hosts: [{ changed: false }, { changed: false }, { changed: true }, { changed: true }] },
  })
  expect(await serving('plan')).toEqual(both('1.0.0', '3.1.0'))
}, 180_000)
