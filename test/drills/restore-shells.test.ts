import { createReadStream, existsSync, linkSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fetchBackup, layOut, lookInto, sendBackup } from '../../src/remote/backups.ts'
import { runJob } from '../../src/remote/jobs.ts'
import { processRemote } from '../../src/remote/process.ts'
import { NO_RELEASE } from '../../src/rollout/input.ts'
import { prepare } from '../../src/rollout/prepare.ts'
import { rollOut } from '../../src/rollout/rollout.ts'
import { jobRows } from '../../src/tasks/jobs.ts'
import { planRestore } from '../../src/tasks/restore.ts'
import { driver } from '../support/driver.ts'
import { pathOf, SHELLS } from '../support/shells.ts'
import { oddTree } from '../support/timer-host.ts'
import { listTree } from '../support/tree.ts'
import { until } from '../support/until.ts'

const { signal } = new AbortController()

describe.each(SHELLS)('backups where sh is %s', (shell) => {
  let base = ''
  let root = ''
  let env: Record<string, string> = {}
  beforeAll(async () => {
    base = await mkdtemp(join(tmpdir(), `releaser-restore-${shell}-`))
    root = join(base, `it's a "path" with $HOME in it`, 'app')
    env = { PATH: pathOf(shell, join(base, 'bin')), HOME: base }
  })
  afterAll(() => rm(base, { recursive: true, force: true }))
  const connect = async () => processRemote({ env, shell: [join(base, 'bin', 'sh'), '-c'], cwd: base })

  it('are handed over, taken in, proven and put back, or nothing is changed', async () => {
    const restore = 'cat "$BACKUP_FILE_TO_RESTORE" | cat >"$RELEASER_PATH/shared/restored"'
    const backup = { paths: ['shared/up loads', 'shared/one'], command: 'printf "rows of %s" "$RELEASER_HOST"', restore }
    const d = driver({ hosts: [{ connect, path: root }], target: { backup } })
    const build = join(base, 'build')
    await mkdir(build)
    writeFileSync(join(build, 'x'), 'x')
    expect(await d.roll(await d.pack(build))).toMatchObject([{ ok: true }])
    oddTree(join(root, 'shared/up loads'))
    linkSync(join(root, 'shared/up loads/readonly'), join(root, 'shared/up loads/hard'))
    writeFileSync(join(root, 'shared/one'), 'one')
    const was = await listTree(join(root, 'shared'))
    const [host] = d.target.hosts
    if (!host) throw new Error('no host')
    const destination = { host, target: d.target, connect }

    const prepared = await prepare({ destinations: [destination], observe: () => {}, skipUnreachable: false })
    const [asked] = prepared.hosts
    if (!asked) throw new Error('nobody answered')
    const { remote } = asked
    const made = await runJob(remote, root, { job: 'backup', rows: jobRows('backup', asked) }, signal)
    expect(made).toMatchObject({ exit: 0, message: '' })
    const name = made.made?.name ?? ''
    expect(await runJob(remote, root, { job: 'verify', rows: jobRows('verify', asked) }, signal)).toMatchObject({
      exit: 0,
      made: { name },
    })
    const about = { app: 'shop', target: 'prod', host: 'h1' }
    expect(await lookInto(remote, root, name, signal)).toMatchObject({
      about,
      paths: ['shared/one', 'shared/up loads'],
      dump: true,
    })

    const coming = await fetchBackup(remote, root, name, 10)
    const file = join(root, 'backups', name)
    const whole = readFileSync(file)
    if (!coming) throw new Error('it was not handed over')
    expect((await buffer(coming.stream)).equals(whole.subarray(10))).toBe(true)
    coming.close()
    expect(await fetchBackup(remote, root, 'none', 0)).toBeNull()
    const own = { name: 'sent.tar.gz', bytes: whole.length, sha256: coming.sha256, open: () => createReadStream(file) }
    await sendBackup(remote, root, own, signal, () => {})
    await expect(sendBackup(remote, root, { ...own, name: 'bad.tar.gz', sha256: 'ff' }, signal, () => {})).rejects.toMatchObject({
      code: 'NOT_CHANGED',
    })
    expect(readdirSync(join(root, '.releaser/restore')).sort()).toEqual(['sent.tar.gz', 'sent.tar.gz.sha256'])

    rmSync(join(root, 'shared/up loads/deep'), { recursive: true })
    rmSync(join(root, 'shared/one'))
    const spoiled = await listTree(join(root, 'shared'))
    const putBack = async (run: string, from: 'here' | 'sent') => {
      const laid = await layOut(remote, root, { key: `key${from}`, name: from === 'here' ? name : 'sent.tar.gz', from }, signal)
      const target = { ...d.target, backup: { ...backup, restore: run } }
      const again = await prepare({ destinations: [{ ...destination, target }], observe: () => {}, skipUnreachable: false })
      try {
        const plan = (_: unknown, facts: typeof asked.facts) =>
          planRestore({ ...asked, target, facts, first: true, backup: laid })
        const ready = again.hosts.map((each) => ({ ...each, plan: plan(each, each.facts) }))
        return await rollOut(ready, {
          plan,
          author: { by: 'ana', where: 'laptop', message: 'restore' },
          observe: () => {},
          signal,
          wait: undefined,
          ...NO_RELEASE,
        })
      } finally {
        await laid.release()
        await again.close()
      }
    }
    await expect(putBack('true; false | cat', 'here')).rejects.toMatchObject({ code: 'ROLLED_BACK' })
    expect(await listTree(join(root, 'shared'))).toEqual(spoiled)
    expect(await putBack(restore, 'sent')).toMatchObject([{ ok: true, state: 'done' }])
    expect((await listTree(join(root, 'shared'))).filter((line) => !line.startsWith('restored '))).toEqual(was)
    expect(readFileSync(join(root, 'shared/restored'), 'utf8')).toBe('rows of h1')
    for (const room of ['restore', 'tx', 'journal', 'lock']) expect(readdirSync(join(root, '.releaser', room)), room).toEqual([])

    // What nobody has taken goes with us; what is damaged is told.
    await layOut(remote, root, { key: 'left', name, from: 'here' }, signal)
    expect(existsSync(join(root, '.releaser/restore/left'))).toBe(true)
    await prepared.close()
    await until(async () => !existsSync(join(root, '.releaser/restore/left')))
    writeFileSync(file, Buffer.concat([whole.subarray(0, 300), Buffer.from('!'), whole.subarray(301)]))
    const fresh = await connect()
    await expect(layOut(fresh, root, { key: 'bad', name, from: 'here' }, signal)).rejects.toMatchObject({ code: 'INTEGRITY' })
    expect(await runJob(fresh, root, { job: 'verify', rows: jobRows('verify', asked) }, signal)).toMatchObject({ exit: 11 })
    await fresh.close()
    await until(async () => readdirSync(join(root, '.releaser/restore')).length === 0)
  })
})
