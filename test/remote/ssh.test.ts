import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connector, sshTarget } from '../../src/remote/connect.ts'
import type { Channel, Remote } from '../../src/remote/remote.ts'
import { openLine } from '../../src/remote/ssh.ts'
import { startProxy } from '../support/freezing-proxy.ts'
import { startHosts, type TestHost, type TestHosts, userProcesses } from '../support/hosts.ts'
import { run, sh } from '../support/run.ts'

let tests: TestHosts
let host: TestHost
const lines: Remote[] = []

beforeAll(async () => {
  tests = await startHosts(1)
  host = tests.hosts[0]
})
afterAll(async () => {
  await Promise.all(lines.map((line) => line.close()))
  await tests.stop()
})

async function open(settings: { silence?: number; port?: number } = {}): Promise<Remote> {
  const target = await sshTarget(host.host('shop'), { identity: tests.identity, knownHosts: tests.knownHosts, agent: false })
  // A proxy has another port than the host that known_hosts knows.
  const line = await openLine(
    { ...target, port: settings.port ?? target.port },
    settings.silence ? { silence: settings.silence } : {},
  )
  lines.push(line)
  return line
}

describe('a command', () => {
  test('runs as the user of the host, with its words as they were, and says how it ended', async () => {
    const line = await open()
    expect(await run(line, ['id', '-un'])).toEqual({ code: 0, signal: null, stdout: `${host.user}\n`, stderr: '' })
    expect(await run(line, ['printf', '%s|', "it's", '', '$HOME', 'a\nb', 'ü'])).toMatchObject({
      code: 0,
      stdout: "it's||$HOME|a\nb|ü|",
    })
    expect(await sh(line, 'cat; echo err >&2; exit 3', 'hello\n')).toEqual({
      code: 3,
      signal: null,
      stdout: 'hello\n',
      stderr: 'err\n',
    })
    expect(await run(line, ['no-such-command'])).toMatchObject({ code: 127, signal: null })
    expect(await run(line, ['exec', 'sh', '-c', 'kill -KILL $$'])).toEqual({
      code: null,
      signal: 'SIGKILL',
      stdout: '',
      stderr: '',
    })
  })

  test('that closes its output early still says how it ended', async () => {
    expect(await sh(await open(), 'exec >&- 2>&-; sleep 0.2; exit 4')).toMatchObject({ code: 4, signal: null })
  })

  test('that leaves somebody behind with its output has ended nevertheless', async () => {
    const line = await open()
    const channel = await line.exec({ argv: ['sh', '-c', 'sleep 60 & exit 5'] })
    expect(await channel.exit).toEqual({ code: 5, signal: null })
    channel.destroy()
    await line.close()
  })

  test('that reads nothing does not keep the writer waiting', async () => {
    const channel = await (await open()).exec({ argv: ['sh', '-c', 'exit 0'] })
    await expect(pipeline(Readable.from(megabytes(20)), channel.stdin)).rejects.toThrow()
    expect(await channel.exit).toEqual({ code: 0, signal: null })
  })
})

test('50 MB go there and come back whole, in little memory, and are counted', async () => {
  const line = await open()
  const there = createHash('sha256')
  const back = createHash('sha256')
  const channel = await line.exec({ argv: ['sh', '-c', 'tee /dev/stderr'] })
  const counted = { stdout: 0, stderr: 0, peak: 0 }
  channel.stderr.on('data', (bytes: Buffer) => {
    counted.stderr += bytes.length
  })
  const rssBefore = process.memoryUsage().rss
  const up = pipeline(async function* () {
    for (const chunk of megabytes(50)) {
      there.update(chunk)
      yield chunk
    }
  }, channel.stdin)
  for await (const bytes of channel.stdout) {
    back.update(bytes)
    counted.stdout += bytes.length
    counted.peak = Math.max(counted.peak, process.memoryUsage().rss - rssBefore)
  }
  await up
  expect(await channel.exit).toEqual({ code: 0, signal: null })
  expect(counted).toMatchObject({ stdout: 50 << 20, stderr: 50 << 20 })
  expect(back.digest('hex')).toBe(there.digest('hex'))
  expect(counted.peak).toBeLessThan(100 << 20)
  expect(line.sentBytes()).toBeGreaterThan(50 << 20)
  expect(line.sentBytes()).toBeLessThan(51 << 20)
})

