import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { timerHost } from '../support/timer-host.ts'

const DAY = 86_400

it('makes up for what it missed, once, wherever its clock goes', () => {
  const host = timerHost('dash')
  onTestFinished(() => host.remove())
  const bin = join(dirname(host.script), 'bin')
  const shift = (seconds: number) =>
    writeFileSync(join(bin, 'date'), `#!/bin/sh\nexec /bin/date -d "@$(($(/bin/date +%s) + ${seconds}))" "$@"\n`, { mode: 0o755 })
  // Noon of yesterday, whatever time it is: no day begins meanwhile.
  const now = new Date()
  const noon = DAY / 2 - now.getHours() * 3600 - now.getMinutes() * 60 - DAY
  const due = (days: number) => {
    const before = host.backups().good.length
    shift(noon + days * DAY)
    expect(host.run('due')).toEqual({ code: 0, said: '' })
    return host.backups().good.length - before
  }
  writeFileSync(join(host.root, 'shared/one'), 'one')
  host.install('backup', [
    ['path', 'shared/one'],
    ['keep', '100 0 0 0'],
    ['schedule', '30 3 * * *'],
  ])
  shift(noon)
  const wall = new Date(now.getTime() + noon * 1000)
  const two = (value: number) => String(value).padStart(2, '0')
  const text = `${wall.getFullYear()}${two(wall.getMonth() + 1)}${two(wall.getDate())}1200`
  writeFileSync(join(host.root, '.releaser/timer/backup/tick'), `${text}\n`)
  // Today's is over; a day later it is due once; five days off are made up for by one; put back, it is rather done once too often.
  const days = [0, 1, 1, 6, 6, 3, 3, 4]
  expect(days.map(due)).toEqual([0, 1, 0, 1, 0, 1, 0, 1])
})
