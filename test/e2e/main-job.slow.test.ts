import { copyFile, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startHosts, type TestHosts } from '../support/hosts.ts'
import { type Answer, type Laptop, laptop, trusting } from '../support/laptop.ts'
import { until } from '../support/until.ts'

/**
 * The main job as a person does it, step after step: an app of the `node` template goes to two hosts, is changed, rolled back,
 * looked at, pruned. Each test begins where the one before it ended.
 */
let hosts: TestHosts
let mine: Laptop
/** Ids of the releases that were built, by version. */
const built: Record<string, string> = {}

const ID = expect.stringMatching(/^\d{14}-[0-9a-f]{8}$/)
const DIGEST = expect.stringMatching(/^sha256:[0-9a-f]{64}$/)
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/)
const NUMBER = expect.any(Number)
const TEXT = expect.stringMatching(/./)

beforeAll(async () => {
  hosts = await startHosts(2)
  mine = await laptop({}, { keep: true })
  // The unprivileged users may not be able to reach the node that runs us.
  await copyFile(process.execPath, join(hosts.dir, 'node'))
})
afterAll(async () => {
  await hosts?.stop()
  await rm(dirname(mine.dir), { recursive: true, force: true })
})

const app = (index: number, ...path: string[]) => join(hosts.hosts[index]?.home ?? '', 'apps/my shop', ...path)
const versionHere = async () => JSON.parse(await readFile(join(mine.dir, 'package.json'), 'utf8')).version

/** What each host's app answers over HTTP; the hook below starts it in `current` and notes its port. */
async function answers(): Promise<string[]> {
  return Promise.all(
    hosts.hosts.map(async (_, index) => {
      const log = app(index, 'shared/app.log')
      const port = async () => /port (\d+)/.exec(await readFile(log, 'utf8').catch(() => ''))?.[1]
      await until(async () => (await port()) !== undefined)
      return (await fetch(`http://127.0.0.1:${await port()}/`)).text()
    }),
  )
}

async function change(version: string): Promise<void> {
  const file = join(mine.dir, 'package.json')
  await writeFile(file, (await readFile(file, 'utf8')).replace(/"version": ".*"/, `"version": "${version}"`))
}

/** The contract's words for a deploy or rollback that went well on both hosts. */
function rolled(command: string, id: string | undefined, version: string, previous: string | null, changed = true) {
  const host = (name: string) => ({
    target: 'prod',
    host: name,
    ok: true,
    changed,
    previous,
    current: id,
    sentBytes: NUMBER,
    durationMs: NUMBER,
    state: changed ? 'done' : 'idle',
  })
  return {
    event: 'result',
    command,
    ok: true,
    exit: 0,
    target: 'prod',
    changed,
    release: { id, app: 'my-shop', version, digest: DIGEST },
    hosts: [host('h1'), host('h2')],
  }
}

function expectWell(answer: Answer): void {
  expect({ code: answer.code, stderr: answer.stderr, event: answer.last['event'] }).toEqual({
    code: 0,
    stderr: expect.not.stringContaining('error'),
    event: 'result',
  })
}

