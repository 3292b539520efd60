import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Target } from '../../src/model/config.ts'
import { built, home } from '../support/fleet.ts'
import { startHosts, type TestHosts } from '../support/hosts.ts'
import { targetOn } from '../support/laptop.ts'

let hosts: TestHosts
beforeAll(async () => {
  hosts = await startHosts(2)
})
afterAll(() => hosts?.stop())

const BACKUP: Target['backup'] = {
  paths: ['shared/data'],
  command: 'cat "$RELEASER_PATH/shared/data/x"',
  restore: 'cp "$BACKUP_FILE_TO_RESTORE" "$RELEASER_PATH/shared/restored"',
  verify: 'grep -q "content of $RELEASER_HOST" "$BACKUP_FILE_TO_RESTORE" && test -d "$RELEASER_UNPACKED/shared/data"',
  verifyEvery: '7d',
  fetch: { to: 'fetched', keep: 2 },
}

it('brings backups here, proves them there, and puts one back on a new host', { timeout: 300_000 }, async () => {
  const at = (index: number, ...path: string[]) => home(hosts, index, 'app', ...path)
  const more: Partial<Target> = { shared: { dirs: ['data'] }, backup: BACKUP }
  const mine = await built(hosts, 'app', more)
  expect(await mine.call('deploy', 'target=prod', '--yes')).toMatchObject({ code: 0 })
  for (const index of [0, 1]) writeFileSync(at(index, 'shared/data/x'), `content of h${index + 1} `.repeat(20_000))
  expect(await mine.call('backup-fetch', 'target=prod')).toMatchObject({ code: 9, last: { code: 'NOT_FOUND' } })
  expect(await mine.call('backup-verify', 'target=prod')).toMatchObject({ code: 9, last: { code: 'NOT_FOUND' } })
  const names: string[] = []
  for (let n = 0; n < 3; n++) {
    const { last } = await mine.call('backup', 'target=prod')
    names.push((last['backups'] as { name: string }[])[0]?.name ?? '')
    expect(await mine.call('backup-fetch', 'target=prod')).toMatchObject({
      code: 0,
      last: { changed: true, fetched: [{ host: 'h1' }, { host: 'h2' }] },
    })
  }
  const [, second = '', third = ''] = names
  const here = (...path: string[]) => join(mine.dir, 'fetched', ...path)
  expect(readdirSync(here('h1')).sort()).toEqual([second, `${second}.sha256`, third, `${third}.sha256`])
  expect(readdirSync(here('h2'))).toHaveLength(4)
  expect(readFileSync(here('h1', third))).toEqual(readFileSync(at(0, 'backups', third)))
  expect(statSync(here('h1', third)).mode & 0o777).toBe(0o600)
  expect(await mine.call('backup-fetch', 'target=prod')).toMatchObject({ code: 0, last: { changed: false } })

  // What was cut off goes on; what is another file stays.
  const whole = readFileSync(here('h1', third))
  const only = ['target=prod', 'host=h1', `backup=${third}`, 'to=elsewhere']
  expect(await mine.call('backup-fetch', ...only)).toMatchObject({ code: 0 })
  const file = join(mine.dir, 'elsewhere/h1', third)
  execFileSync('mv', [file, `${file}.part`])
  truncateSync(`${file}.part`, whole.length - 100)
  const resumed = await mine.call('backup-fetch', ...only)
  expect(resumed).toMatchObject({ code: 0, last: { changed: true } })
  expect(resumed.events.filter(({ event }) => event === 'progress').at(0)).toMatchObject({
    done: whole.length,
    total: whole.length,
  })
  expect(readFileSync(file)).toEqual(whole)
  rmSync(file)
  writeFileSync(`${file}.part`, 'something else')
  expect(await mine.call('backup-fetch', ...only)).toMatchObject({ code: 0 })
  expect(readFileSync(file)).toEqual(whole)
  writeFileSync(file, 'mine')
  expect(await mine.call('backup-fetch', ...only)).toMatchObject({ code: 11, last: { code: 'INTEGRITY' } })
  expect(readFileSync(file, 'utf8')).toBe('mine')

  // Proven on the hosts, as status can tell.
  const proven = await mine.call('backup-verify', 'target=prod')
  expect(proven).toMatchObject({
    code: 0,
    last: {
      verified: [
        { host: 'h1', name: third, ok: true },
        { host: 'h2', ok: true },
      ],
    },
  })
  for (const left of ['check', 'check.list', 'made.out']) expect(existsSync(at(0, '.releaser/timer/verify', left))).toBe(false)
  const status = (await mine.call('status', 'target=prod')).last['hosts'] as { backup: { proven: string; provenName: string } }[]
  expect(status[0]?.backup).toMatchObject({ proven: expect.stringMatching(/Z$/), provenName: third })
  expect((await mine.call('timer', 'status', 'target=prod')).last['jobs']).toContainEqual(
    expect.objectContaining({ host: 'h1', job: 'verify', ok: true }),
  )
  await mine.configure({ prod: targetOn(hosts, 'app', { ...more, backup: { ...BACKUP, verify: 'echo no rows; exit 3' } }) })
  expect(await mine.call('backup-verify', 'target=prod', 'host=h1')).toMatchObject({
    code: 10,
    last: { verified: [{ ok: false, output: expect.stringContaining('no rows') }] },
  })
  await mine.configure({ prod: targetOn(hosts, 'app', more) })
  expect(await mine.call('backup-verify', 'target=prod', 'host=h1', 'backup=./fetched/h1/nothing.tar.gz')).toMatchObject({
    code: 9,
  })

  // Encrypted: opened here, proven and put back there, and nothing of it stays open.
  execFileSync('age-keygen', ['-o', 'key'], { cwd: mine.dir, stdio: 'ignore' })
  const recipient = /age1\w+/.exec(readFileSync(join(mine.dir, 'key'), 'utf8'))?.[0] ?? ''
  const sealed = `${third.replace(/\d\d\.tar\.gz$/, '59.tar.gz')}.age`
  execFileSync(
    'sh',
    ['-c', 'age -r "$1" -o "$2" "$3" && sha256sum "$2" >"$2.sha256"', 'sh', recipient, sealed, here('h1', third)],
    { cwd: mine.dir },
  )
  expect(await mine.call('backup-verify', 'target=prod', 'host=h1', `backup=./${sealed}`)).toMatchObject({
    code: 2,
    last: { hint: expect.stringContaining('identity=FILE') },
  })
  expect(await mine.call('backup-verify', 'target=prod', 'host=h1', `backup=./${sealed}`, 'identity=key')).toMatchObject({
    code: 0,
  })
  execFileSync('sh', [
    '-c',
    'cp "$1" "$1.sha256" "$2"; chown -R --reference="$2" "$2"',
    'sh',
    join(mine.dir, sealed),
    at(0, 'backups'),
  ])

  // A new host: its files are gone.
  rmSync(at(0, 'shared/data'), { recursive: true })
  const back = await mine.call('restore', 'target=prod', 'host=h1', `backup=./${sealed}`, 'identity=key', '--yes')
  expect(back).toMatchObject({ code: 0, last: { restored: [{ host: 'h1', name: sealed }] } })
  expect(readFileSync(at(0, 'shared/data/x'), 'utf8')).toContain('content of h1')
  expect(readFileSync(at(0, 'shared/restored'), 'utf8')).toContain('content of h1')
  expect(readdirSync(at(0, '.releaser/restore'))).toEqual([])
  expect(readdirSync(join(mine.dir, '.releaser/tmp'))).toEqual([])

  // From one host to another of the same target, by a file; over what is mounted elsewhere or not to be written in.
  const [name = ''] = readdirSync(here('h1'))
  expect(await mine.call('restore', 'target=prod', 'host=h2', `backup=./fetched/h1/${name}`, '--yes')).toMatchObject({ code: 0 })
  expect(readFileSync(at(1, 'shared/data/x'), 'utf8')).toContain('content of h1')
})
