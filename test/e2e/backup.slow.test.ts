import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { built, home, release } from '../support/fleet.ts'
import { startHosts, type TestHosts } from '../support/hosts.ts'
import { until } from '../support/until.ts'

let hosts: TestHosts
beforeAll(async () => {
  hosts = await startHosts(2)
})
afterAll(() => hosts?.stop())

const NAME = /^shop_prod_1\.0\.0_\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d\.tar\.gz$/

it('backs up and sanitizes on every host, tells what failed, and ends with us', { timeout: 120_000 }, async () => {
  const at = (...path: string[]) => home(hosts, 0, 'app', ...path)
  const target = {
    env: { WORD: 'a  "b" $c' },
    secrets: { KEY: { command: 'echo hidden-word' } },
    backup: { paths: ['shared/data'], command: 'printf "%s" "$WORD $RELEASER_HOST"; echo "$KEY" >&2', keep: 1 },
    sanitize: { command: 'echo "swept $RELEASER_VERSION"; rm -r "$RELEASER_PATH/shared/data/old"' },
    shared: { dirs: ['data'] },
  }
  const mine = await built(hosts, 'app', target)
  await mine.write({ 'app/data/old/x': 'x' })
  await release(mine, '1.0.0')
  expect(await mine.call('backup', 'target=prod')).toMatchObject({ code: 9, last: { code: 'NOT_FOUND' } })
  expect(await mine.call('backups', 'target=prod')).toMatchObject({ code: 0, last: { backups: [] } })
  expect(await mine.call('deploy', 'target=prod', '--yes')).toMatchObject({ code: 0 })

  const dry = await mine.say('backup', 'target=prod', '--dry-run')
  expect(dry).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('h1: would run backup: path shared/data, command printf'),
  })
  const first = await mine.call('backup', 'target=prod')
  expect(first).toMatchObject({
    code: 0,
    last: {
      hosts: [
        { host: 'h1', ok: true, exit: 0 },
        { host: 'h2', ok: true },
      ],
    },
  })
  expect(first.stdout).not.toContain('hidden-word')
  const { backups } = first.last as unknown as { backups: { host: string; name: string; bytes: number; at: string }[] }
  expect(backups).toMatchObject([
    { host: 'h1', name: expect.stringMatching(NAME) },
    { host: 'h2', name: expect.stringMatching(NAME) },
  ])
  const listed = await mine.call('backups', 'target=prod')
  const own = backups.map((backup) => ({ ...backup, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }))
  expect(listed.last['backups']).toEqual(expect.arrayContaining(own))
  expect((await mine.say('backups', 'target=prod', 'host=h1')).stdout).toContain(backups[0]?.name)
  // What a client has asked for leaves nothing that a timer would go by.
  expect(readdirSync(at('.releaser/timer/backup')).sort()).toEqual(['lock', 'log', 'now', 'state'])
  expect(existsSync(at('.releaser/backup'))).toBe(false)

  const swept = await mine.call('sanitize', 'target=prod', 'host=h1')
  expect(swept).toMatchObject({ code: 0, last: { hosts: [{ stdout: expect.stringContaining('swept 1.0.0\n') }] } })
  expect(existsSync(at('shared/data/old'))).toBe(false)
  const again = await mine.call('sanitize', 'target=prod', 'host=h1')
  expect(again).toMatchObject({
    code: 10,
    last: { code: 'REMOTE_COMMAND', message: 'sanitize failed (h1: exit code 1)', hosts: [{ ok: false, exit: 1 }] },
  })
  expect(again.last['hosts']).toMatchObject([{ stderr: 'its command ended with exit code 1\n' }])

  const slow = await built(hosts, 'app', { backup: { command: 'echo; touch "$RELEASER_PATH/there"; exec sleep 1000' } }, ['h1'])
  const running = slow.start('backup', 'target=prod')
  await until(async () => existsSync(at('there')))
  expect(await mine.call('backup', 'target=prod', 'host=h1')).toMatchObject({ code: 4, last: { code: 'LOCKED' } })
  running.kill('SIGINT')
  expect(await running.ended).toMatchObject({ code: 130 })
  await until(async () => readFileSync(at('.releaser/timer/backup/state'), 'utf8').includes('message\tit was stopped\n'))
  expect(readdirSync(at('.releaser/timer/backup/lock'))).toEqual([])
  rmSync(at('there'))
  expect(readdirSync(at('backups'))).toEqual([backups[0]?.name, `${backups[0]?.name}.sha256`])
})
