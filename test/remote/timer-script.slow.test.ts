import { createHash } from 'node:crypto'
import {
  appendFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SHELLS } from '../support/shells.ts'
import { NAME, oddTree, RELEASE, type TimerHost, timerHost } from '../support/timer-host.ts'
import { listTree } from '../support/tree.ts'
import { until } from '../support/until.ts'

describe.each(SHELLS)('the program of the timer, where sh is %s', (shell) => {
  let host: TimerHost
  beforeAll(() => {
    host = timerHost(shell)
    oddTree(join(host.root, 'shared/up loads'))
    linkSync(join(host.root, 'shared/up loads/readonly'), join(host.root, 'shared/up loads/hard'))
    symlinkSync('up loads', join(host.root, 'shared/linked'))
    writeFileSync(join(host.root, 'shared/one'), 'one')
    writeFileSync(join(host.root, '.releaser/env'), 'env\tDB\ta "b" \\\\ $c\\nd\n')
  })
  afterAll(() => host.remove())

  it('backs up paths and what a command prints, and proves it', async () => {
    const command = `printf '%s|' "$DB" "$RELEASER_VERSION" "$RELEASER_RELEASE" "$RELEASER_TARGET" "$PWD" | cat; echo told >&2`
    host.install('backup', [
      ['env', 'RELEASER_TARGET', 'prod'],
      ['path', 'shared/up loads'],
      ['path', 'shared/linked'],
      ['path', 'shared/one'],
      ['command', command],
    ])
    expect(host.run('run', 'backup')).toEqual({ code: 0, said: '' })
    const { good, other } = host.backups()
    expect([good.length, other]).toEqual([1, []])
    const [name = ''] = good
    expect(name).toMatch(NAME)
    const file = join(host.root, 'backups', name)
    const sum = createHash('sha256').update(readFileSync(file)).digest('hex')
    expect(readFileSync(`${file}.sha256`, 'utf8')).toBe(`${sum}  ${name}\n`)
    const modes = [join(host.root, 'backups'), file, `${file}.sha256`].map((path) => statSync(path).mode & 0o777)
    expect(modes).toEqual([0o700, 0o600, 0o600])

    const there = host.unpack(name)
    const was = await listTree(join(host.root, 'shared/up loads'))
    for (const path of ['shared/up loads', 'shared/linked']) expect(await listTree(join(there, path)), path).toEqual(was)
    expect(readFileSync(join(there, 'shared/one'), 'utf8')).toBe('one')
    expect(statSync(join(there, 'shared/up loads/hard')).ino).toBe(statSync(join(there, 'shared/up loads/readonly')).ino)
    const own = join(there, '.releaser/backup')
    expect(readFileSync(join(own, 'stdout'), 'utf8')).toBe(
      `a "b" \\ $c\nd|1.4.0|${RELEASE}|prod|${host.root}/releases/${RELEASE}|`,
    )
    expect(readFileSync(join(own, 'about'), 'utf8')).toContain(`app\tshop\ntarget\tprod\nhost\th1\npath\t${host.root}\n`)
    expect(readFileSync(join(own, 'list'), 'utf8')).toContain(
      `${createHash('sha256').update('one').digest('hex')}\t./shared/one\n`,
    )
    const state = host.state('backup')
    expect(state).toMatchObject({ exit: '0', name, bytes: String(statSync(file).size), good: state['ended'] })
    expect(host.log('backup')).toContain('told\n')
    expect(readdirSync(join(host.root, '.releaser'))).not.toContain('backup')
    expect(readdirSync(join(host.root, '.releaser/timer/backup')).sort()).toEqual(['job', 'lock', 'log', 'now', 'state'])
  })

  it('takes files that a command leaves, in the place of what it prints', () => {
    host.install('backup', [['command', 'echo chatter; cp "$RELEASER_PATH/shared/one" "$RELEASER_BACKUP_DIR/db one"']])
    expect(host.run('run', 'backup')).toEqual({ code: 0, said: '' })
    const there = host.unpack(host.backups().good.at(-1) ?? '')
    expect(readdirSync(join(there, '.releaser/backup')).sort()).toEqual(['about', 'files', 'list'])
    expect(readFileSync(join(there, '.releaser/backup/files/db one'), 'utf8')).toBe('one')
    expect(host.log('backup')).toContain('chatter\n')
  })

  it.each([
    ['at its start', 'no-such-tool >"$RELEASER_BACKUP_DIR/a"\necho b', 'exit code 127'],
    ['in its middle', 'echo a\nfalse\necho b', 'exit code 1'],
    ['at its end', 'echo a; exit 7', 'exit code 7'],
    ['in a pipe', 'echo a; { echo b; exit 3; } | cat', 'exit code 3'],
    ['at the start of a pipe', 'no-such-tool | cat', 'exit code 127'],
    ['by a signal', 'echo a; kill -KILL $$', 'exit code 137'],
    ['with nothing to show', 'true', 'printed nothing'],
    ['over a path that is not there', null, 'shared/none is no file and no directory'],
  ])('makes no backup where the command fails %s', (_, command, message) => {
    const before = host.backups()
    const { good } = host.state('backup')
    host.install('backup', command === null ? [['path', 'shared/none']] : [['command', command]])
    const { code, said } = host.run('run', 'backup')
    expect({ code, said }).toEqual({ code: 1, said: expect.stringContaining(message) })
    expect(host.backups()).toEqual(before)
    expect(host.state('backup')).toMatchObject({
      exit: '1',
      message: expect.stringContaining(message),
      good,
      name: before.good.at(-1),
    })
    expect(host.log('backup')).toContain('failed: ')
  })

  it('keeps what the rule says, and whatever is not ours', () => {
    const room = join(host.root, 'backups')
    const named = (version: string, day: number, end = '') => `shop_prod_${version}_2020-01-0${day}_00-00-00.tar.gz${end}`
    for (const day of [1, 2]) for (const end of ['', '.sha256']) writeFileSync(join(room, named('1.4.0', day, end)), '')
    const foreign = [named('1.0.0', 3), 'notes.txt', named('1.0.0', 1).replace('shop', 'other')]
    for (const name of foreign) writeFileSync(join(room, name), '')
    writeFileSync(join(room, named('1.0.0', 4, '.sha256')), '') // its backup is gone
    writeFileSync(join(room, named('1.0.0', 5, '.part')), '') // of a run that was killed
    host.install('backup', [
      ['path', 'shared/one'],
      ['keep', '2 0 0 0'],
    ])
    const before = host.backups().good
    expect(host.run('run', 'backup').code).toBe(0)
    const { good, other } = host.backups()
    expect([good.length, good[0], other]).toEqual([2, before.at(-1), [...foreign].sort()])
    expect(host.log('backup')).toContain(`drop ${named('1.4.0', 1)}: no rule keeps it\n`)
  })

  it('does not run twice at once, and a job that was killed holds nothing up', async () => {
    host.install('backup', [
      ['command', 'echo a; touch "$RELEASER_PATH/there"; while [ -e "$RELEASER_PATH/there" ]; do sleep 0.05; done'],
    ])
    const first = host.start('run', 'backup')
    await until(async () => existsSync(join(host.root, 'there')))
    expect(host.run('run', 'backup')).toMatchObject({ code: 4, said: expect.stringContaining('backup is at work already') })
    first.kill('SIGKILL')
    await until(async () => first.signalCode !== null)
    expect(host.state('backup')).not.toHaveProperty('exit')
    host.install('backup', [['path', 'shared/one']])
    // After a reboot a number is somebody else's, who began at another time, or even at the same.
    const [boot = ''] = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').split('-')
    const birth = readFileSync(`/proc/${process.pid}/stat`, 'utf8').replace(/.*\) /, '').split(' ')[19]
    const locks = join(host.root, '.releaser/timer/backup/lock')
    for (const token of [`${process.pid}-1-${boot}-x`, `${process.pid}-${birth}-00000000-x`])
      writeFileSync(join(locks, `${token}.held`), '')
    const before = host.backups().good
    expect(host.run('run', 'backup').code).toBe(0)
    expect(host.backups().good.slice(0, -1)).toEqual(before)
    expect(readdirSync(locks)).toEqual([])
    // It bites: this one is alive.
    writeFileSync(join(locks, `${process.pid}-${birth}-${boot}-x.held`), '')
    expect(host.run('run', 'backup').code).toBe(4)
    rmSync(join(locks, `${process.pid}-${birth}-${boot}-x.held`))
    rmSync(join(host.root, 'there')) // the command ends
  })

  it('is told to stop, and says so', async () => {
    host.install('backup', [['command', 'echo a; echo $$ >"$RELEASER_PATH/pid"; exec sleep 1000']])
    const run = host.start('run', 'backup')
    await until(async () => existsSync(join(host.root, 'pid')) && readFileSync(join(host.root, 'pid'), 'utf8') !== '')
    run.kill('SIGTERM')
    await until(async () => run.exitCode !== null)
    expect(run.exitCode).toBe(1)
    expect(host.state('backup')).toMatchObject({ exit: '1', message: 'it was stopped' })
    const pid = Number(readFileSync(join(host.root, 'pid'), 'utf8'))
    await until(async () => !existsSync(`/proc/${pid}`) || readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z'))
  })

  it('reads once more what has changed while it was read, and then gives up', () => {
    const log = join(host.root, 'shared/growing')
    writeFileSync(log, 'a')
    const grow =
      '(while [ ! -e "$RELEASER_PATH/stop" ]; do echo more; sleep 0.001; done >>"$RELEASER_PATH/shared/growing") >/dev/null 2>&1 &'
    host.install('backup', [
      ['path', 'shared'],
      ['command', grow],
    ])
    const { code, said } = host.run('run', 'backup')
    writeFileSync(join(host.root, 'stop'), '')
    expect({ code, said }).toEqual({
      code: 1,
      said: expect.stringMatching(/changed while it was read: shared\/growing|tar failed/),
    })
    expect(host.log('backup').match(/: once more\n/g)).toHaveLength(2)
  })

  it('sanitizes: its command, and what is ours', () => {
    mkdirSync(join(host.root, 'shared/log'), { recursive: true })
    writeFileSync(join(host.root, 'shared/log/app.log'), Buffer.alloc(10_000_001))
    host.install('sanitize', [['command', 'echo swept; [ -z "$RELEASER_BACKUP_DIR" ]']])
    expect(host.run('run', 'sanitize')).toEqual({ code: 0, said: '' })
    expect(host.state('sanitize')).toMatchObject({ exit: '0' })
    expect(host.log('sanitize')).toContain('swept\n')
    const sizes = ['app.log', 'app.log.1'].map((name) => statSync(join(host.root, 'shared/log', name)).size)
    expect(sizes).toEqual([0, 10_000_001])
    host.install('sanitize', [['command', 'exit 9']])
    expect(host.run('run', 'sanitize')).toMatchObject({ code: 1, said: expect.stringContaining('exit code 9') })
  })

  it('runs what is due, once, and catches up what was missed', () => {
    const before = host.backups().good.length
    const tick = join(host.root, '.releaser/timer/backup/tick')
    host.install('backup', [
      ['path', 'shared/one'],
      ['schedule', '0 0 1 1 *'],
    ])
    writeFileSync(tick, '202501010000\n')
    writeFileSync(join(host.root, '.releaser/timer/sanitize/job'), 'schedule\t0 0 1 1 *\n') // not installed to the end
    expect(host.run('due')).toEqual({ code: 0, said: '' })
    expect(host.run('due')).toEqual({ code: 0, said: '' })
    expect(host.backups().good.length).toBe(before + 1)
    appendFileSync(join(host.root, '.releaser/timer/backup/log'), 'x'.repeat(1_000_001))
    writeFileSync(tick, '202501010000\n')
    expect(host.run('due').code).toBe(0)
    expect(readdirSync(join(host.root, '.releaser/timer/backup'))).toContain('log.1')
    expect(host.log('backup').length).toBeLessThan(2000)
  })

  it('understands nothing else', () => {
    expect([host.run('run', 'else').code, host.run('install').code]).toEqual([64, 64])
  })
})
