import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type LoadedConfig, loadConfig, pickTargets, targetsOrAll } from '../../src/local/config.ts'
import { ReleaserError } from '../../src/model/errors.ts'
import { project } from '../support/project.ts'
import { until } from '../support/until.ts'

/** A project with a target for each of these commands that print hosts. */
async function withCommands(
  commands: Readonly<Record<string, object>>,
  files: Readonly<Record<string, string>> = {},
): Promise<LoadedConfig> {
  const targets = Object.fromEntries(Object.entries(commands).map(([name, hosts]) => [name, { hosts, path: '/srv/shop' }]))
  const config = { app: 'shop', defaults: { identity: 'key', tags: ['all'] }, targets }
  return loadConfig({ cwd: await project({ 'releaser.config.json': JSON.stringify(config), ...files }) })
}

/** What asking a command for hosts fails with. */
async function refused(
  hosts: object,
  files?: Readonly<Record<string, string>>,
): Promise<Pick<ReleaserError, 'message' | 'hint'>> {
  const loaded = await withCommands({ prod: hosts }, files)
  const error = await pickTargets(loaded, 'prod').catch((thrown: unknown) => thrown)
  if (!(error instanceof ReleaserError)) throw new Error(`no error of ours: ${error}`)
  expect([error.code, error.exitCode]).toEqual(['CONFIG', 2])
  const plain = (text: string) => text.replaceAll(loaded.file, 'FILE').replaceAll(loaded.dir, 'DIR')
  return { message: plain(error.message), hint: error.hint === undefined ? undefined : plain(error.hint) }
}

const refusedPrint = (value: unknown) => refused({ command: 'cat printed' }, { printed: JSON.stringify(value) })

test('a command prints what could stand in the configuration, and is asked in its folder', async () => {
  const printed = ['deploy@web[01:02].example.com:2222', { host: 'db1', path: '/srv/db', tags: ['eu'], identity: 'other' }]
  const loaded = await withCommands(
    { prod: { command: 'cat printed' } },
    { printed: `\n${JSON.stringify(printed, undefined, 2)}\n` },
  )
  const [target] = await pickTargets(loaded, 'prod')
  const web = { user: 'deploy', port: 2222, path: '/srv/shop', env: {}, tags: [], identity: join(loaded.dir, 'key') }
  expect(target?.hosts).toEqual([
    { ...web, host: 'web01.example.com', name: 'web01.example.com:2222' },
    { ...web, host: 'web02.example.com', name: 'web02.example.com:2222' },
    {
      host: 'db1',
      name: 'db1',
      user: undefined,
      port: undefined,
      path: '/srv/db',
      env: {},
      tags: ['eu'],
      identity: join(loaded.dir, 'other'),
    },
  ])
})

test('it is asked only when somebody needs the hosts, and once', async () => {
  const command = 'echo "$RELEASER_APP $RELEASER_TARGET" >>asked; echo "[\\"$RELEASER_TARGET-1\\"]"'
  const loaded = await withCommands({ prod: { command }, staging: { command } })
  const asked = join(loaded.dir, 'asked')
  expect(existsSync(asked)).toBe(false)
  await pickTargets(loaded, 'prod')
  await pickTargets(loaded, 'prod')
  expect(await readFile(asked, 'utf8')).toBe('shop prod\n')
  const all = await targetsOrAll(loaded, undefined, new AbortController().signal)
  expect(all.map(({ hosts }) => hosts.map(({ name }) => name))).toEqual([['prod-1'], ['staging-1']])
  expect(await readFile(asked, 'utf8')).toBe('shop prod\nshop staging\n')
})

test('the commands of several targets run side by side', async () => {
  // Each waits until the other one has begun.
  const command = 'touch "$RELEASER_TARGET"; until [ -e prod ] && [ -e staging ]; do sleep 0.05; done; echo "[\\"web1\\"]"'
  const loaded = await withCommands({ prod: { command }, staging: { command } })
  expect((await pickTargets(loaded, 'prod,staging')).map(({ hosts }) => hosts.length)).toEqual([1, 1])
})

