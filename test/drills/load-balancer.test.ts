import { once } from 'node:events'
import { access } from 'node:fs/promises'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import type { Hooks } from '../../src/model/config.ts'
import { freePort } from '../support/apps.ts'
import { DEPLOY, serving } from '../support/fleet.ts'
import { startHosts, type TestHosts } from '../support/hosts.ts'
import { laptop, targetOn } from '../support/laptop.ts'
import { START, webRelease } from '../support/web-app.ts'

/** Three apps behind something that spreads requests over them: whoever asks it notices nothing of a deploy, be it one that goes back. */
let hosts: TestHosts
beforeAll(async () => {
  hosts = await startHosts(3, { sshdConfig: [`SetEnv PATH=${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`] })
})
afterAll(() => hosts?.stop())

interface Backend {
  readonly port: number
  /** A host says by this file that it is to be left alone. */
  readonly drain: string
}

interface Answer {
  readonly status: number
  readonly body: string
}

/**
 * Stands for nginx with `proxy_next_upstream error timeout http_502`, which gives a GET that one backend did not take to the next one, and for
 * HAProxy's agent-check, by which a host says itself that it is to be drained: each is asked every 100 ms.
 */
async function loadBalancer(backends: readonly Backend[]) {
  const ready = new Set(backends)
  let turn = 0
  let over = false
  const look = async (backend: Backend): Promise<void> => {
    while (!over) {
      const drained = await access(backend.drain).then(
        () => true,
        () => false,
      )
      const well = !drained && (await get(backend.port))?.status === 200
      if (well) ready.add(backend)
      else ready.delete(backend)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  const looking = Promise.all(backends.map(look))
  const server = createServer(async (_, response) => {
    const first = turn++
    const inTurn = backends.map((_backend, index) => backends[(first + index) % backends.length] as Backend)
    for (const backend of inTurn.filter((one) => ready.has(one))) {
      const answer = await get(backend.port)
      if (answer === null || answer.status === 502) continue
      response.writeHead(answer.status).end(answer.body)
      return
    }
    response.writeHead(503).end('nobody is there')
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      over = true
      server.close()
      await looking
    },
  }
}

/** What is answered on a port of ours; null where nobody does. */
function get(port: number): Promise<Answer | null> {
  return new Promise((resolve) => {
    const asking = request({ port, host: '127.0.0.1', agent: false, timeout: 5000 }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => (body += text))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body })).on('error', () => resolve(null))
    })
    asking.on('error', () => resolve(null)).on('timeout', () => asking.destroy())
    asking.end()
  })
}

/** Asks all the time until `during` has ended: the versions that answered, and how many did not. */
async function asking<T>(port: number, during: Promise<T>) {
  const seen = { answered: 0, failed: [] as (number | null)[], versions: new Set<string>() }
  let over = false
  const ended = during.finally(() => {
    over = true
  })
  while (!over) {
    const answer = await get(port)
    if (answer?.status === 200) {
      seen.answered++
      seen.versions.add(JSON.parse(answer.body).version)
    } else seen.failed.push(answer?.status ?? null)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return { ...seen, end: await ended }
}

/** A host is left alone before its app stops, and asked again once the next one is well; so it is when a deploy goes back. */
const HOOKS: Hooks = {
  'pre-stop': 'touch "$HOME/drain"; sleep 0.5',
  'post-start': 'rm -f "$HOME/drain"',
  // All are switched then, and all go back.
  'post-activate': { run: '[ "$RELEASER_VERSION" != 3.0.0 ]', on: 'local' },
}

it('nobody who asks the load balancer is refused, in a rolling deploy and in one that goes back on all hosts', {
  timeout: 300_000,
}, async () => {
  const ports = await Promise.all([freePort(), freePort(), freePort()])
  const mine = await laptop()
  const prod = targetOn(hosts, 'shop', {
    runner: { start: START },
    health: { command: ASK, timeout: '30s', interval: '1s', settle: '1s' },
    hooks: HOOKS,
  })
  const entries = hosts.hosts.map(({ configEntry }, index) => ({ ...configEntry, env: { PORT: String(ports[index]) } }))
  await mine.configure({ prod: { ...prod, hosts: entries } })
  await webRelease(mine, '1.0.0')
  const first = await mine.call(...DEPLOY)
  expect(first, first.stderr).toMatchObject({ code: 0 })
  const balancer = await loadBalancer(
    hosts.hosts.map(({ home }, index) => ({ port: ports[index] ?? 0, drain: join(home, 'drain') })),
  )
  onTestFinished(balancer.close)

  await webRelease(mine, '2.0.0')
  const rolling = await asking(balancer.port, mine.call(...DEPLOY))
  expect(rolling.end, rolling.end.stderr).toMatchObject({ code: 0 })
  expect([rolling.failed, [...rolling.versions].sort()]).toEqual([[], ['1.0.0', '2.0.0']])
  const live = await serving(hosts, 'shop')

  await webRelease(mine, '3.0.0')
  const failing = await asking(balancer.port, mine.call(...DEPLOY))
  expect(failing.end, failing.end.stderr).toMatchObject({ code: 7 })
  expect([failing.failed, [...failing.versions].sort()]).toEqual([[], ['2.0.0', '3.0.0']])
  expect(await serving(hosts, 'shop')).toEqual(live)
  expect((await get(balancer.port))?.body).toContain('"version":"2.0.0"')
  console.log(`a rolling deploy: ${rolling.answered} answered; one that goes back: ${failing.answered}; none failed`)
})

/** Asks as the load balancer does. */
const ASK = `node -e 'fetch("http://127.0.0.1:" + process.env.PORT).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))'`