test('a reader that takes its time slows the host down, and holds no memory', async () => {
  const line = await open()
  const channel = await line.exec({ argv: ['sh', '-c', 'head -c 100000000 /dev/zero; echo done >&2'] })
  const reading = channel.stdout[Symbol.asyncIterator]()
  await reading.next()
  let stopped = false
  channel.stderr.once('data', () => {
    stopped = true
  })
  // A whole round trip of another command: the host had the time to send on, had it been let.
  await run(line, ['sleep', '0.3'])
  expect(stopped).toBe(false)
  expect(channel.stdout.readableLength).toBeLessThanOrEqual(4 << 20)
  channel.destroy()
  expect(await channel.exit).toEqual({ code: null, signal: null })
})

test('eight commands at once, and no ninth', async () => {
  const line = await open()
  const start = (): Promise<Channel> => line.exec({ argv: ['cat'] })
  const channels = await Promise.all(Array.from({ length: 8 }, start))
  await expect(start()).rejects.toMatchObject({
    code: 'CONNECTION',
    message: 'no further command can be started on h1, 8 run already',
  })
  channels[0]?.stdin.end()
  channels[0]?.stdout.resume()
  await channels[0]?.exit
  const another = await start()
  for (const channel of [...channels, another]) {
    channel.stdin.end()
    channel.stdout.resume()
  }
  expect(await Promise.all([...channels, another].map((channel) => channel.exit))).toEqual(
    Array(9).fill({ code: 0, signal: null }),
  )
})

describe('a lost line', () => {
  test('is told by every command and by the line, and the host goes on', async () => {
    const line = await open()
    const reading = await line.exec({
      argv: ['sh', '-c', 'trap "" HUP PIPE; echo here; read line; echo "lost" > seen; exec sleep 60'],
    })
    await once(reading.stdout, 'data')
    const writing = await line.exec({ argv: ['sh', '-c', 'exec sleep 61'] })
    const upload = pipeline(Readable.from(megabytes(20)), writing.stdin)
    upload.catch(() => {})
    await host.cut()
    expect(await Promise.all([reading.exit, writing.exit])).toEqual(Array(2).fill({ code: null, signal: null }))
    await line.closed
    await expect(upload).rejects.toThrow()
    await expect(line.exec({ argv: ['true'] })).rejects.toMatchObject({
      code: 'CONNECTION',
      message: expect.stringContaining('the line to h1 is lost'),
    })
    const again = await open()
    await sh(again, 'until [ -s seen ]; do sleep 0.05; done')
    const left = (await userProcesses(host.uid)).map(({ command }) => command)
    expect(left).toEqual(expect.arrayContaining(['sleep 60', 'sleep 61']))
  })

  test('that just falls silent is noticed', async () => {
    const proxy = await startProxy(host.port)
    const line = await open({ silence: 600, port: proxy.port })
    const channel = await line.exec({ argv: ['sleep', '60'] })
    await run(line, ['sleep', '1']) // quiet, but alive: it is asked and answers
    proxy.freeze()
    await line.closed
    expect(await channel.exit).toEqual({ code: null, signal: null })
    await expect(line.exec({ argv: ['true'] })).rejects.toMatchObject({
      code: 'CONNECTION',
      message: 'the line to h1 is lost: nothing was heard for 1 s',
    })
    proxy.close()
  })
})

test('each line is a connection of its own', async () => {
  const connect = connector(host.host('shop'), { identity: tests.identity, knownHosts: tests.knownHosts })
  const [one, other] = await Promise.all([connect(), connect()])
  const port = async (line: Remote): Promise<string> => (await sh(line, 'echo $SSH_CONNECTION')).stdout
  expect(await port(one)).not.toBe(await port(other))
  await one.close()
  await one.closed
  expect(await run(other, ['echo', 'still here'])).toMatchObject({ stdout: 'still here\n' })
  await other.close()
})

function* megabytes(count: number): Generator<Buffer> {
  for (let number = 0; number < count; number++) yield Buffer.alloc(1 << 20, `${number} megabytes `)
}