const FORM = `let it print a list as JSON, as in the configuration: ["web1", {"host": "web[02:20]", "tags": ["eu"]}]`

describe('is refused', () => {
  test.each<[string, string, string, string?]>([
    [
      'a command that fails',
      'echo out; echo "+ ask" >&2; echo "no such region" >&2; exit 3',
      'targets.prod.hosts has a command that ended with exit code 3:\n  + ask\n  no such region, in FILE',
      'try it by hand in DIR; it runs without a terminal, and has 60 s',
    ],
    ['one that prints nothing', 'true', 'targets.prod.hosts has a command whose output is not JSON, in FILE', FORM],
    ['words', 'echo web1', 'targets.prod.hosts has a command whose output is not JSON, in FILE', FORM],
    ['bytes', 'printf \'["\\377"]\'', 'targets.prod.hosts has a command whose output is not JSON, in FILE', FORM],
    ['too much', 'yes | head -c 3000000', 'targets.prod.hosts has a command that prints 1 MiB and more, in FILE', FORM],
  ])('%s', async (_what, command, message, hint) => {
    expect(await refused({ command })).toEqual({ message, hint })
  })

  test('one that takes too long, with all that it started', async () => {
    const loaded = await withCommands({ prod: { command: 'sleep 600 & echo $! >pid; wait', timeout: '1s' } })
    await expect(pickTargets(loaded, 'prod')).rejects.toMatchObject({
      code: 'CONFIG',
      message: `targets.prod.hosts has a command that took longer than its timeout, in ${loaded.file}`,
      hint: `try it by hand in ${loaded.dir}; it runs without a terminal, and has 1 s`,
    })
  })

  test('no host at all', async () => {
    expect(await refusedPrint([])).toEqual({
      message: 'targets.prod.hosts has a command that knows of no host, in FILE',
      hint: 'let it end with another exit code than 0 where it cannot know any',
    })
  })

  test("another tool's inventory, with our form", async () => {
    expect(await refusedPrint({ web: { hosts: ['web1'] } })).toEqual({
      message: 'hosts must be a list, not an object, in what the command of targets.prod.hosts printed',
      hint: `${FORM}; inventories of other tools have forms of their own`,
    })
  })

  test('entries that could not stand in the configuration, all of them at once', async () => {
    expect(await refusedPrint(['web1', { hots: 'web2' }, { host: 'web3', port: 0 }, 7])).toMatchObject({
      message: `4 problems in what the command of targets.prod.hosts printed:
  hosts[1].host is missing
  hosts[1].hots is not a known key (there is: host, user, port, name, path, env, tags, identity)
  hosts[2].port must be a port from 1 to 65535
  hosts[3] must be a string or an object, not 7`,
    })
    expect(await refusedPrint(['a b', 'web[3:1]'])).toMatchObject({
      message: `2 problems in what the command of targets.prod.hosts printed:
  hosts[0] holds a space or a control character (write 'host', 'user@host', 'user@host:port' or 'user@[::1]:22')
  hosts[1] "web[3:1]" has a range that cannot be: [3:1] (write 'web[01:20].example.com')`,
    })
  })

  test('a host that is there twice', async () => {
    expect(await refusedPrint(['web[1:3]', { host: 'web2' }])).toEqual({
      message: 'hosts[3] is called "web2", as is hosts[1], in what the command of targets.prod.hosts printed',
      hint: "give it a name of its own: { host: …, name: 'web2' }",
    })
  })
})

test('an abort ends the command', async () => {
  const loaded = await withCommands({ prod: { command: 'touch began; exec sleep 600' } })
  const stop = new AbortController()
  const picked = pickTargets(loaded, 'prod', stop.signal).catch((thrown: unknown) => thrown)
  await until(async () => existsSync(join(loaded.dir, 'began')))
  stop.abort()
  expect(await picked).toMatchObject({ code: 'INTERRUPTED', message: 'stopped while asking for the hosts of prod' })
})
