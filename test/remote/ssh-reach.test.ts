import { once } from 'node:events'
import { connect as connectSocket, createServer, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { sshTarget } from '../../src/remote/connect.ts'
import { openLine, type SshTarget } from '../../src/remote/ssh.ts'
import { startHosts, type TestHosts } from '../support/hosts.ts'
import { run } from '../support/run.ts'

let tests: TestHosts
let target: SshTarget
const servers: { close(): void }[] = []

beforeAll(async () => {
  tests = await startHosts(1)
  target = await sshTarget(tests.hosts[0].host('shop'), { identity: tests.identity, knownHosts: tests.knownHosts, agent: false })
})
afterAll(() => tests.stop())
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

/** A server that is not what one hoped for: its port, and how often it was called. */
async function serve(answer: (socket: Socket, call: number) => void): Promise<{ port: number; calls(): number }> {
  let calls = 0
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket.on('error', () => {}))
    answer(socket, ++calls)
  })
  servers.push({
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  return { port: typeof address === 'object' && address ? address.port : 0, calls: () => calls }
}

async function failure(over: Partial<SshTarget>): Promise<unknown> {
  return openLine({ ...target, ...over }).then(
    () => 'connected',
    (error: unknown) => error,
  )
}

test('nobody listens there', async () => {
  const { port } = await serve(() => {})
  for (const server of servers.splice(0)) server.close()
  expect(await failure({ port })).toMatchObject({
    code: 'CONNECTION',
    exitCode: 3,
    message: `cannot reach h1 (127.0.0.1:${port}): connection refused`,
    hint: `does sshd run there, on port ${port}? try: ssh -p ${port} ${target.user}@127.0.0.1`,
  })
})

test('a name that is not known', async () => {
  expect(await failure({ hostname: 'no-such-host.invalid' })).toMatchObject({
    code: 'CONNECTION',
    message: `cannot reach h1 (no-such-host.invalid:${target.port}): the name no-such-host.invalid is not known`,
    hint: 'look for a typo in hosts, at ~/.ssh/config and at the DNS',
  })
})

test('a server that says nothing', async () => {
  const { port, calls } = await serve(() => {})
  expect(await failure({ port, connectSeconds: 0.3 })).toMatchObject({
    code: 'CONNECTION',
    message: `cannot reach h1 (127.0.0.1:${port}): it takes connections, but no SSH server answered within 0.3 s`,
  })
  expect(calls()).toBe(1)
})

test('a server that is none of SSH, and what it says reaches no terminal', async () => {
  const web = await serve((socket) => socket.end('HTTP/1.1 400 Bad \x1b[31mRequest\r\n\r\n'))
  expect(await failure({ port: web.port })).toMatchObject({
    code: 'CONNECTION',
    message: `cannot reach h1 (127.0.0.1:${web.port}): what answers there is no SSH server (it says "HTTP/1.1 400 Bad ?[31mRequest")`,
    hint: `is ${web.port} the right port? ssh -p ${web.port} ${target.user}@127.0.0.1`,
  })
  expect(web.calls()).toBe(1)
  const rubbish = await serve((socket) => socket.end(`SSH-2.0-x\r\n${'\0\x01\xff'.repeat(5000)}`))
  expect(await failure({ port: rubbish.port })).toMatchObject({ code: 'CONNECTION' })
})

test('a server that drops us before the login gets another try, and a fourth', async () => {
  const busy = await serve((socket, call) => {
    if (call === 1) socket.destroy()
    else if (call === 2) socket.end('Exceeded MaxStartups\r\n')
    else if (call === 3) socket.resetAndDestroy()
    else socket.pipe(connectSocket(target.port, '127.0.0.1')).pipe(socket)
  })
  const line = await openLine({ ...target, port: busy.port })
  expect(await run(line, ['echo', 'in'])).toMatchObject({ stdout: 'in\n' })
  await line.close()
  expect(busy.calls()).toBe(4)
})

test('but not a fifth', async () => {
  const busy = await serve((socket) => socket.end('Exceeded MaxStartups\r\n'))
  expect(await failure({ port: busy.port })).toMatchObject({
    code: 'CONNECTION',
    message: `cannot reach h1 (127.0.0.1:${busy.port}): the server closed the connection before the login (it says "Exceeded MaxStartups")`,
    hint: `it may be busy (MaxStartups) or refuse this address: ssh -p ${busy.port} ${target.user}@127.0.0.1`,
  })
  expect(busy.calls()).toBe(4)
})

test('many connections at once all come through, though sshd drops some of them', async () => {
  const few = await startHosts(1, { sshdConfig: ['MaxStartups 2:50:6'] })
  const own = await sshTarget(few.hosts[0].host('shop'), { identity: few.identity, knownHosts: few.knownHosts, agent: false })
  const lines = await Promise.all(Array.from({ length: 6 }, () => openLine(own)))
  await Promise.all(lines.map((line) => line.close()))
  await few.stop()
})

test('a host that is down and comes back', async () => {
  const [host] = tests.hosts
  await host.stopSshd()
  expect(await failure({})).toMatchObject({ code: 'CONNECTION', message: expect.stringContaining('connection refused') })
  await host.startSshd()
  const line = await openLine(target)
  await line.close()
})

test('a server that knows none of our algorithms', async () => {
  const modern = await startHosts(1, { sshdConfig: ['KexAlgorithms sntrup761x25519-sha512@openssh.com'] })
  const own = await sshTarget(modern.hosts[0].host('shop'), {
    identity: modern.identity,
    knownHosts: modern.knownHosts,
    agent: false,
  })
  await expect(openLine(own)).rejects.toMatchObject({
    code: 'CONNECTION',
    message: `cannot reach h1 (127.0.0.1:${own.port}): it allows only algorithms that are not known here`,
  })
  await modern.stop()
})
