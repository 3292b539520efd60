import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SHELLS } from '../support/shells.ts'
import { NAME, oddTree, RELEASE, type TimerHost, timerHost } from '../support/timer-host.ts'
import { listTree } from '../support/tree.ts'
import { until } from '../support/until.ts'

/** Does what age does, and then what FAKE says. */
const AGE = `#!/bin/sh
real=$(command -v real-age)
case $FAKE in
  refuse) echo 'age: error: no space left' >&2; exit 1 ;;
  hang) echo >hangs; exec sleep 1000 ;;
  fewer) head -n 1 "$2" >"$2.one"; set -- -R "$2.one" -o "$4" "$5" ;;
esac
"$real" "$@" || exit
size=$(wc -c <"$4")
case $FAKE in
  nothing) rm "$4" ;;
  empty) true >"$4" ;;
  header) head -c 40 "$4" >"$4.x"; mv "$4.x" "$4" ;;
  last) head -c $((size - 1)) "$4" >"$4.x"; mv "$4.x" "$4" ;;
  more) echo >>"$4" ;;
  plain) cp "$5" "$4" ;;
esac
`

describe.each(SHELLS)('a backup that has been proven, where sh is %s', (shell) => {
  let host: TimerHost
  let keys: string
  let to: readonly (readonly string[])[]
  beforeAll(() => {
    host = timerHost(shell)
    oddTree(join(host.root, 'shared/up loads'))
    const bin = host.env['PATH']?.split(':')[0] ?? ''
    writeFileSync(join(bin, 'age'), AGE.replace('/bin/sh', join(bin, 'sh')), { mode: 0o755 })
    execFileSync('ln', ['-s', execFileSync('which', ['age'], { encoding: 'utf8' }).trim(), join(bin, 'real-age')])
    keys = join(host.root, '../keys')
    mkdirSync(keys)
    execFileSync('age-keygen', ['-o', join(keys, 'age')], { stdio: 'ignore' })
    execFileSync('ssh-keygen', ['-q', '-N', '', '-t', 'ed25519', '-f', join(keys, 'ssh')])
    const recipients = [
      /age1\w+/.exec(readFileSync(join(keys, 'age'), 'utf8'))?.[0] ?? '',
      readFileSync(join(keys, 'ssh.pub'), 'utf8'),
    ]
    to = recipients.map((key) => ['encrypt', key.split(' ').slice(0, 2).join(' ').trim()])
  })
  afterAll(() => host.remove())

  const decrypted = (key: string, name: string) => {
    const file = join(host.root, 'backups', `${key}.tar.gz`)
    execFileSync('age', ['-d', '-i', join(keys, key), '-o', file, join(host.root, 'backups', name)])
    const there = host.unpack(`${key}.tar.gz`)
    rmSync(file)
    return there
  }

  it('is encrypted to each of those who may read it, and counts with those that are not', async () => {
    const paths = [
      ['path', 'shared/up loads'],
      ['keep', '2 0 0 0'],
    ]
    host.install('backup', paths)
    expect(host.run('run', 'backup')).toEqual({ code: 0, said: '' })
    const [plain = ''] = host.backups().good
    host.install('backup', [...paths, ...to])
    expect(host.run('run', 'backup')).toEqual({ code: 0, said: '' })
    const { good, other } = host.backups()
    expect([good[0], good.length, other]).toEqual([plain, 2, []])
    const [, name = ''] = good
    expect(name).toMatch(NAME)
    expect(name).toMatch(/\.tar\.gz\.age$/)
    const file = join(host.root, 'backups', name)
    expect(readFileSync(file, 'latin1').startsWith('age-encryption.org/v1\n')).toBe(true)
    expect([file, `${file}.sha256`].map((path) => statSync(path).mode & 0o777)).toEqual([0o600, 0o600])
    const sum = createHash('sha256').update(readFileSync(file)).digest('hex')
    expect(readFileSync(`${file}.sha256`, 'utf8')).toBe(`${sum}  ${name}\n`)
    expect(host.state('backup')).toMatchObject({ exit: '0', name, bytes: String(statSync(file).size) })
    const was = await listTree(join(host.root, 'shared/up loads'))
    for (const key of ['age', 'ssh']) expect(await listTree(join(decrypted(key, name), 'shared/up loads')), key).toEqual(was)
    expect(readdirSync(join(host.root, '.releaser/timer/backup')).sort()).toEqual(['job', 'lock', 'log', 'now', 'state'])

    expect(host.run('run', 'backup')).toEqual({ code: 0, said: '' })
    const later = host.backups()
    expect([later.good.length, later.good[0], later.other]).toEqual([2, name, []])
    expect(host.log('backup')).toContain(`drop ${plain}: no rule keeps it\n`)
  })

  it('has no name where age has failed, or what it wrote is not whole', () => {
    const before = host.backups()
    const fake = (what: string) => {
      host.install('backup', [['env', 'FAKE', what], ['path', 'shared/up loads'], ...to])
      const { code, said } = host.run('run', 'backup')
      expect([code, host.backups()], what).toEqual([1, before])
      expect(readdirSync(join(host.root, '.releaser/timer/backup')).sort(), what).toEqual(['job', 'lock', 'log', 'now', 'state'])
      return said.replace(/^.*cannot encrypt it: /, '').trim()
    }
    expect(fake('refuse')).toBe('age: error: no space left')
    for (const what of ['nothing', 'empty', 'header', 'last', 'more', 'plain', 'fewer'])
      expect(fake(what)).toBe('what age has written is not whole')
    host.install('backup', [
      ['path', 'shared/up loads'],
      ['encrypt', 'age1nobody'],
    ])
    expect(host.run('run', 'backup').said).toContain('cannot encrypt it: age: error: ')
    host.install('backup', [['env', 'PATH', join(keys, 'none')], ['path', 'shared/up loads'], ...to])
    expect(host.run('run', 'backup').said).toContain('cannot encrypt it: age is not there, or not in PATH\n')
    expect(host.backups()).toEqual(before)
  })

  it('lies nowhere with its own name while it is encrypted, and is gone with the next run where that was killed', async () => {
    const before = host.backups()
    const plain = join(host.root, '.releaser/timer/backup/made.plain')
    host.install('backup', [['env', 'FAKE', 'hang'], ['path', 'shared/up loads'], ...to])
    const running = host.start('run', 'backup')
    await until(async () => existsSync(join(host.root, 'hangs')))
    process.kill(-(running.pid ?? 0), 'SIGKILL')
    expect(statSync(plain).mode & 0o777).toBe(0o600)
    expect(host.backups().good).toEqual(before.good)
    host.install('backup', [['path', 'shared/up loads'], ...to])
    expect(host.run('run', 'backup')).toEqual({ code: 0, said: '' })
    expect([existsSync(plain), host.backups().other]).toEqual([false, []])
  })

  // Busybox would read all of it.
  it.each(shell === 'busybox' ? [] : [5_000_000_000])('may be of %d bytes', (plain) => {
    const file = join(keys, 'big')
    const head = 'age-encryption.org/v1\n-> X25519 abc\ndef\n--- mac\n'
    const sealed = (size: number, plain: number, whom = 1) => {
      writeFileSync(file, head)
      truncateSync(file, size)
      const words = [`${readFileSync('templates/remote/seal.sh', 'utf8')}\nsealed "$@"`, 'sh', file, `${plain}`, `${whom}`]
      return spawnSync('sh', ['-c', ...words], { env: { ...host.env, LC_ALL: 'C' } }).status === 0
    }
    const size = head.length + 16 + plain + 16 * Math.ceil(plain / 65536)
    expect([size, size - 1, size + 1, size - 2 ** 32].map((bytes) => sealed(bytes, plain))).toEqual([true, false, false, false])
    expect([sealed(size, plain, 2), sealed(head.length + 33, 1), sealed(head.length + 16 + 65552, 65536)]).toEqual([
      false,
      true,
      true,
    ])
  })

  it('is told to the hook, whose failure does not take it away', () => {
    const hook = (run: string, ...more: string[][]) => {
      const told = [
        ['patience', '60'],
        ['on-failure', 'stop'],
        ['hook-data', '{"hook":"post-backup","path":"a \\"b\\" \\\\"}'],
      ]
      // A second of the same second waits for its name.
      rmSync(join(host.root, 'backups'), { recursive: true })
      const words = new Map([...told, ...more].map(([key = '', value = '']) => [key, value]))
      host.install('backup', [['path', 'shared/up loads'], ['keep', '20 0 0 0'], ['post-backup', run], ...words])
      const { code, said } = host.run('run', 'backup')
      const newest = host.backups().good.at(-1) ?? ''
      const state = host.state('backup')
      // Good or bad, it is there and counts as the last good one.
      expect(state).toMatchObject({
        name: newest,
        bytes: String(statSync(join(host.root, 'backups', newest)).size),
        good: state['ended'],
      })
      return { code, said: said.replace(/^.*: (?=post-backup)/, '').trim(), newest, state }
    }
    const out = join(host.root, 'told')
    const names = ['HOOK', 'RELEASE', 'VERSION', 'BACKUP_FILE', 'BACKUP_NAME', 'BACKUP_BYTES', 'BACKUP_SHA256'].map(
      (name) => `$RELEASER_${name}`,
    )
    const good = hook(
      `printf '%s\\n' "${names.join('" "')}" "$PWD" >"$RELEASER_PATH/told"; cat >>"$RELEASER_PATH/told"; echo copied`,
    )
    expect(good).toMatchObject({ code: 0, said: '', state: { exit: '0' } })
    const file = join(host.root, 'backups', good.newest)
    const bytes = statSync(file).size
    const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex')
    const lines = readFileSync(out, 'utf8').split('\n')
    expect(lines.slice(0, 8)).toEqual([
      'post-backup',
      RELEASE,
      '1.4.0',
      file,
      good.newest,
      String(bytes),
      sha256,
      join(host.root, 'releases', RELEASE),
    ])
    expect(JSON.parse(lines[8] ?? '')).toEqual({
      hook: 'post-backup',
      path: 'a "b" \\',
      release: { id: RELEASE, version: '1.4.0' },
      backup: { name: good.newest, bytes, sha256 },
    })
    expect(host.log('backup')).toContain('\ncopied\n')

    const bad = hook('echo on its way; echo "no such bucket" >&2; exit 3')
    const why = 'post-backup ended with exit code 3: no such bucket'
    expect(bad).toMatchObject({ code: 1, said: why, state: { exit: '1', message: why } })
    expect(hook('false | cat')).toMatchObject({ code: 1 })
    expect(hook('exit 3', ['on-failure', 'ignore'])).toMatchObject({ code: 0, said: '', state: { exit: '0' } })
    expect(host.log('backup')).toContain('post-backup ended with exit code 3, which is ignored\n')
    const since = Date.now()
    expect(hook('sleep 1000 & sleep 1000', ['patience', '1'])).toMatchObject({
      code: 1,
      said: 'post-backup did not end within 1 s',
    })
    expect(Date.now() - since).toBeLessThan(20_000)
  })
})
