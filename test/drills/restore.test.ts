import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Target } from '../../src/model/config.ts'
import { built, expectClean, home, release } from '../support/fleet.ts'
import { startHosts, type TestHosts, userProcesses } from '../support/hosts.ts'
import { targetOn } from '../support/laptop.ts'
import { listTree } from '../support/tree.ts'
import { until } from '../support/until.ts'

/** What was backed up comes back; what goes wrong on the way leaves all as it was. */
let hosts: TestHosts
beforeAll(async () => {
  hosts = await startHosts(2)
})
afterAll(() => hosts?.stop())

const START = 'cat "$RELEASER_PATH/shared/db/rows" >"$RELEASER_PATH/started-with"; exec sleep 100000'
/** The app's own store: a file, dumped and put back by commands. */
const SETTINGS: Partial<Target> = {
  runner: { start: START },
  secrets: { KEY: { command: 'echo hidden-word' } },
  shared: { dirs: ['up loads', 'db'] },
  backup: {
    paths: ['shared/up loads', 'shared/one'],
    command: 'cat "$RELEASER_PATH/shared/db/rows"',
    restore:
      'cat "$BACKUP_FILE_TO_RESTORE" | cat >"$RELEASER_PATH/shared/db/rows"; echo "$RELEASER_BACKUP" >"$RELEASER_PATH/restored"; echo "$KEY"',
  },
}

/** Writes on a host, as its user would. */
function fill(at: (...path: string[]) => string, uid: number): void {
  mkdirSync(at('shared/up loads/deep/er empty'), { recursive: true })
  for (const name of [' leading', "it's", '"q"', 'back\\slash', 'new\nline', '-n', '$HOME', 'grün ✓'])
    writeFileSync(at('shared/up loads/deep', name), `content of ${name}`, { mode: 0o640 })
  writeFileSync(at('shared/up loads/readonly'), 'mine', { mode: 0o400 })
  linkSync(at('shared/up loads/readonly'), at('shared/up loads/hard'))
  symlinkSync('deep/-n', at('shared/up loads/ link to -n'))
  mkdirSync(at('shared/up loads/closed'), { mode: 0o500 })
  writeFileSync(at('shared/up loads/holes'), '')
  truncateSync(at('shared/up loads/holes'), 3_000_000)
  mkdirSync(at('shared/db'), { recursive: true })
  writeFileSync(at('shared/db/rows'), 'first rows')
  writeFileSync(at('shared/one'), 'one')
  execFileSync('chown', ['-Rh', String(uid), at('shared')])
  chmodSync(at('shared/up loads'), 0o550)
}

const spoil = (at: (...path: string[]) => string): void => {
  chmodSync(at('shared/up loads'), 0o750)
  rmSync(at('shared/up loads/deep'), { recursive: true })
  writeFileSync(at('shared/up loads/stranger'), 'came later')
  appendFileSync(at('shared/one'), ' and more')
  writeFileSync(at('shared/db/rows'), 'later rows')
  chmodSync(at('shared/up loads'), 0o510)
}

const appOf = async (uid: number) => (await userProcesses(uid)).filter(({ command }) => command.startsWith('sleep 100000'))

