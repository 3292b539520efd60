import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, readFile, readlink, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Hooks, Target } from '../../src/model/config.ts'
import { type Client, startClient } from '../fault/client.ts'
import { DEPLOY, expectClean, home, release } from '../support/fleet.ts'
import { startHosts, type TestHosts, userProcesses } from '../support/hosts.ts'
import { type Answer, type Json, type Laptop, laptop } from '../support/laptop.ts'
import { until } from '../support/until.ts'

/** Twenty hosts, each with a user, a path and a key of its own, and a release of 30 MB: what becomes of all where some go wrong. */
const MANY = 20
const BIG = 3
const PATIENCE = { timeout: 600_000 }

let hosts: TestHosts
let mine: Laptop
beforeAll(async () => {
  hosts = await startHosts(MANY)
  mine = await laptop({}, { keep: true })
  for (const { name, home: own } of hosts.hosts) {
    const key = join(hosts.dir, `key-${name}`)
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', key])
    await writeFile(join(own, '.ssh/authorized_keys'), await readFile(`${key}.pub`))
  }
  // What does not change from one release to the next is most of it.
  for (let number = 0; number < BIG; number++)
    await mine.write({ [`app/big-${number}.bin`]: randomBytes(5_000_000).toString('hex') })
  await mine.configure({ prod: prod() })
})
afterAll(async () => {
  if (mine) await rm(join(mine.dir, '..'), { recursive: true, force: true })
  await hosts?.stop()
})

/** A host goes wrong at a step while a file of that name lies in its home. */
const unless = (step: string, then = 'exit 3'): string => `[ ! -e "$HOME/${step}" ] || ${then}`
const HOOKS: Hooks = {
  'post-upload': unless('post-upload'),
  'pre-activate': [unless('pre-activate'), unless('activate', 'chmod a-w "$RELEASER_PATH"')].join('\n'),
  'post-activate': [
    unless('confirm', 'mv "$HOME/.ssh/authorized_keys" "$HOME/.ssh/away"'),
    unless('hang', 'sleep 500'),
    unless('post-activate'),
  ].join('\n'),
  // All are switched and none is confirmed: whoever wants to meet them there lays a file down.
  'post-start': { run: '[ ! -e meet ] || { echo here >meet; until [ -e go ]; do sleep 0.1; done; }', on: 'local' },
}

function prod(more: Partial<Target> = {}, only: (name: string) => boolean = () => true): Target {
  return {
    hosts: hosts.hosts
      .filter(({ name }) => only(name))
      .map(({ name, configEntry }) => ({ ...configEntry, path: pathOf(name), identity: join(hosts.dir, `key-${name}`) })),
    path: 'unused',
    knownHosts: hosts.knownHosts,
    strategy: { batch: '25%' },
    confirm: '20s',
    keep: 2,
    reuse: 'hardlink',
    migrate: { run: unless('migrate') },
    hooks: HOOKS,
    ...more,
  }
}

const pathOf = (name: string): string => `apps/of-${name}`
const indexOf = (name: string): number => Number(name.slice(1)) - 1
const flag = (host: string, step: string): string => home(hosts, indexOf(host), step)

/** What each host serves. */
function live(): Promise<(string | null)[]> {
  return Promise.all(hosts.hosts.map(({ home: own, name }) => readlink(join(own, pathOf(name), 'current')).catch(() => null)))
}

/** All serve this, and nothing is left behind anywhere. */
async function expectAll(id: string): Promise<void> {
  expect(await live()).toEqual(hosts.hosts.map(() => `releases/${id}`))
  for (const [index, { name }] of hosts.hosts.entries()) await expectClean(hosts, pathOf(name), [index])
}

/** Waits until all of these have settled by themselves. */
async function untilSettled(): Promise<void> {
  await until(
    () =>
      Promise.all(hosts.hosts.map(({ name }, index) => expectClean(hosts, pathOf(name), [index]))).then(
        () => true,
        () => false,
      ),
    120,
  )
}

const took = (what: string, since: number): void => console.log(`${what}: ${((Date.now() - since) / 1000).toFixed(1)} s`)

