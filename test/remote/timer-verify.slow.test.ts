import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { timerHost } from '../support/timer-host.ts'

it('proves the newest backup when that is due, and says what is damaged', () => {
  const host = timerHost('busybox')
  try {
    host.install('verify', [
      ['schedule', '* * * * *'],
      ['command', 'grep -q rows "$BACKUP_FILE_TO_RESTORE" && echo "looked at $RELEASER_BACKUP"'],
    ])
    writeFileSync(join(host.root, '.releaser/timer/verify/tick'), '202001010000\n')
    expect(host.run('due')).toMatchObject({ code: 9 })
    expect(host.state('verify')).toMatchObject({ exit: '9', message: 'there is no backup yet' })

    host.install('backup', [['command', 'echo rows']])
    expect(host.run('run', 'backup')).toMatchObject({ code: 0 })
    const [name = ''] = host.backups().good
    mkdirSync(join(host.root, '.releaser/backup'))
    expect(host.run('run', 'verify')).toEqual({ code: 0, said: '' })
    expect(host.state('verify')).toMatchObject({ exit: '0', name, good: expect.stringMatching(/^\d+$/) })
    expect(host.log('verify')).toContain(`looked at ${name}\n${name} can be restored\n`)
    // Another job's work is not its own to clear.
    expect(() => mkdirSync(join(host.root, '.releaser/backup'))).toThrow('EEXIST')

    const file = join(host.root, 'backups', name)
    const bytes = readFileSync(file)
    writeFileSync(file, bytes.subarray(0, -8))
    expect(host.run('run', 'verify')).toMatchObject({ code: 11 })
    expect(host.state('verify')).toMatchObject({ exit: '11', name, message: expect.stringContaining('is not what it was') })
  } finally {
    host.remove()
  }
})
