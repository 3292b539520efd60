import { readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Target } from '../../src/model/config.ts'
import { built, DEPLOY, home, release } from '../support/fleet.ts'
import { startHosts, type TestHosts, userProcesses } from '../support/hosts.ts'
import { type Laptop, targetOn } from '../support/laptop.ts'
import { until } from '../support/until.ts'

/** Two hosts behind a third: what people do all day, over the system's own ssh. */
let hosts: TestHosts
let mine: Laptop
beforeAll(async () => {
  hosts = await startHosts(3)
})
afterAll(() => hosts?.stop())

const serving = () => Promise.all([0, 1].map((index) => readFile(home(hosts, index, 'app', 'current/version.txt'), 'utf8')))
const behind = (more: Partial<Target> = {}): Target => targetOn(hosts, 'app', { jump: 'bastion', ...more }, ['h1', 'h2'])

async function configure(more: Partial<Target> = {}): Promise<void> {
  await mine.configure({ prod: behind(more) })
}

it('deploys, tells what is live, goes back by itself, rolls back and stops in good order', { timeout: 180_000 }, async () => {
  const [, , bastion] = hosts.hosts
  if (!bastion) throw new Error('three hosts')
  mine = await built(hosts, 'app')
  await mine.write({
    ssh_config: [
      'Host bastion',
      '  HostName 127.0.0.1',
      `  Port ${bastion.port}`,
      `  User ${bastion.user}`,
      `  IdentityFile ${hosts.identity}`,
      `  UserKnownHostsFile ${hosts.knownHosts}\n`,
    ].join('\n'),
  })
  Object.assign(mine.env, { RELEASER_SSH_CONFIG: `${mine.dir}/ssh_config` })
  await configure({ hooks: { 'post-activate': 'echo "it is on"' } })

  const first = await mine.call(...DEPLOY)
  expect({ code: first.code, stderr: first.stderr }).toMatchObject({ code: 0 })
  expect(await serving()).toEqual(['1.0.0', '1.0.0'])
  expect((await mine.call(...DEPLOY)).last).toMatchObject({ exit: 0, changed: false })

  await release(mine, '2.0.0')
  await configure({ hooks: { 'post-activate': 'echo "it does not start"; exit 3' } })
  const failed = await mine.call(...DEPLOY)
  expect(failed.last).toMatchObject({
    event: 'error',
    exit: 7,
    message: expect.stringContaining('post-activate ended with exit code 3'),
  })
  expect(await serving()).toEqual(['1.0.0', '1.0.0'])

  await configure()
  expect((await mine.call(...DEPLOY, '--force')).last).toMatchObject({ exit: 0, changed: true })
  expect(await serving()).toEqual(['2.0.0', '2.0.0'])
  expect((await mine.call('rollback', 'target=prod')).last).toMatchObject({ exit: 0 })
  expect(await serving()).toEqual(['1.0.0', '1.0.0'])
  expect((await mine.call('status', 'target=prod')).last).toMatchObject({
    hosts: [1, 2].map(() => ({ reachable: true, current: { version: '1.0.0' }, lock: null })),
  })
  const said = await mine.say('exec', 'target=prod', '--', 'sh', '-c', 'cat version.txt; exit 0')
  expect(said).toMatchObject({ code: 0, stdout: expect.stringContaining('1.0.0') })

  // A Ctrl-C reaches whoever is in the terminal, and must not end the line that takes all back.
  await release(mine, '3.0.0')
  await configure({ hooks: { 'post-activate': 'touch "$RELEASER_PATH/there"; sleep 30' } })
  const deploy = mine.start(...DEPLOY)
  await until(async () => (await readdir(home(hosts, 0, 'app'))).includes('there'))
  deploy.kill('SIGINT')
  expect(await deploy.ended).toMatchObject({ code: 130 })
  expect(await serving()).toEqual(['1.0.0', '1.0.0'])

  await until(async () => (await userProcesses(bastion.uid)).length === 0)
  expect(await folders(mine.dir)).toEqual([])
})

/** What connections of this laptop have left: others may have theirs at the same time. */
async function folders(dir: string): Promise<readonly string[]> {
  const names = (await readdir(tmpdir())).filter((name) => name.startsWith('rlsr-'))
  const texts = await Promise.all(names.map((name) => readFile(join(tmpdir(), name, 'config'), 'utf8').catch(() => '')))
  return names.filter((_, index) => texts[index]?.includes(dir))
}