/** A deploy, and what it takes. */
async function deploy(what: string): Promise<Answer> {
  const since = Date.now()
  const answer = await mine.call(...DEPLOY)
  took(what, since)
  return answer
}

const begun = ({ events }: { readonly events: readonly Json[] }, step: string): readonly unknown[] =>
  events.filter((event) => event['step'] === step && event['state'] === 'start').map(({ host }) => host)

let old = ''
let fresh = ''

it('a release of 30 MB comes to twenty hosts, and the next one sends what has changed', PATIENCE, async () => {
  old = await release(mine, '1.0.0')
  const first = await deploy('30 MB to 20 hosts')
  expect(first, first.stderr).toMatchObject({ code: 0, last: { changed: true } })
  for (const host of first.last['hosts'] as readonly { readonly sentBytes: number }[])
    expect(host.sentBytes).toBeGreaterThan(10_000_000)
  await expectAll(old)
  fresh = await release(mine, '2.0.0')
})

it('one that cannot be reached: nothing begins anywhere (3)', PATIENCE, async () => {
  const last = hosts.hosts[MANY - 1]
  await last?.stopSshd()
  const answer = await deploy('connect')
  await last?.startSshd()
  expect(answer).toMatchObject({ code: 3, last: { code: 'CONNECTION', message: expect.stringMatching(/^cannot reach h20 /) } })
  expect(begun(answer, 'lock')).toEqual([])
  await expectAll(old)
})

it('one where somebody else is at work: nothing is sent anywhere (4)', PATIENCE, async () => {
  const other = await laptop({ 'app/version.txt': 'of somebody else' })
  const waits = { 'post-upload': 'until [ -e "$HOME/enough" ]; do sleep 0.1; done; false' }
  await other.configure({ prod: prod({ hooks: waits }, (name) => name === 'h13') })
  expect(await other.call('build')).toMatchObject({ code: 0 })
  const holder: Client = startClient(other, DEPLOY)
  await holder.told(({ step, state }) => step === 'post-upload' && state === 'start')
  const answer = await deploy('lock')
  expect(answer).toMatchObject({ code: 4, last: { code: 'LOCKED', message: expect.stringMatching(/^h13: at work there is /) } })
  expect(begun(answer, 'send')).toEqual([])
  await writeFile(flag('h13', 'enough'), '')
  expect(await holder.ended).toMatchObject({ exit: 6 })
  await expectAll(old)
})

/** Where one of twenty fails, how many have been switched by then, and what is promised. */
const FAILURES = [
  { step: 'send', host: 'h4', code: 6, switched: 0 },
  { step: 'post-upload', host: 'h7', code: 6, switched: 0 },
  { step: 'migrate', host: 'h1', code: 6, switched: 0 },
  { step: 'activate', host: 'h3', code: 7, switched: 5 },
  { step: 'pre-activate', host: 'h8', code: 7, switched: 10 },
  { step: 'post-activate', host: 'h12', code: 7, switched: 15 },
  { step: 'confirm', host: 'h20', code: 7, switched: 20 },
] as const

it.each(FAILURES)(
  '$host fails at $step: $code, and all serve what they did',
  PATIENCE,
  async ({ step, host, code, switched }) => {
    const incoming = flag(host, join(pathOf(host), '.releaser/incoming'))
    if (step === 'send') await chmod(incoming, 0o500)
    else await writeFile(flag(host, step), '')
    const answer = await deploy(step)
    await rm(flag(host, step), { force: true })
    await chmod(incoming, 0o700)
    await chmod(flag(host, pathOf(host)), 0o755)
    await rename(flag(host, '.ssh/away'), flag(host, '.ssh/authorized_keys')).catch(() => {})
    expect(answer, answer.stderr).toMatchObject({ code, last: { message: expect.stringMatching(new RegExp(`\\b${host}\\b`)) } })
    expect(answer.last['message']).toContain(
      code === 6 ? '(nothing was changed on any host)' : '(every host serves what it served before)',
    )
    expect(begun(answer, 'pre-activate').length).toBeLessThanOrEqual(switched)
    await expectAll(old)
  },
)

