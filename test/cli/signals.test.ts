import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { CLI } from '../support/cli.ts'
import { project } from '../support/project.ts'

const slow = (run: string) => ({
  'releaser.config.json': JSON.stringify({
    app: 'shop',
    builders: { slow: { type: 'command', run, output: 'out' } },
    targets: { prod: { hosts: ['example.com'], path: '/srv/shop' } },
  }),
})

/** Starts a build and hands over once its command has said that it runs. */
async function building(cwd: string) {
  const child = spawn(process.execPath, [CLI, 'build', '--verbose', '--json'], { cwd })
  let [out, err] = ['', '']
  child.stdout.on('data', (data) => (out += data))
  child.stderr.on('data', (data) => (err += data))
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  await until(child, () => out.includes('running'))
  return { child, ended, last: () => JSON.parse(out.trimEnd().split('\n').at(-1) ?? ''), said: () => err }
}

function until(child: ChildProcess, fits: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = (): void => void (fits() && resolve())
    child.stdout?.on('data', look)
    child.stderr?.on('data', look)
    child.on('close', () => reject(new Error('ended too early')))
  })
}

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s ends a build with 130', async (signal) => {
  const cwd = await project(slow('echo running; sleep 30'))
  const { child, ended, last, said } = await building(cwd)
  child.kill(signal)
  expect(await ended).toBe(130)
  expect(last()).toMatchObject({ event: 'error', command: 'build', ok: false, exit: 130, code: 'INTERRUPTED' })
  expect(said().includes('stopping safely')).toBe(signal !== 'SIGHUP')
})

test('a second signal does not wait for the command', async () => {
  const stubborn = 'trap "" TERM; echo running; n=0; while [ $n -lt 30 ]; do n=$((n+1)); sleep 0.1; done'
  const { child, ended, said } = await building(await project(slow(stubborn)))
  child.kill('SIGINT')
  await until(child, () => said().includes('stopping safely'))
  child.kill('SIGINT')
  expect(await ended).toBe(130)
})

test('a signal that comes when all is said does not change how it ends', async () => {
  const cwd = await project({})
  for (let round = 0; round < 5; round++) {
    const child = spawn(process.execPath, [CLI, 'releases', '--json'], { cwd })
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
    let out = ''
    child.stdout.on('data', (data) => (out += data))
    await once(child.stdout, 'data')
    const again = setInterval(() => child.kill('SIGHUP'), 0)
    const code = await ended
    clearInterval(again)
    expect(code).toBe(JSON.parse(out.trimEnd().split('\n').at(-1) ?? '').exit)
  }
})
