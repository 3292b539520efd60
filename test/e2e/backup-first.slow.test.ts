import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { built, DEPLOY, expectClean, home, release, serving } from '../support/fleet.ts'
import { startHosts, type TestHosts, userProcesses } from '../support/hosts.ts'
import { targetOn } from '../support/laptop.ts'
import { until } from '../support/until.ts'

let hosts: TestHosts
beforeAll(async () => {
  hosts = await startHosts(2)
})
afterAll(() => hosts?.stop())

it('backs up what is there before a deploy changes anything, and does not deploy without', { timeout: 180_000 }, async () => {
  const at = (...path: string[]) => home(hosts, 0, 'app', ...path)
  const names = () => (existsSync(at('backups')) ? readdirSync(at('backups')).filter((name) => name.endsWith('.age')) : [])
  const key = join(hosts.dir, 'key')
  execFileSync('age-keygen', ['-o', key], { stdio: 'ignore' })
  const encryptTo = /age1\w+/.exec(readFileSync(key, 'utf8'))?.[0] ?? ''
  const target = (word: string, command: string) => ({
    env: { WORD: word },
    secrets: { KEY: { command: 'echo hidden-word' } },
    backup: { command, beforeDeploy: true, encryptTo },
    hooks: { 'post-backup': 'echo "$RELEASER_BACKUP_FILE $KEY" >>"$RELEASER_PATH/copied"' },
    migrate: { run: 'ls "$RELEASER_PATH/backups" >"$RELEASER_PATH/migrated" 2>&1 || true' },
  })
  const mine = await built(hosts, 'app', target('one', 'printf "%s" "$WORD"'), ['h1'])
  const configure = (word: string, command: string) => mine.configure({ prod: targetOn(hosts, 'app', target(word, command)) })

  expect((await mine.say(...DEPLOY, '--dry-run')).stdout).toContain('  nothing to back up yet\n')
  const first = await mine.say(...DEPLOY)
  expect(first, first.stderr).toMatchObject({ code: 0 })
  expect(first.stderr).toContain('h1: nothing is deployed there yet: nothing to back up')
  expect(await mine.call(...DEPLOY)).toMatchObject({ code: 0, last: { changed: false } })
  expect(names()).toEqual([])

  await release(mine, '2.0.0')
  await configure('two', 'printf "%s" "$WORD"')
  const dry = await mine.say(...DEPLOY, '--dry-run')
  expect(dry.stdout).toContain(`  back up first: command printf "%s" "$WORD", encrypted to ${encryptTo}, post-backup echo`)
  const second = await mine.call(...DEPLOY)
  expect(second, second.stderr).toMatchObject({ code: 0 })
  const [made = ''] = names()
  expect(made).toMatch(/^shop_prod_1\.0\.0_.*\.tar\.gz\.age$/)
  // It is of what was there, with the environment of that.
  const plain = execFileSync('age', ['-d', '-i', key, at('backups', made)])
  expect(execFileSync('tar', ['-xzO', './.releaser/backup/./stdout'], { input: plain, encoding: 'utf8' })).toBe('one')
  expect(readFileSync(at('migrated'), 'utf8')).toContain(made)
  expect(readFileSync(at('copied'), 'utf8')).toBe(`${at('backups', made)} hidden-word\n`)
  expect((await mine.call('backups', 'target=prod')).last['backups']).toMatchObject([{ host: 'h1', name: made }])
  expect(existsSync(home(hosts, 1, 'app/backups'))).toBe(false)

  const before = await serving(hosts, 'app')
  rmSync(at('migrated'))
  await release(mine, '3.0.0')
  await configure('three', '[ "$RELEASER_HOST" != h2 ] || exec sleep 1000; echo "lost: $KEY" >&2; exit 3')
  const failed = await mine.say(...DEPLOY)
  expect(failed.code).toBe(6)
  expect(failed.stderr).toMatch(/^h1: \| lost: \*\*\*$/m)
  expect(failed.stderr).toContain(
    'releaser: error: h1: the backup before the deploy failed: its command ended with exit code 3 (nothing was changed on any host)\n' +
      'releaser: hint: mend that, and deploy again; all that it said: releaser timer log target=prod job=backup\n',
  )
  expect([await serving(hosts, 'app'), existsSync(at('migrated'))]).toEqual([before, false])
  expect(readFileSync(at('shared/env'), 'utf8')).toContain('two')
  await expectClean(hosts, 'app')
  const other = home(hosts, 1, 'app/.releaser/timer/backup/state')
  await until(async () => readFileSync(other, 'utf8').includes('message\tit was stopped\n'))
  // The way back does not hang on it.
  expect(await mine.call('rollback', 'target=prod', 'host=h1', '--yes')).toMatchObject({ code: 0 })

  await configure('three', 'touch "$RELEASER_PATH/there"; test -e "$RELEASER_PATH/go" || exec sleep 1000; echo x')
  const stopped = mine.start(...DEPLOY)
  await until(async () => existsSync(at('there')))
  expect(await mine.call('backup', 'target=prod', 'host=h1')).toMatchObject({ code: 4 })
  stopped.kill('SIGINT')
  expect(await stopped.ended).toMatchObject({ code: 130 })
  await expectClean(hosts, 'app')
  await until(async () => readFileSync(at('.releaser/timer/backup/state'), 'utf8').includes('message\tit was stopped\n'))
  const left = await userProcesses(hosts.hosts[0].uid)
  expect(left.filter(({ command }) => command.includes('sleep 1000'))).toEqual([])

  rmSync(at('there'))
  const busy = mine.start('backup', 'target=prod', 'host=h1')
  await until(async () => existsSync(at('there')))
  expect(await mine.call(...DEPLOY)).toMatchObject({ code: 4, last: { code: 'LOCKED' } })
  const waiting = mine.start(...DEPLOY, '--wait=60s')
  await until(async () => waiting.said().includes('waiting for a backup'))
  for (const index of [0, 1]) writeFileSync(home(hosts, index, 'app/go'), '')
  busy.kill('SIGINT')
  expect([(await waiting.ended).code, names().length]).toEqual([0, 2])
})
