import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { built, expectClean, home, release, serving } from '../support/fleet.ts'
import { startHosts, type TestHosts } from '../support/hosts.ts'
import { targetOn } from '../support/laptop.ts'

/** What databases held comes back from their dumps. */
let hosts: TestHosts
let cluster: { readonly dir: string; sql(text: string, database?: string): string; stop(): void }
beforeAll(async () => {
  hosts = await startHosts(1)
  cluster = startPostgres()
})
afterAll(async () => {
  cluster?.stop()
  await hosts?.stop()
})

/** A cluster of its own, reached by a socket in its folder; as user postgres where we are root, which it refuses to be run as. */
function startPostgres(): typeof cluster {
  const dir = mkdtempSync(join(tmpdir(), 'releaser-postgres-'))
  chmodSync(dir, 0o755)
  const [version = ''] = readdirSync('/usr/lib/postgresql').sort((a, b) => Number(b) - Number(a))
  const bin = join('/usr/lib/postgresql', version, 'bin')
  const owned = join(dir, 'own')
  mkdirSync(owned)
  const root = process.getuid?.() === 0
  if (root) execFileSync('chown', ['postgres', owned])
  const as = (...argv: readonly string[]): string =>
    execFileSync(
      root ? 'setpriv' : 'env',
      [...(root ? ['--reuid=postgres', '--regid=postgres', '--clear-groups'] : []), ...argv],
      {
        cwd: owned,
        encoding: 'utf8',
      },
    )
  const data = join(owned, 'data')
  as(join(bin, 'initdb'), '-D', data, '-A', 'trust', '-U', 'postgres', '--no-sync', '-E', 'UTF8')
  const options = `-k ${dir} -c listen_addresses='' -c fsync=off -c unix_socket_permissions=0777`
  if (root) execFileSync('chown', ['postgres', dir])
  as(join(bin, 'pg_ctl'), '-D', data, '-o', options, '-l', join(owned, 'log'), '-w', 'start')
  const sql = (text: string, database = 'shop') =>
    execFileSync('psql', ['-h', dir, '-U', 'postgres', '-d', database, '-qAt', '-v', 'ON_ERROR_STOP=1', '-c', text], {
      encoding: 'utf8',
    })
  return {
    dir,
    sql,
    stop: () => {
      as(join(bin, 'pg_ctl'), '-D', data, '-m', 'immediate', '-w', 'stop')
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

it('PostgreSQL: what was dropped is there again, and a restore that fails changes nothing', { timeout: 200_000 }, async () => {
  const { dir, sql } = cluster
  sql('create database shop', 'postgres')
  sql(`create table orders (id serial primary key, what text not null, paid numeric(10,2));
    insert into orders (what, paid) select 'größe ' || n || E'\\t''"\\n', n / 7.0 from generate_series(1, 2000) n`)
  const rows = () => sql('select count(*), md5(string_agg(orders::text, chr(10) order by id)) from orders')
  const was = rows()
  const backup = {
    command: 'pg_dump -Fc "$DATABASE"',
    verify: 'pg_restore -l "$BACKUP_FILE_TO_RESTORE" | grep "TABLE DATA public orders"',
    restore: 'pg_restore --clean --if-exists --single-transaction -d "$DATABASE" "$BACKUP_FILE_TO_RESTORE"',
  }
  const env = { DATABASE: `postgresql:///shop?host=${encodeURIComponent(dir)}&user=postgres` }
  const mine = await built(hosts, 'postgres', { env, backup })
  expect(await mine.call('deploy', 'target=prod', '--yes')).toMatchObject({ code: 0 })
  expect(await mine.call('backup', 'target=prod')).toMatchObject({ code: 0 })
  expect(await mine.call('backup-verify', 'target=prod')).toMatchObject({ code: 0 })
  sql('drop table orders; create table orders (id int); create table later (id int)')

  // It breaks in the middle: one transaction is all or nothing.
  const breaking = {
    ...backup,
    restore: `head -c $(($(wc -c <"$BACKUP_FILE_TO_RESTORE") / 2)) "$BACKUP_FILE_TO_RESTORE" >"$TMP"; ${backup.restore.replace('"$BACKUP_FILE_TO_RESTORE"', '"$TMP"')}`,
  }
  await mine.configure({ prod: targetOn(hosts, 'postgres', { env: { ...env, TMP: home(hosts, 0, 'half') }, backup: breaking }) })
  const failed = await mine.call('restore', 'target=prod', '--yes')
  expect(failed).toMatchObject({ code: 7, last: { code: 'ROLLED_BACK', hint: expect.stringContaining('--single-transaction') } })
  expect(sql('select count(*) from orders')).toBe('0\n')

  await mine.configure({ prod: targetOn(hosts, 'postgres', { env, backup }) })
  expect(await mine.call('restore', 'target=prod', '--yes')).toMatchObject({ code: 0 })
  expect(rows()).toBe(was)
  expect(sql("select nextval('orders_id_seq')")).toBe('2001\n')
  await expectClean(hosts, 'postgres', [0])
})

it('SQLite: a rollback with its backup goes back across a migration, and only then', { timeout: 200_000 }, async () => {
  const file = home(hosts, 0, 'sqlite/shared/db/shop.db')
  const query = (text: string) => execFileSync('sqlite3', [file, text], { encoding: 'utf8' })
  const database = '"$RELEASER_PATH/shared/db/shop.db"'
  const settings = {
    shared: { dirs: ['db'] },
    migrate: { run: `sqlite3 ${database} "$(cat migration.sql)"`, when: 'before-switch' as const },
    backup: {
      command: `sqlite3 ${database} ".backup '$RELEASER_BACKUP_DIR/shop.db'"`,
      restore: 'cp "$BACKUP_FILE_TO_RESTORE/shop.db" "$RELEASER_PATH/shared/db/shop.db"',
    },
  }
  const mine = await built(hosts, 'sqlite', settings)
  const first =
    "create table orders (id integer primary key, what text); insert into orders (what) values (char(10)), (x'ff00'), ('ä');"
  await mine.write({ 'app/migration.sql': first })
  const one = await release(mine, '1.0.0')
  const deploy = ['deploy', 'target=prod', '--yes']
  expect(await mine.call(...deploy)).toMatchObject({ code: 0 })
  const rows = query('select id, hex(what) from orders')
  await mine.write({ 'app/migration.sql': 'alter table orders drop column what; insert into orders default values;' })
  await release(mine, '2.0.0')

  // Without one of its time there is nothing to go back to.
  const back = ['rollback', 'target=prod', '--with-backup']
  expect(await mine.call('backup', 'target=prod')).toMatchObject({ code: 0 })
  expect(await mine.call(...deploy)).toMatchObject({ code: 0 })
  expect(await mine.call('backup', 'target=prod')).toMatchObject({ code: 0 })
  expect(query('select count(*) from orders')).toBe('4\n')
  const dry = await mine.say(...back, '--dry-run')
  expect(dry).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/unpack shop_prod_1\.0\.0_\S+ and prove it[\s\S]*restore: cp/),
  })
  expect(await mine.call(...back)).toMatchObject({ code: 2 })

  // A restore that fails leaves the release of today, and its data.
  await mine.configure({
    prod: targetOn(hosts, 'sqlite', { ...settings, backup: { ...settings.backup, restore: 'echo no; exit 5' } }),
  })
  expect(await mine.call(...back, '--yes')).toMatchObject({ code: 7, last: { code: 'ROLLED_BACK' } })
  expect(query('select count(*) from orders')).toBe('4\n')
  expect((await serving(hosts, 'sqlite'))[0]).not.toContain(one)

  await mine.configure({ prod: targetOn(hosts, 'sqlite', settings) })
  const done = await mine.call(...back, '--yes')
  expect(done).toMatchObject({ code: 0, last: { changed: true, release: { id: one } } })
  expect(query('select id, hex(what) from orders')).toBe(rows)
  expect((await serving(hosts, 'sqlite'))[0]).toContain(one)
  await expectClean(hosts, 'sqlite', [0])

  // What was made after it was activated is of another time.
  await release(mine, '3.0.0')
  await mine.configure({ prod: targetOn(hosts, 'sqlite', { ...settings, migrate: { run: 'true' } }) })
  expect(await mine.call('deploy', 'target=prod', '--yes')).toMatchObject({ code: 0 })
  rmSync(home(hosts, 0, 'sqlite/backups'), { recursive: true })
  expect(await mine.call(...back, '--yes')).toMatchObject({
    code: 9,
    last: { code: 'NOT_FOUND', hint: expect.stringContaining('releaser restore') },
  })
})
