import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Forward } from '../../src/remote/remote.ts'
import { type App, freePort, tcpApp } from '../support/apps.ts'
import { until } from '../support/until.ts'
import { overSshd, WAYS, type Way } from '../support/ways.ts'

const apps: App[] = []
const ways: Way[] = []

async function app(...words: Parameters<typeof tcpApp>): Promise<App> {
  const one = await tcpApp(...words)
  apps.push(one)
  return one
}

afterAll(async () => {
  await Promise.all(ways.map((way) => way.end()))
  await Promise.all(apps.map((one) => one.close()))
})

describe.each(Object.entries(WAYS))('over %s', (kind, open) => {
  let way: Way
  beforeAll(async () => {
    way = await open()
    ways.push(way)
  })

  test('a stream carries bytes there and back, and its end', async () => {
    const { port } = await app((socket) => socket.pipe(socket))
    const stream = opened(await way.remote.forward(port))
    const data = Buffer.alloc(5 << 20, 'abc')
    stream.end(data)
    expect((await buffer(stream)).equals(data)).toBe(true)
  })

  test('what the app said before it closed is read to its end', async () => {
    const { port } = await app((socket) => socket.end('x'.repeat(1 << 20)))
    expect((await text(opened(await way.remote.forward(port)))).length).toBe(1 << 20)
  })

  test('an app that listens on ::1 alone is found', async () => {
    const { port } = await app((socket) => socket.end('six'), '::1')
    expect(await text(opened(await way.remote.forward(port)))).toBe('six')
  })

  test('a port on which nobody listens is told', async () => {
    const answer = await way.remote.forward(await freePort())
    expect(answer).toEqual({ refused: 'nobody', says: kind === 'embedded' ? '' : 'connection refused' })
  })

  test('a stream that is let go closes over there, however much was to come', async () => {
    const flood = await app((socket) => {
      const more = (): unknown => socket.writable && socket.write(Buffer.alloc(1 << 16)) && setImmediate(more)
      socket.on('drain', more)
      more()
    })
    const streams = await Promise.all(Array.from({ length: 20 }, async () => opened(await way.remote.forward(flood.port))))
    await Promise.all(streams.map((stream) => once(stream, 'readable')))
    for (const stream of streams) stream.destroy()
    await until(async () => flood.open() === 0)
  })

  test('a line that is lost ends its streams, and gives no more', async () => {
    const mute = await app(() => {})
    const own = await open()
    ways.push(own)
    const stream = opened(await own.remote.forward(mute.port))
    const ended = new Promise((done) => stream.once('close', done))
    stream.resume()
    await own.lose()
    await Promise.all([ended, own.remote.closed])
    await expect(own.remote.forward(mute.port)).rejects.toMatchObject({
      code: 'CONNECTION',
      message: kind === 'process' ? 'the line is closed' : expect.stringMatching(/^the line to (h1|demo) is lost/),
    })
  })
})

test.each([
  ['AllowTcpForwarding no', 'ssh2'],
  ['DisableForwarding yes', 'ssh2'],
  ['PermitOpen 127.0.0.1:1', 'ssh2'],
  ['AllowTcpForwarding no', 'openssh'],
] as const)('sshd with %s is told from a port on which nobody listens, by %s', async (line, transport) => {
  const way = await overSshd({ transport, sshdConfig: [line] })
  ways.push(way)
  const { port } = await app(() => {})
  const answers = await Promise.all([port, await freePort()].map((one) => way.remote.forward(one)))
  expect(answers).toEqual([1, 2].map(() => ({ refused: 'forbidden', says: 'open failed' })))
})

test('the embedded server reaches nobody but this machine', async () => {
  const { Client } = (await import('ssh2')).default
  const { generateKeyPair, startEmbedded } = await import('../../src/remote/embedded.ts')
  const mine = await generateKeyPair('me')
  const server = await startEmbedded({
    home: '/',
    authorizedKey: mine.publicKey,
    hostKey: (await generateKeyPair('host')).privateKey,
  })
  const { port } = await app((socket) => socket.end('here'))
  const client = new Client().connect({ host: '127.0.0.1', port: server.port, username: 'demo', privateKey: mine.privateKey })
  await once(client, 'ready')
  const ask = (address: string): Promise<string> =>
    new Promise((done) =>
      client.forwardOut('127.0.0.1', 0, address, port, (error, stream) => done(error ? error.message : text(stream))),
    )
  expect(await Promise.all(['127.0.0.1', 'localhost', '0.0.0.0', '127.0.0.2', '192.0.2.1'].map(ask))).toEqual([
    'here',
    'here',
    ...[1, 2, 3].map(() => '(SSH) Channel open failure: '),
  ])
  client.end()
  await once(client, 'close')
  await server.close()
})

function opened(forward: Forward): Duplex {
  if ('refused' in forward) throw new Error(`${forward.refused}: ${forward.says}`)
  return forward.stream
}
