import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { processRemote } from '../../src/remote/process.ts'
import { driver } from '../support/driver.ts'
import { until } from '../support/until.ts'

/** A container whose first process is no init: whoever dies there without a parent is never buried. Its id, as seen from here. */
async function graveless(): Promise<number> {
  const outer = spawn('unshare', ['--pid', '--fork', '--mount-proc', '--kill-child', 'sleep', '600'], { stdio: 'ignore' })
  onTestFinished(() => void outer.kill('SIGKILL'))
  const first = async () => (await readFile(`/proc/${outer.pid}/task/${outer.pid}/children`, 'utf8')).trim()
  const isSleep = async (pid: string) => (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')) === 'sleep\n'
  await until(async () => isSleep(await first()))
  return Number(await first())
}

it('an app that was stopped is gone, also where nobody buries the dead', async () => {
  const base = await realpath(await mkdtemp(join(tmpdir(), 'releaser-unburied-')))
  onTestFinished(() => rm(base, { recursive: true, force: true }))
  const first = await graveless()
  const env = { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: base }
  const shell = ['nsenter', '-t', String(first), '-p', '-m', 'sh', '-c'] as const
  const connect = async () => processRemote({ env, shell, cwd: base })
  const host = driver({
    hosts: [{ connect, path: join(base, 'app') }],
    target: { runner: { start: 'exec sleep 500' }, stopTimeout: '2s' },
  })
  for (const version of ['1.0.0', '2.0.0']) {
    await mkdir(join(base, version))
    await writeFile(join(base, version, 'version.txt'), version)
    expect(await host.roll(await host.pack(join(base, version), version))).toMatchObject([{ ok: true, changed: true }])
  }
  // That there are such dead is what makes this a test.
  expect(await states(first)).toContain('Z')
})

/** How the processes called `sleep` in that container are, but for its first. */
async function states(first: number): Promise<readonly string[]> {
  const inside = (await readFile(`/proc/${first}/task/${first}/children`, 'utf8')).trim().split(' ')
  const stats = await Promise.all(inside.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')))
  return stats.flatMap((stat) => /^\d+ \(sleep\) (\w)/.exec(stat)?.[1] ?? []).sort()
}
