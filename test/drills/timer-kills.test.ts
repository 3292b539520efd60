import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { jobView } from '../../src/model/job-view.ts'
import { lookAtJobs } from '../../src/remote/jobs.ts'
import { processRemote } from '../../src/remote/process.ts'
import { seeded } from '../fault/random.ts'
import { killAllIn } from '../support/kill-all-in.ts'
import { oddTree, type TimerHost, timerHost } from '../support/timer-host.ts'
import { until } from '../support/until.ts'

describe.each([
  ['dash', 40],
  ['busybox', 20],
] as const)('where sh is %s', (shell, moments) => {
  let host: TimerHost
  beforeAll(() => {
    host = timerHost(shell)
    oddTree(join(host.root, 'shared/files'))
    host.install('backup', [
      ['path', 'shared/files'],
      ['command', 'echo dump'],
      ['keep', '2 0 0 0'],
    ])
  })
  afterAll(() => host.remove())

  /** Whatever has a final name is whole, as its own list says. */
  function provenAll(): readonly string[] {
    const { good } = host.backups()
    for (const name of good) {
      const file = join(host.root, 'backups', name)
      expect(readFileSync(`${file}.sha256`, 'utf8')).toContain(createHash('sha256').update(readFileSync(file)).digest('hex'))
      const there = host.unpack(name)
      const list = readFileSync(join(there, '.releaser/backup/list'), 'utf8')
      const sums = [...list.matchAll(/^([0-9a-f]{64})\t(.*)$/gm)].map(([, sum, path]) => `${sum}  ${path}\n`)
      expect(sums.length).toBeGreaterThan(10)
      // A name with a newline is two lines of the list; of the others each must be what it was.
      const check = sums.filter((line) => !line.includes('/new')).join('')
      execFileSync('sha256sum', ['--quiet', '--strict', '-c', '-'], { cwd: there, input: check })
    }
    return good
  }

  it(`is killed at ${moments} moments, and has never a backup that is none, nor loses the last good one`, async () => {
    const random = seeded('timer-kills')
    const began = Date.now()
    expect(host.run('run', 'backup').code).toBe(0)
    const whole = Date.now() - began
    const ends = { cut: 0, good: 0 }
    let last = provenAll().at(-1)
    const remote = processRemote()
    for (let moment = 0; moment < moments; moment++) {
      const run = host.start('run', 'backup')
      await new Promise((resolve) => setTimeout(resolve, random() * whole * 1.2))
      if (moment % 2 === 0) run.kill('SIGKILL')
      else await killAllIn(host.root)
      await until(async () => run.signalCode !== null || run.exitCode !== null)
      const { good } = host.backups()
      const state = host.state('backup')
      expect(good.length).toBeGreaterThan(0)
      // Of the one that was made meanwhile the state may not know yet; the newest that it knows is there.
      expect(good).toContain(state['name'])
      expect((good.at(-1) ?? '') >= (last ?? '')).toBe(true)
      // Whoever looks sees that it has failed, unless it has not.
      const seen = await lookAtJobs(remote, host.root, new AbortController().signal)
      expect(seen.jobs.map((job) => jobView(job, seen).ok)).toEqual([state['exit'] === '0'])
      ends[state['exit'] === '0' ? 'good' : 'cut'] += 1
      last = good.at(-1)
    }
    expect(host.run('run', 'backup')).toEqual({ code: 0, said: '' })
    expect(host.state('backup')['exit']).toBe('0')
    expect(provenAll()).toHaveLength(2)
    expect(host.backups().other).toEqual([])
    expect(ends.cut).toBeGreaterThan(5)
    await remote.close()
  })

  // busybox has no df that could lie.
  it.each(shell === 'dash' ? [2] : [])('fails in good order on a disk of %d MB that is full in the middle', () => {
    const small = join(host.root, 'backups')
    const before = join(host.root, 'kept')
    execFileSync('mv', [small, before])
    mkdirSync(small)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', small])
    try {
      // What cannot be compressed is found to be too much before; what grows in the dump, only then.
      const big = join(host.root, 'shared/files/big')
      execFileSync('dd', ['if=/dev/urandom', `of=${big}`, 'bs=1000000', 'count=3'], { stdio: 'ignore' })
      expect(host.run('run', 'backup')).toMatchObject({
        code: 1,
        said: expect.stringMatching(/it may need \d+ kB, and \d+ kB are free/),
      })
      execFileSync('rm', [big])
      host.install('backup', [['command', 'head -c 3000000 /dev/urandom']])
      expect(host.run('run', 'backup')).toMatchObject({ code: 1, said: expect.stringMatching(/it may need/) })
      // Nobody says how much is free: then it is found out.
      writeFileSync(join(host.root, '../bin/df'), '#!/bin/sh\nexit 1\n', { mode: 0o755 })
      expect(host.run('run', 'backup')).toMatchObject({ code: 1, said: expect.stringContaining('gzip failed') })
      expect(host.state('backup')).toMatchObject({ exit: '1' })
      expect(host.backups()).toEqual({ good: [], other: [] })
    } finally {
      spawnSync('umount', [small])
      execFileSync('rm', ['-f', join(host.root, '../bin/df')])
    }
    expect(existsSync(join(host.root, '.releaser/backup'))).toBe(false)
  })
})