describe('a restore', () => {
  it('brings back paths and what was dumped, on every host or on none', { timeout: 300_000 }, async () => {
    const at =
      (index: number) =>
      (...path: string[]) =>
        home(hosts, index, 'app', ...path)
    const mine = await built(hosts, 'app', SETTINGS)
    expect(await mine.call('restore', 'target=prod', '--yes')).toMatchObject({ code: 9, last: { code: 'NOT_FOUND' } })
    for (const [index, { uid }] of hosts.hosts.entries()) fill(at(index), uid)
    for (const { home: dir, uid } of hosts.hosts) execFileSync('chown', ['-R', String(uid), join(dir, 'app')])
    expect(await mine.call('deploy', 'target=prod', '--yes')).toMatchObject({ code: 0 })
    expect(await mine.call('restore', 'target=prod', '--yes')).toMatchObject({ code: 9, last: { code: 'NOT_FOUND' } })
    expect(await mine.call('backup', 'target=prod')).toMatchObject({ code: 0 })
    const was = await listTree(at(0)('shared/up loads'))
    const links = lstatSync(at(0)('shared/up loads/readonly'))
    const [name = ''] = readdirSync(at(0)('backups'))
    spoil(at(0))
    spoil(at(1))

    const dry = await mine.say('restore', 'target=prod', 'host=h1', '--dry-run')
    expect(dry).toMatchObject({ code: 0, stdout: expect.stringContaining('replace shared/one, shared/up loads\n') })
    expect(readFileSync(at(0)('shared/one'), 'utf8')).toBe('one and more')
    expect(await mine.call('restore', 'target=prod')).toMatchObject({ code: 2, last: { code: 'USAGE' } })
    expect(await mine.call('restore', 'target=prod', 'backup=other', '--yes')).toMatchObject({
      code: 9,
      last: { code: 'NOT_FOUND' },
    })
    const before = (await appOf(hosts.hosts[0].uid))[0]?.pid
    const done = await mine.call('restore', 'target=prod', '--yes')
    expect(done).toMatchObject({
      code: 0,
      last: {
        target: 'prod',
        changed: true,
        restored: [{ host: 'h1', name }, { host: 'h2' }],
        hosts: [{ ok: true }, { ok: true }],
      },
    })
    expect(readFileSync(at(0)('restored'), 'utf8')).toBe(`${name}\n`)
    expect(done.stdout + done.stderr).not.toContain('hidden-word')
    expect(await listTree(at(0)('shared/up loads'))).toEqual(was)
    expect(lstatSync(at(0)('shared/up loads')).mode & 0o777).toBe(0o550)
    const now = lstatSync(at(0)('shared/up loads/hard'))
    expect([now.ino === lstatSync(at(0)('shared/up loads/readonly')).ino, now.nlink, now.mtimeMs]).toEqual([
      true,
      2,
      Math.floor(links.mtimeMs / 1000) * 1000,
    ])
    for (const index of [0, 1]) {
      expect(readFileSync(at(index)('shared/one'), 'utf8')).toBe('one')
      expect(readFileSync(at(index)('shared/db/rows'), 'utf8')).toBe('first rows')
      expect(readFileSync(at(index)('started-with'), 'utf8')).toBe('first rows')
      expect(readdirSync(at(index)('.releaser/restore'))).toEqual([])
    }
    await expectClean(hosts, 'app')
    const app = await appOf(hosts.hosts[0].uid)
    expect(app).toHaveLength(1)
    expect(app[0]?.pid).not.toBe(before)
    expect((await mine.call('history', 'target=prod', 'host=h1')).last['entries']).toMatchObject([
      { action: 'restore', ok: true },
      { action: 'deploy' },
    ])
  })

  it('leaves all as it was where its command fails, the archive is damaged, or we die', { timeout: 300_000 }, async () => {
    const at = (...path: string[]) => home(hosts, 0, 'app', ...path)
    const { uid } = hosts.hosts[0]
    const settings = (restore: string): Target =>
      targetOn(hosts, 'app', { ...SETTINGS, backup: { ...SETTINGS.backup, restore } }, ['h1'])
    const mine = await built(hosts, 'app', { ...SETTINGS })
    await release(mine, '1.0.1')
    spoil(at)
    execFileSync('chown', ['-Rh', String(uid), at('shared')])
    const was = await listTree(at('shared'))
    const same = async (): Promise<void> => {
      expect((await listTree(at('shared'))).filter((line) => !/^(log|env)/.test(line))).toEqual(
        was.filter((line) => !/^(log|env)/.test(line)),
      )
      expect(lstatSync(at('shared/up loads')).mode & 0o777).toBe(0o510)
      expect(await appOf(uid)).toHaveLength(1)
      await expectClean(hosts, 'app', [0])
      expect(readdirSync(at('.releaser/restore'))).toEqual([])
    }

    // A command that fails in the middle of a pipe.
    await mine.configure({ prod: settings('rm "$RELEASER_PATH/shared/up loads/readonly"; false | cat') })
    const failed = await mine.call('restore', 'target=prod', '--yes')
    expect(failed).toMatchObject({
      code: 7,
      last: { code: 'ROLLED_BACK', message: expect.stringContaining('restore ended with exit code 1') },
    })
    await same()

    // We are killed while it runs.
    await mine.configure({ prod: settings('touch "$RELEASER_PATH/there"; exec sleep 1000') })
    for (const signal of ['SIGKILL', 'SIGINT'] as const) {
      const running = mine.start('restore', 'target=prod', '--yes')
      await until(async () => existsSync(at('there')))
      expect(readFileSync(at('shared/one'), 'utf8')).toBe('one')
      running.kill(signal)
      expect((await running.ended).code).toBe(signal === 'SIGKILL' ? null : 130)
      rmSync(at('there'))
      await until(async () => readdirSync(at('.releaser/tx')).length === 0 && readdirSync(at('.releaser/lock')).length === 0)
      await same()
    }

    // What is damaged is refused before anything stops; so is what nobody can put back, and what is somebody else's.
    await mine.configure({ prod: targetOn(hosts, 'app', { ...SETTINGS, backup: { paths: ['shared/one'] } }, ['h1']) })
    expect(await mine.call('restore', 'target=prod', '--yes')).toMatchObject({ code: 2, last: { code: 'CONFIG' } })
    const [pid] = (await appOf(uid)).map((app) => app.pid)
    const [name = ''] = readdirSync(at('backups'))
    const sound = readFileSync(at('backups', name))
    const other = 'shop_prod_1.0.0_2020-01-01_00-00-00.tar.gz'
    const foreign = join(mine.dir, other)
    execFileSync(
      'sh',
      [
        '-c',
        'mkdir x && tar -xzf "$1" -C x && cd x && sed "s/^app.shop/app\tbakery/" .releaser/backup/about >a && mv a .releaser/backup/about && find . -name about | xargs sha256sum >sum && list=$(grep -v "/about$" .releaser/backup/list; printf "%s\t./.releaser/backup/./about\n" "$(cut -c -64 sum)") && rm sum && printf "%s\n" "$list" | LC_ALL=C sort >.releaser/backup/list && tar -czf "$2" ./.releaser/backup/. "./shared/up loads/." ./shared/one',
        'sh',
        at('backups', name),
        foreign,
      ],
      { cwd: mine.dir },
    )
    await mine.configure({ prod: settings(SETTINGS.backup?.restore ?? '') })
    const refused = await mine.call('restore', 'target=prod', `backup=./${other}`, '--yes')
    expect(refused).toMatchObject({ code: 2, last: { code: 'USAGE', message: expect.stringContaining('is a backup of bakery') } })
    writeFileSync(at('backups', name), Buffer.concat([sound.subarray(0, 200), Buffer.from('x'), sound.subarray(201)]))
    const damaged = await mine.call('restore', 'target=prod', '--yes')
    expect(damaged).toMatchObject({ code: 11, last: { code: 'INTEGRITY' } })
    expect(await mine.call('backup-verify', 'target=prod')).toMatchObject({ code: 11, last: { code: 'INTEGRITY' } })
    expect((await appOf(uid)).map((app) => app.pid)).toEqual([pid])
    await same()
    writeFileSync(at('backups', name), sound)

    const forced = await mine.call('restore', 'target=prod', `backup=./${other}`, '--yes', '--force')
    expect(forced).toMatchObject({ code: 0 })
    expect(readFileSync(at('shared/one'), 'utf8')).toBe('one')
  })
})