it(
  'two are cut off after the switch, one for good: it is told (8), they go back by themselves, and a rerun completes',
  PATIENCE,
  async () => {
    const [h5, h15] = [hosts.hosts[4], hosts.hosts[14]]
    await mine.write({ meet: '' })
    const since = Date.now()
    const cut = mine.start(...DEPLOY)
    const early = cut.ended.then(({ stderr }) => Promise.reject(new Error(stderr)))
    await Promise.race([until(async () => (await readFile(join(mine.dir, 'meet'), 'utf8')) !== '', 300), early])
    early.catch(() => {})
    expect(await live()).toEqual(hosts.hosts.map(() => `releases/${fresh}`))
    await Promise.all([h5?.cut(), h15?.cut()])
    await h5?.stopSshd()
    await mine.write({ go: '' })
    const answer = await cut.ended
    took('cut off', since)
    await rm(join(mine.dir, 'meet'))
    // Nobody could say what became of it, and it was well all the time.
    await untilSettled()
    await expectAll(old)
    await h5?.startSshd()
    expect(answer).toMatchObject({
      code: 8,
      last: { code: 'PARTIAL', hint: expect.stringContaining('releaser status target=prod') },
    })
    expect(answer.last['message']).toContain('h5: the line was lost and its state is not known')
    expect(states(answer)).toEqual(hosts.hosts.map(({ name }) => (name === 'h5' ? 'lost' : 'undone')))
    const again = await deploy('once more')
    expect(again, again.stderr).toMatchObject({ code: 0, last: { changed: true } })
    await expectAll(fresh)
  },
)

it(
  'a client that is killed in the middle of a batch leaves all as they were; once more, one fails and stays behind, until it is mended',
  PATIENCE,
  async () => {
    ;[old, fresh] = [fresh, await release(mine, '3.0.0')]
    await writeFile(flag('h8', 'hang'), '')
    const since = Date.now()
    const client = startClient(mine, DEPLOY)
    await client.told(({ host, step, state }) => host === 'h8' && step === 'post-activate' && state === 'start')
    client.child.kill('SIGKILL')
    await client.ended
    await untilSettled()
    took('killed, and settled', since)
    await rm(flag('h8', 'hang'))
    await expectAll(old)

    await mine.configure({ prod: prod({ strategy: { batch: '25%', maxFailures: 1 } }) })
    await writeFile(flag('h17', 'post-activate'), '')
    const answer = await deploy('one stays behind')
    expect(answer, answer.stderr).toMatchObject({ code: 0, last: { changed: true, lagging: ['h17'] } })
    expect(states(answer)).toEqual(hosts.hosts.map(({ name }) => (name === 'h17' ? 'undone' : 'done')))
    expect(await live()).toEqual(hosts.hosts.map(({ name }) => `releases/${name === 'h17' ? old : fresh}`))
    await rm(flag('h17', 'post-activate'))
    const again = await deploy('it is brought there')
    expect(again, again.stderr).toMatchObject({ code: 0, last: { changed: true } })
    expect(states(again)).toEqual(hosts.hosts.map(({ name }) => (name === 'h17' ? 'done' : 'idle')))
    await expectAll(fresh)
  },
)

it('h7 is not healthy: the two batches that have started it have it no more (7)', PATIENCE, async () => {
  const next = await release(mine, '4.0.0')
  const runner = { start: 'exec sleep 1000' }
  await mine.configure({ prod: prod({ runner, health: { command: unless('health'), timeout: '1s' } }) })
  await writeFile(flag('h7', 'health'), '')
  const answer = await deploy('health')
  expect(answer).toMatchObject({ code: 7, last: { message: expect.stringMatching(/^h7: the app is not healthy: /) } })
  await expectAll(fresh)
  const apps = await Promise.all(hosts.hosts.map(({ uid }) => userProcesses(uid)))
  const dirs = await Promise.all(apps.flat().map(({ pid }) => readlink(`/proc/${pid}/cwd`).catch(() => '')))
  expect(dirs.filter((dir) => dir.endsWith(`/releases/${next}`))).toEqual([])
})

const states = ({ last }: Answer): readonly unknown[] =>
  (last['hosts'] as readonly { readonly state: unknown }[]).map(({ state }) => state)
