import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { CLI } from '../support/cli.ts'
import { type Demo, startDemo } from '../support/demo.ts'
import { untilNone } from '../support/until.ts'
import { whoRunsIn } from '../support/who-runs-in.ts'

/** A deploy from another terminal, once its canary serves and the other hosts wait. */
async function deploying(demo: Demo): Promise<{ end(): Promise<void> }> {
  const child = spawn(process.execPath, [CLI, 'deploy', 'target=world'], {
    cwd: demo.project,
    env: { ...process.env, CI: '' },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()))
  let said = ''
  await new Promise<void>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text
      if (said.includes('canary: 1 host switched')) resolve()
    })
    child.on('close', () => reject(new Error(`the deploy ended: ${said}`)))
  })
  const end = (): Promise<void> => {
    child.kill('SIGKILL')
    return ended
  }
  return { end }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false))
    socket.on('close', () => resolve(false))
    onTestFinished(() => void socket.destroy())
  })
}

it.each(['SIGINT', 'SIGTERM'] as const)(
  '%s ends the demo and its hosts in the middle of a deploy, and leaves nothing',
  async (signal) => {
    const demo = await startDemo('hosts=2')
    expect(demo.hosts.map(({ target, host }) => `${target} ${host}`)).toEqual(['eu eu1', 'us us1'])
    const other = await deploying(demo)
    demo.process.kill(signal)
    expect(await demo.ended).toBe(0)
    await other.end()
    const { event, ok, exit, folder, hosts } = JSON.parse(demo.lines().at(-1) ?? '')
    expect({ event, ok, exit, folder, hosts }).toEqual({ event: 'result', ok: true, exit: 0, folder: null, hosts: demo.hosts })
    expect(readdirSync(demo.dir)).toEqual([])
    await untilNone(() => whoRunsIn(demo.dir))
  },
)

it('the hosts of a demo that is killed die with it, and what they were at is taken back', async () => {
  const demo = await startDemo('hosts=2')
  const other = await deploying(demo)
  expect(await Promise.all(demo.hosts.map(({ port }) => answers(port)))).toEqual([true, true])
  demo.process.kill('SIGKILL')
  expect(await demo.ended).toBe(null)
  await other.end()
  expect(await Promise.all(demo.hosts.map(({ port }) => answers(port)))).toEqual([false, false])
  await untilNone(() => whoRunsIn(demo.dir), 120)
  for (const { home } of demo.hosts) expect(readdirSync(join(home, 'hello/.releaser/lock'))).toEqual([])
})

it('--keep leaves what there is to look at, without the key', async () => {
  const demo = await startDemo('hosts=3', '--keep')
  expect(demo.hosts.map(({ host }) => host)).toEqual(['eu1', 'eu2', 'us1'])
  demo.process.kill('SIGINT')
  expect(await demo.ended).toBe(0)
  const { folder } = JSON.parse(demo.lines().at(-1) ?? '')
  expect(readdirSync(folder)).toEqual(['hosts', 'known_hosts', 'project'])
  expect(readdirSync(join(folder, 'hosts'))).toEqual(['eu1', 'eu2', 'us1'])
  expect(readFileSync(join(demo.project, 'releaser.config.ts'), 'utf8')).toContain("groups: { world: ['eu', 'us'] }")
  expect(existsSync(join(demo.project, '.releaser/db.json'))).toBe(true)
})
