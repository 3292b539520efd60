import { afterAll, beforeAll, expect, it } from 'vitest'
import { freePort } from '../support/apps.ts'
import { DEPLOY, release, serving } from '../support/fleet.ts'
import { startHosts, type TestHosts } from '../support/hosts.ts'
import { type Answer, type Json, type Laptop, laptop, trusting } from '../support/laptop.ts'

/** Hosts that a command names, and one of them that is down while the others are deployed to. */
let hosts: TestHosts
beforeAll(async () => {
  hosts = await startHosts(3)
})
afterAll(() => hosts?.stop())

/** Has the command of `prod` print the three hosts; one that is down has a port where nobody listens. */
async function print(mine: Laptop, down?: string): Promise<void> {
  const port = await freePort()
  const entries = hosts.hosts.map(({ configEntry }) => (configEntry.name === down ? { ...configEntry, port } : configEntry))
  await mine.write({ 'hosts.json': JSON.stringify(entries) })
}

/** A laptop whose `prod` asks a command for its hosts. */
async function asking(): Promise<Laptop> {
  const mine = await laptop()
  await mine.configure({ prod: { hosts: { command: 'cat hosts.json' }, path: 'lag', ...trusting(hosts) } })
  await print(mine)
  return mine
}

const told = ({ last }: Answer, key: string): readonly unknown[] => (last['hosts'] as readonly Json[]).map((host) => host[key])
/** A table in one line: its columns are as wide as the names of releases. */
const plain = (text: string): string => text.replaceAll(/ +/g, ' ')

it('a host that was down lags behind, is told so, and is brought there by the next deploy', async () => {
  const mine = await asking()
  const first = await release(mine, '1.0.0')
  const begun = await mine.say(...DEPLOY)
  expect(begun.code, begun.stderr).toBe(0)
  expect(begun.stderr.split('\n')[0]).toBe('3 hosts of prod: h[1:3]')

  // Down: nothing is done anywhere, unless somebody says that it may be left out.
  const second = await release(mine, '2.0.0')
  await print(mine, 'h3')
  expect(await mine.call(...DEPLOY)).toMatchObject({
    code: 3,
    last: { code: 'CONNECTION', message: expect.stringContaining('h3') },
  })
  expect(await serving(hosts, 'lag')).toEqual(Array(3).fill(`releases/${first}`))
  expect(await mine.call(...DEPLOY, '--skip-unreachable')).toMatchObject({ code: 0, last: { changed: true, skipped: ['h3'] } })
  expect(await serving(hosts, 'lag')).toEqual([second, second, first].map((id) => `releases/${id}`))

  // Still down, it is remembered here.
  const down = await mine.call('status', '--skip-unreachable')
  const behind = { rollout: null, release: second, since: expect.stringMatching(/^20.*Z$/) }
  expect([down.code, told(down, 'behind'), told(down, 'reachable')]).toEqual([0, [null, null, behind], [true, true, false]])
  const silent = plain((await mine.say('status', '--skip-unreachable')).stdout)
  expect(silent).toMatch(/^prod h3 unreachable lags behind: the others got 2\.0\.0 /m)

  // Up again, it says itself that it has something else; so this machine and any other one tell it.
  await print(mine)
  const other = await asking()
  expect(told(await mine.call('status'), 'behind')).toEqual([null, null, behind])
  const { code, stdout } = await other.say('status')
  expect(code).toBe(0)
  expect(plain(stdout)).toMatch(/^prod h3 1\.0\.0 .* lags behind: 1\.0\.0, the others got 2\.0\.0 /m)
  expect(stdout).toMatch(/^h3 lags behind; it is brought there by: releaser deploy target=prod release=2\.0\.0$/m)

  const caught = await mine.call(...DEPLOY)
  expect([caught.code, told(caught, 'changed'), told(caught, 'current')]).toEqual([
    0,
    [false, false, true],
    Array(3).fill(second),
  ])

  // One that somebody switched by itself lags behind nobody.
  expect((await mine.call('rollback', 'target=prod', 'host=h1', '--yes')).code).toBe(0)
  expect(told(await mine.call('status'), 'behind')).toEqual([null, null, null])
  expect(plain((await mine.say('status')).stdout)).toMatch(/^prod h1 1\.0\.0 .* went elsewhere: the others got 2\.0\.0 /m)

  // Who acts on hosts says first on which; a single one that was not chosen is no news.
  const words = ['--', 'true'] as const
  expect((await mine.say('exec', 'target=prod', ...words)).stderr).toBe('3 hosts of prod: h[1:3]\n')
  expect((await mine.say('exec', 'target=prod', 'host=h2', ...words)).stderr).toBe('1 host of prod: h2\n')

  // Who needs no hosts does not ask for them.
  await mine.configure({ prod: { hosts: { command: 'exit 3' }, path: 'lag', ...trusting(hosts) } })
  expect((await mine.call('build')).code).toBe(0)
  expect(await mine.call('hosts')).toMatchObject({ code: 2, last: { code: 'CONFIG' } })
})
