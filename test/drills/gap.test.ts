import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { freePort } from '../support/apps.ts'
import { DEPLOY } from '../support/fleet.ts'
import { startHosts, type TestHosts, userProcesses } from '../support/hosts.ts'
import { type Laptop, laptop } from '../support/laptop.ts'

/** What those who use an app notice of a deploy: the server of the `node` template, asked all the time. */
let hosts: TestHosts
beforeAll(async () => {
  hosts = await startHosts(2, { sshdConfig: [`SetEnv PATH=${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`] })
})
afterAll(() => hosts?.stop())

/** What `init template=node` writes, with this target's host, port and keys; another target where it shows `staging`. */
async function project(ports: readonly number[]): Promise<Laptop> {
  const mine = await laptop()
  const [first, second] = hosts.hosts
  expect(
    await mine.call('init', 'template=node', 'name=hello', `host=${first.user}@127.0.0.1:${first.port}`, 'path=hello'),
  ).toMatchObject({ code: 0 })
  const keys = `identity: '${hosts.identity}', knownHosts: '${hosts.knownHosts}',`
  const target = (host: string, port: number | undefined) =>
    `{ hosts: ['${host}'], path: 'hello', ${keys} env: { PORT: '${port}' }, runner: { start: 'exec node server.mjs' }, health: { http: ':${port}/' } }`
  const file = join(mine.dir, 'releaser.config.ts')
  const text = (await readFile(file, 'utf8'))
    .replaceAll('3000', String(ports[0]))
    .replace("// identity: '~/.ssh/id_ed25519',", keys)
    .replace(
      /\/\/ staging: .*/,
      ports.length > 1 && second ? `more: ${target(`${second.user}@127.0.0.1:${second.port}`, ports[1])},` : '',
    )
  await writeFile(file, text)
  onTestFinished(async () => {
    for (const { uid } of hosts.hosts)
      for (const { pid, command } of await userProcesses(uid)) if (command.includes('server.mjs')) process.kill(pid, 'SIGKILL')
  })
  return mine
}

async function next(mine: Laptop, version: string): Promise<void> {
  await writeFile(join(mine.dir, 'package.json'), JSON.stringify({ private: true, version, type: 'module' }))
  expect(await mine.call('build')).toMatchObject({ code: 0, last: { release: { version } } })
}

const ask = (port: number): Promise<string | null> =>
  fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } }).then(
    (response) => response.text(),
    () => null,
  )

interface Asked {
  readonly answered: number
  readonly failed: number
  /** Milliseconds from the first request that nobody took to the next that somebody did; the longest. */
  readonly gap: number
  readonly last: string | null
}

/** Asks, ten milliseconds after each answer again, the first of these ports that has one, until `during` has ended. */
async function asking(ports: readonly number[], during: Promise<unknown>): Promise<Asked> {
  const seen = { answered: 0, failed: 0, gap: 0, last: null as string | null }
  let over = false
  const ended = during.finally(() => {
    over = true
  })
  let down: number | undefined
  while (!over) {
    const began = performance.now()
    let answer: string | null = null
    for (const port of ports) answer ??= await ask(port)
    if (answer === null) down ??= began
    else {
      if (down !== undefined) seen.gap = Math.max(seen.gap, performance.now() - down)
      down = undefined
      seen.last = answer
    }
    seen[answer === null ? 'failed' : 'answered']++
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  await ended
  expect(down).toBeUndefined()
  return seen
}

const told = ({ answered, failed, gap }: Asked) => `${answered} answered, ${failed} failed, down for ${Math.round(gap)} ms`

test('one host: the app is down for as long as it takes to stop and to start, and no longer', async () => {
  const port = await freePort()
  const mine = await project([port])
  await next(mine, '1.0.0')
  const first = await mine.call(...DEPLOY)
  expect(first.code, first.stderr).toBe(0)
  await next(mine, '2.0.0')
  const deploying = mine.call(...DEPLOY)
  const deploy = await asking([port], deploying)
  expect(await deploying).toMatchObject({ code: 0 })
  expect(deploy.last).toBe('version 2.0.0\n')
  // The same without a switch.
  const restart = await asking([port], mine.call('restart', 'target=prod'))
  console.log(`one host, a deploy: ${told(deploy)}\none host, a restart: ${told(restart)}`)
  expect(deploy.answered).toBeGreaterThan(20)
  expect(deploy.gap).toBeLessThan(restart.gap + 5000)
}, 120_000)

test('two hosts, one after the other: nobody who tries the other one is refused', async () => {
  const ports = [await freePort(), await freePort()]
  const mine = await project(ports)
  await next(mine, '1.0.0')
  const first = await mine.call('deploy', 'target=prod,more', '--yes')
  expect(first.code, first.stderr).toBe(0)
  await next(mine, '2.0.0')
  const deploying = mine.call('deploy', 'target=prod,more', '--yes')
  const deploy = await asking(ports, deploying)
  expect(await deploying).toMatchObject({ code: 0 })
  console.log(`two hosts, a deploy: ${told(deploy)}`)
  expect(deploy).toMatchObject({ failed: 0, gap: 0 })
  expect(deploy.answered).toBeGreaterThan(20)
  expect(await Promise.all(ports.map(ask))).toEqual(['version 2.0.0\n', 'version 2.0.0\n'])
}, 120_000)