it('init writes a project that works once it names its hosts', async () => {
  const answer = await mine.call('init', 'template=node', 'name=my-shop')
  expectWell(answer)
  expect(answer.last).toMatchObject({ command: 'init', exit: 0, template: 'node', kept: [] })
  const file = join(mine.dir, 'releaser.config.ts')
  const text = await readFile(file, 'utf8')
  const start = `kill $(cat ../../shared/pid 2>/dev/null); cd "$RELEASER_PATH/current" && PORT=0 nohup ${join(hosts.dir, 'node')} server.mjs >"$RELEASER_PATH/shared/app.log" 2>&1 & echo $! >../../shared/pid`
  const edited = text
    .replace(/^ {6}hosts: .*$/m, `      hosts: ${JSON.stringify(hosts.hosts.map((host) => host.configEntry))},`)
    .replace(/^ {6}path: .*$/m, `      path: 'apps/my shop', ...${JSON.stringify(trusting(hosts))},`)
    // Both hosts are this machine, on which one port is free for one app: a hook starts each on any port.
    .replace(/^ {6}runner: .*$/m, "      runner: 'none',")
    .replace(/^ {6}health: .*$/m, '')
    .replace(/^ {6}hooks: \{$/m, `      hooks: {\n        'post-activate': ${JSON.stringify(start)},`)
  await writeFile(file, edited)
  expect(await mine.call('status')).toMatchObject({
    code: 0,
    last: {
      hosts: [
        { reachable: true, current: null },
        { reachable: true, current: null },
      ],
    },
  })
})

it('build makes a release', async () => {
  const answer = await mine.call('build', 'tag=first')
  expectWell(answer)
  expect(answer.last).toEqual({
    event: 'result',
    command: 'build',
    ok: true,
    exit: 0,
    already: false,
    release: {
      id: ID,
      app: 'my-shop',
      version: '1.0.0',
      tags: ['first'],
      createdAt: TIME,
      bytes: NUMBER,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      md5: expect.stringMatching(/^[0-9a-f]{32}$/),
      digest: DIGEST,
      files: 2,
      unpackedBytes: NUMBER,
      builder: 'node',
      git: null,
      latest: true,
    },
  })
  built['1.0.0'] = (answer.last['release'] as { id: string }).id
})

it('a first deploy serves it on both hosts', async () => {
  const answer = await mine.call('deploy', 'target=prod', '--yes')
  expectWell(answer)
  expect(answer.last).toEqual(rolled('deploy', built['1.0.0'], '1.0.0', null))
  for (const host of ['h1', 'h2'])
    for (const step of ['connect', 'facts', 'lock', 'send', 'receive', 'publish', 'activate', 'post-activate', 'confirm'])
      expect(answer.events).toContainEqual(expect.objectContaining({ event: 'step', host, step, state: 'ok' }))
  expect(await answers()).toEqual(['version 1.0.0\n', 'version 1.0.0\n'])
  for (const index of [0, 1]) expect(await readlink(app(index, 'current'))).toBe(`releases/${built['1.0.0']}`)
})

it('a change travels alone', async () => {
  await change('1.1.0')
  const build = await mine.call('build')
  built['1.1.0'] = (build.last['release'] as { id: string }).id
  const answer = await mine.call('deploy', 'target=prod', '--yes')
  expectWell(answer)
  expect(answer.last).toEqual(rolled('deploy', built['1.1.0'], '1.1.0', built['1.0.0'] ?? ''))
  const sends = answer.events.filter(({ step, state }) => step === 'send' && state === 'ok')
  expect(sends.map(({ detail }) => detail)).toEqual(['1 file sent, 1 reused', '1 file sent, 1 reused'])
  expect(await answers()).toEqual(['version 1.1.0\n', 'version 1.1.0\n'])
})

it('the same again is a no-op, unless it is forced', async () => {
  const answer = await mine.call('deploy', 'target=prod', '--yes')
  expectWell(answer)
  expect(answer.last).toEqual(rolled('deploy', built['1.1.0'], '1.1.0', built['1.1.0'] ?? '', false))
  const forced = await mine.call('deploy', 'target=prod', '--force')
  expect(forced.last).toEqual(rolled('deploy', built['1.1.0'], '1.1.0', built['1.1.0'] ?? ''))
  for (const index of [0, 1]) expect(await readlink(app(index, 'current'))).toBe(`releases/${built['1.1.0']}~2`)
  expect((await mine.call('status')).last['hosts']).toMatchObject([
    { previous: { id: built['1.0.0'] } },
    { previous: { id: built['1.0.0'] } },
  ])
})

it('a dry run shows what would be, and does nothing', async () => {
  const answer = await mine.call('rollback', 'target=prod', '--dry-run')
  expectWell(answer)
  expect(answer.last).toMatchObject({ dryRun: true, changed: true, release: { id: built['1.0.0'] } })
  for (const index of [0, 1]) expect(await readlink(app(index, 'current'))).toBe(`releases/${built['1.1.0']}~2`)
})

it('rollback goes back, sends nothing and pins', async () => {
  const answer = await mine.call('rollback', 'target=prod')
  expectWell(answer)
  expect(answer.last).toEqual(rolled('rollback', built['1.0.0'], '1.0.0', built['1.1.0'] ?? ''))
  expect(answer.events.filter(({ step }) => step === 'send')).toEqual([])
  expect(await answers()).toEqual(['version 1.0.0\n', 'version 1.0.0\n'])
})

it('status tells what is live', async () => {
  const answer = await mine.call('status', 'target=prod')
  expectWell(answer)
  const host = (name: string, index: number) => ({
    target: 'prod',
    host: name,
    path: app(index),
    reachable: true,
    current: { id: built['1.0.0'], version: '1.0.0', since: TIME, by: TEXT },
    previous: null,
    pinned: [built['1.0.0']],
    app: null,
    healthy: null,
    appProblem: null,
    lock: null,
    backup: null,
    freeBytes: NUMBER,
    drift: null,
    unsettled: false,
    behind: null,
  })
  expect(answer.last).toEqual({
    event: 'result',
    command: 'status',
    ok: true,
    exit: 0,
    hosts: [host('h1', 0), host('h2', 1)],
    rollouts: [],
  })
})

it('history tells who did what', async () => {
  const answer = await mine.call('history', 'target=prod')
  expectWell(answer)
  const entry = (host: string, action: string, version: string, previous: string | undefined) => ({
    at: TIME,
    target: 'prod',
    host,
    action,
    release: built[version],
    version,
    previous: previous === undefined ? null : built[previous],
    by: TEXT,
    from: TEXT,
    ok: true,
    durationMs: NUMBER,
    result: '',
  })
  const entries = answer.last['entries'] as readonly { readonly host: string }[]
  for (const host of ['h1', 'h2'])
    expect(entries.filter((each) => each.host === host)).toEqual([
      entry(host, 'rollback', '1.0.0', '1.1.0'),
      entry(host, 'deploy', '1.1.0', '1.1.0'),
      entry(host, 'deploy', '1.1.0', '1.0.0'),
      entry(host, 'deploy', '1.0.0', undefined),
    ])
  expect((await mine.call('history', 'target=prod', 'limit=1')).last['entries']).toHaveLength(1)
})

it('releases tells what lies on the hosts, and here', async () => {
  const answer = await mine.call('releases', 'target=prod')
  expectWell(answer)
  const release = (version: string, dir: string, pinned: boolean, tags: readonly string[]) => ({
    id: built[version],
    dir: `${built[version]}${dir}`,
    version,
    state: 'good',
    pinned,
    createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    git: null,
    tags,
  })
  const host = (name: string) => ({
    target: 'prod',
    host: name,
    current: built['1.0.0'],
    previous: null,
    releases: [release('1.1.0', '~2', false, []), release('1.0.0', '', true, ['first'])],
  })
  expect(answer.last['hosts']).toEqual([host('h1'), host('h2')])
  const here = await mine.call('releases')
  expect(here.last['releases']).toMatchObject([
    { id: built['1.1.0'], latest: true, live: [] },
    { id: built['1.0.0'], latest: false, tags: ['first'], live: ['h1', 'h2'].map((host) => ({ target: 'prod', host })) },
  ])
})

it('an older content built again is latest again, and deploys', async () => {
  await change('1.0.0')
  expect(await versionHere()).toBe('1.0.0')
  const build = await mine.call('build')
  expect(build.last).toMatchObject({ already: true, release: { id: built['1.0.0'], latest: true } })
  await change('1.1.0')
  expect((await mine.call('build')).last).toMatchObject({ already: true, release: { id: built['1.1.0'] } })
  expect((await mine.call('deploy', 'target=prod')).last).toEqual(rolled('deploy', built['1.1.0'], '1.1.0', built['1.0.0'] ?? ''))
  await change('1.0.0')
  await mine.call('build')
  const answer = await mine.call('deploy', 'target=prod', '--yes')
  expect(answer.last).toEqual(rolled('deploy', built['1.0.0'], '1.0.0', built['1.1.0'] ?? ''))
  // Both lay there already: nothing was sent, and nothing is pinned any more.
  expect(answer.events.filter(({ step }) => step === 'send')).toEqual([])
  expect((await mine.call('status')).last['hosts']).toMatchObject([{ pinned: [] }, { pinned: [] }])
})

it('prune drops what is not needed, and says why', async () => {
  await change('2.0.0')
  const answer = await mine.call('deploy', 'target=prod', '--build', '--yes')
  expectWell(answer)
  built['2.0.0'] = (answer.last['release'] as { id: string }).id
  const dry = await mine.call('prune', 'target=prod', 'keep=1', '--dry-run')
  const gone = (host: string) => ({ host, id: `${built['1.1.0']}~2`, why: 'older than the newest good one' })
  const kept = (host: string) => [
    { host, id: built['2.0.0'], why: 'current' },
    { host, id: built['1.0.0'], why: 'previous' },
  ]
  const both = { kept: [...kept('h1'), ...kept('h2')], removed: [gone('h1'), gone('h2')] }
  expect(dry.last).toEqual({ event: 'result', command: 'prune', ok: true, exit: 0, dryRun: true, ...both })
  expect(await readdir(app(0, 'releases'))).toHaveLength(3)
  const pruned = await mine.call('prune', 'target=prod', 'keep=1')
  expect(pruned.last).toEqual({ event: 'result', command: 'prune', ok: true, exit: 0, ...both })
  for (const index of [0, 1])
    expect((await readdir(app(index, 'releases'))).sort()).toEqual([built['1.0.0'], built['2.0.0']].sort())
})

it('exec runs in the current release of each host', async () => {
  const answer = await mine.call(
    'exec',
    'target=prod',
    '--',
    'sh',
    '-c',
    'pwd -P; echo "$RELEASER_HOST $1" >&2',
    'sh',
    "it's; $HOME",
  )
  expectWell(answer)
  const host = (name: string, index: number) => ({
    host: name,
    target: 'prod',
    ok: true,
    exit: 0,
    stdout: `${app(index, 'releases', built['2.0.0'] ?? '')}\n`,
    stderr: `${name} it's; $HOME\n`,
  })
  expect(answer.last['hosts']).toEqual([host('h1', 0), host('h2', 1)])
})

it('prunes here too, and a dry run does not', async () => {
  const expected = {
    removed: [{ host: null, id: built['1.1.0'], why: 'older than the newest one' }],
    kept: [
      { host: null, id: built['2.0.0'], why: 'latest' },
      { host: null, id: built['1.0.0'], why: 'tagged first' },
    ],
  }
  const ids = async () => ((await mine.call('releases')).last['releases'] as { id: string }[]).map(({ id }) => id)
  expect((await mine.call('prune', 'keep=1', '--dry-run')).last).toMatchObject({ ...expected, dryRun: true })
  expect(await ids()).toHaveLength(3)
  expect((await mine.call('prune', 'keep=1')).last).toMatchObject(expected)
  expect(await ids()).toEqual([built['2.0.0'], built['1.0.0']])
})

it('people read it all in words', async () => {
  for (const words of [
    ['status'],
    ['history', 'target=prod'],
    ['releases', 'target=prod'],
    ['releases'],
    ['deploy', 'target=prod'],
  ]) {
    const answer = await mine.say(...words)
    expect({ words, code: answer.code }).toEqual({ words, code: 0 })
    expect(answer.stdout).toContain('2.0.0')
  }
})
