import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { type ConnectSettings, connector, sshTarget } from '../../src/remote/connect.ts'
import { generateKeyPair } from '../../src/remote/embedded.ts'
import { openSystemLine } from '../../src/remote/openssh.ts'
import type { Channel, Remote } from '../../src/remote/remote.ts'
import { startProxy } from '../support/freezing-proxy.ts'
import { startHosts, type TestHost, type TestHosts, userProcesses } from '../support/hosts.ts'
import { run, sh } from '../support/run.ts'
import { until } from '../support/until.ts'

let tests: TestHosts
let host: TestHost
let jump: TestHost
let config: string
const lines: Remote[] = []

beforeAll(async () => {
  tests = await startHosts(2)
  host = tests.hosts[0]
  const [, second] = tests.hosts
  if (!second) throw new Error('two hosts')
  jump = second
  config = join(tests.dir, 'ssh_config')
})
afterAll(() => tests.stop())
beforeEach(() => {
  writeFileSync(config, '')
  vi.stubEnv('SSH_AUTH_SOCK', '')
  vi.stubEnv('RELEASER_SSH_CONFIG', config)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await Promise.all(lines.splice(0).map((line) => line.close()))
  expect(folders()).toEqual([])
})

/** What the connections of this test have in /tmp. */
function folders(): readonly string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith('rlsr-') && ownedByUs(join(tmpdir(), name)))
}

function ownedByUs(dir: string): boolean {
  try {
    return readFileSync(join(dir, 'config'), 'utf8').includes(tests.dir)
  } catch {
    return false
  }
}

const plain = (): ConnectSettings => ({ identity: tests.identity, knownHosts: tests.knownHosts, agent: false })

async function open(settings: ConnectSettings = {}, at: Partial<ReturnType<TestHost['host']>> = {}): Promise<Remote> {
  const line = await connector({ ...host.host('shop'), ...at }, { ...plain(), transport: 'openssh', ...settings })()
  lines.push(line)
  return line
}

async function failure(settings: ConnectSettings, at: Partial<ReturnType<TestHost['host']>> = {}): Promise<unknown> {
  return open(settings, at).then(
    () => 'connected',
    (error: unknown) => error,
  )
}

/** How the host sees the line: from which address and port. */
async function seen(line: Remote): Promise<string> {
  return (await sh(line, 'echo $SSH_CONNECTION; id -un')).stdout
}

describe('a command over the system’s ssh', () => {
  test('runs with its words as they were, and says how it ended', async () => {
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
    expect(await run(line, ['no-such-command'])).toMatchObject({ code: 127 })
    expect(await sh(line, 'exit 255')).toMatchObject({ code: 255, signal: null })
    expect(await run(line, ['exec', 'sh', '-c', 'kill -KILL $$'])).toMatchObject({ code: 255, signal: null })
    expect(await sh(line, 'exec >&- 2>&-; sleep 0.2; exit 4')).toMatchObject({ code: 4 })
  })

  test('loses nothing of what it said before anybody listened', async () => {
    const channel = await (await open()).exec({ argv: ['sh', '-c', 'echo out; echo err >&2'] })
    await channel.exit
    const [out, err] = await Promise.all([channel.stdout, channel.stderr].map((stream) => stream.toArray()))
    expect([Buffer.concat(out ?? []), Buffer.concat(err ?? [])].map(String)).toEqual(['out\n', 'err\n'])
  })

  test('that reads nothing does not keep the writer waiting', async () => {
    const channel = await (await open()).exec({ argv: ['sh', '-c', 'exit 0'] })
    await expect(pipeline(Readable.from(megabytes(20)), channel.stdin)).rejects.toThrow()
    expect(await channel.exit).toEqual({ code: 0, signal: null })
  })

  test('takes 50 MB and gives them back, in little memory, and they are counted', async () => {
    const line = await open()
    const [there, back] = [createHash('sha256'), createHash('sha256')]
    const channel = await line.exec({ argv: ['cat'] })
    const before = process.memoryUsage().rss
    let peak = 0
    const up = pipeline(async function* () {
      for (const chunk of megabytes(50)) {
        there.update(chunk)
        yield chunk
      }
    }, channel.stdin)
    for await (const bytes of channel.stdout) {
      back.update(bytes)
      peak = Math.max(peak, process.memoryUsage().rss - before)
    }
    await up
    expect(await channel.exit).toEqual({ code: 0, signal: null })
    expect(back.digest('hex')).toBe(there.digest('hex'))
    expect(peak).toBeLessThan(100 << 20)
    expect(line.sentBytes()).toBe(50 << 20)
  })

  test('is one of eight at most', async () => {
    const line = await open()
    const start = (): Promise<Channel> => line.exec({ argv: ['cat'] })
    const channels = await Promise.all(Array.from({ length: 8 }, start))
    await expect(start()).rejects.toMatchObject({ message: 'no further command can be started on h1, 8 run already' })
    for (const channel of channels) {
      channel.stdin.end()
      channel.stdout.resume()
    }
    expect(await Promise.all(channels.map((channel) => channel.exit))).toEqual(Array(8).fill({ code: 0, signal: null }))
  })

  test('has a terminal of the kind and size that was asked for', async () => {
    const channel = await (await open()).exec({
      argv: ['sh', '-c', 'stty size; echo $TERM; test -t 0 && test -t 1 && echo both'],
      pty: { term: 'vt100', columns: 91, rows: 17 },
    })
    const said = Buffer.concat(await channel.stdout.toArray()).toString()
    expect(said.replaceAll('\r', '')).toBe('17 91\nvt100\nboth\n')
    expect(await channel.exit).toEqual({ code: 0, signal: null })
  })
})

describe('a lost line', () => {
  test('is told by every command and by the line, and the host goes on', async () => {
    const line = await open()
    const reading = await line.exec({
      argv: ['sh', '-c', 'trap "" HUP PIPE; echo here; read line; echo lost > seen; exec sleep 60'],
    })
    await once(reading.stdout, 'data')
    await host.cut()
    expect(await reading.exit).toEqual({ code: null, signal: null })
    await line.closed
    await expect(line.exec({ argv: ['true'] })).rejects.toMatchObject({
      code: 'CONNECTION',
      message: expect.stringContaining('the line to h1 is lost'),
    })
    await sh(await open(), 'until [ -s seen ]; do sleep 0.05; done')
    expect((await userProcesses(host.uid)).map(({ command }) => command)).toContain('sleep 60')
  })

  test('that just falls silent is noticed', async () => {
    const proxy = await startProxy(host.port)
    const config = { identity: tests.identity, knownHosts: join(tests.dir, 'frozen') }
    writeFileSync(config.knownHosts, `[127.0.0.1]:${proxy.port} ${host.hostKey}\n`)
    const target = await sshTarget({ ...host.host('shop'), port: proxy.port }, { ...config, agent: false })
    const line = await openSystemLine(target, { silence: 3000 })
    const channel = await line.exec({ argv: ['sleep', '60'] })
    await run(line, ['sleep', '1'])
    proxy.freeze()
    await line.closed
    expect(await channel.exit).toEqual({ code: null, signal: null })
    await expect(line.exec({ argv: ['true'] })).rejects.toMatchObject({
      message: expect.stringMatching(/^the line to h1 is lost: .*not responding/),
    })
    proxy.close()
  })

  test('leaves no ssh and no folder behind when this program is killed at once', async () => {
    const script = `
      import { connector } from '${new URL('../../src/remote/connect.ts', import.meta.url).pathname}'
      const line = await connector(${JSON.stringify(host.host('shop'))}, ${JSON.stringify({ ...plain(), transport: 'openssh' })})()
      await line.exec({ argv: ['sh', '-c', 'cat; echo over > over'] })
      console.log('ready')
      setInterval(() => {}, 1000)`
    const file = join(tests.dir, 'killed.ts')
    writeFileSync(file, script)
    const jiti = join(process.cwd(), 'node_modules/jiti/lib/jiti-cli.mjs')
    const child = spawn(process.execPath, [jiti, file], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
    expect(folders()).toHaveLength(1)
    child.kill('SIGKILL')
    await until(async () => folders().length === 0)
    await until(async () => (await userProcesses(host.uid)).every(({ command }) => !command.startsWith('sshd: ')))
  })
})

describe('what the library cannot do is done by ssh, without being asked', () => {
  const configured = (text: string): void => writeFileSync(config, text)
  const through = (name: string, at: TestHost, more = ''): string => `
    Host ${name}
      HostName 127.0.0.1
      Port ${at.port}
      User ${at.user}
      IdentityFile ${tests.identity}
      UserKnownHostsFile ${tests.knownHosts}
      ${more}\n`

  async function reach(settings: ConnectSettings = {}, name = 'shop'): Promise<Remote> {
    const line = await connector(
      { ...host.host('shop'), host: name, user: undefined, port: undefined, name },
      { agent: false, ...settings },
    )()
    lines.push(line)
    return line
  }

  test('a host behind another one, and behind two', async () => {
    configured(
      through('shop', host, 'ProxyJump bastion') +
        through('bastion', jump) +
        through('far', host, 'ProxyJump bastion,shop2') +
        through('shop2', host),
    )
    expect(await seen(await reach())).toContain(host.user)
    expect((await userProcesses(jump.uid)).some(({ command }) => command.startsWith('sshd: '))).toBe(true)
    expect(await seen(await reach({}, 'far'))).toContain(host.user)
  })

  test('jump in the configuration', async () => {
    configured(through('bastion', jump))
    const line = await connector(host.host('shop'), { ...plain(), jump: 'bastion' })()
    lines.push(line)
    expect(await seen(line)).toContain(host.user)
    expect((await userProcesses(jump.uid)).some(({ command }) => command.startsWith('sshd: '))).toBe(true)
  })

  test('a ProxyCommand', async () => {
    configured(
      through(
        'shop',
        host,
        `ProxyCommand sh -c 'echo used >> ${tests.dir}/proxied; exec ssh -F ${config} -W %%h:%%p bastion'`.replaceAll('%%', '%'),
      ) + through('bastion', jump),
    )
    expect(await seen(await reach())).toContain(host.user)
    expect(readFileSync(join(tests.dir, 'proxied'), 'utf8')).toBe('used\n')
  })

  test('a key with a certificate', async () => {
    const [authority, key] = ['ca', 'certified'].map((name) => {
      const file = join(tests.dir, name)
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file])
      return file
    }) as [string, string]
    const trusting = await startHosts(1, { sshdConfig: [`TrustedUserCAKeys ${authority}.pub`] })
    const [at] = trusting.hosts
    const settings = { identity: key, knownHosts: trusting.knownHosts, agent: false }
    await expect(connector(at.host('shop'), settings)()).rejects.toMatchObject({ code: 'AUTH' })
    execFileSync('ssh-keygen', ['-q', '-s', authority, '-I', 'me', '-n', at.user, `${key}.pub`])
    const line = await connector(at.host('shop'), settings)()
    expect(await run(line, ['id', '-un'])).toMatchObject({ stdout: `${at.user}\n` })
    await line.close()
    await trusting.stop()
  })

  test('a host that shows a certificate, and one whose algorithms are too new', async () => {
    const authority = join(tests.dir, 'host-ca')
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', authority])
    const signed = join(tests.dir, 'signed')
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', signed])
    execFileSync('ssh-keygen', ['-q', '-s', authority, '-I', 'host', '-h', '-n', '127.0.0.1', `${signed}.pub`])
    const modern = await startHosts(1, {
      sshdConfig: [`HostKey ${signed}`, `HostCertificate ${signed}-cert.pub`, 'KexAlgorithms sntrup761x25519-sha512@openssh.com'],
    })
    const [at] = modern.hosts
    const known = join(tests.dir, 'known-ca')
    const enter = async (text: string): Promise<unknown> => {
      writeFileSync(known, text)
      const connect = connector(at.host('shop'), { identity: modern.identity, knownHosts: known, agent: false })
      return connect().then(
        async (line) => {
          const { stdout } = await run(line, ['id', '-un'])
          await line.close()
          return stdout.trim()
        },
        (error: unknown) => error,
      )
    }
    const key = (file: string): string => readFileSync(`${file}.pub`, 'utf8').split(' ').slice(0, 2).join(' ')
    expect(await enter(`@cert-authority *127.0.0.1* ${key(authority)}\n`)).toBe(at.user)
    expect(await enter(`@cert-authority *127.0.0.1* ${key(signed)}\n`)).toMatchObject({ code: 'HOST_KEY' })
    // Only its key exchange is too new for the library then.
    expect(await enter(`[127.0.0.1]:${at.port} ${key(signed)}\n`)).toBe(at.user)
    expect(await enter('')).toMatchObject({ code: 'HOST_KEY' })
    await modern.stop()
  })

  test('a host on the way whose key nobody knows is refused, by its name', async () => {
    configured(through('shop', host, 'ProxyJump bastion') + through('bastion', jump).replace(tests.knownHosts, '/dev/null'))
    expect(await reach().catch((error: unknown) => error)).toMatchObject({
      code: 'HOST_KEY',
      message: expect.stringContaining(`the host key of [127.0.0.1]:${jump.port} is not known`),
    })
  })
})

describe('what goes wrong is told', () => {
  test('an unknown host key, a changed one, a revoked one', async () => {
    const known = join(tests.dir, 'wrong')
    const other = (await generateKeyPair('other')).publicKey.split(' ').slice(0, 2).join(' ')
    const name = `[127.0.0.1]:${host.port}`
    writeFileSync(known, '')
    expect(await failure({ knownHosts: known })).toMatchObject({
      code: 'HOST_KEY',
      message: expect.stringMatching(/^the host key of \S+ is not known: ssh-ed25519 SHA256:\S+$/),
      hint: expect.stringContaining('compare it on the host, then: ssh '),
    })
    writeFileSync(known, `${name} ${other}\n`)
    expect(await failure({ knownHosts: known })).toMatchObject({
      code: 'HOST_KEY',
      message: expect.stringContaining(`but ${known}:1 knows another one`),
    })
    writeFileSync(known, `${name} ${host.hostKey}\n@revoked ${name} ${host.hostKey}\n`)
    expect(await failure({ knownHosts: known })).toMatchObject({
      code: 'HOST_KEY',
      message: expect.stringContaining('is revoked'),
    })
    expect(readFileSync(known, 'utf8')).toBe(`${name} ${host.hostKey}\n@revoked ${name} ${host.hostKey}\n`)
  })

  test('a key that is not let in', async () => {
    const key = join(tests.dir, 'stranger')
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key])
    expect(await failure({ identity: key })).toMatchObject({
      code: 'AUTH',
      message: expect.stringContaining('lets in none of these keys'),
    })
  })

  test('nobody who listens, and a name that nobody has', async () => {
    expect(await failure({}, { port: 1 })).toMatchObject({
      code: 'CONNECTION',
      message: expect.stringContaining('connection refused'),
    })
    expect(await failure({}, { host: 'no-such-host.invalid' })).toMatchObject({
      code: 'CONNECTION',
      message: expect.stringContaining('the name no-such-host.invalid is not known'),
    })
  })

  test('a program that is not there', async () => {
    const connect = connector(host.host('shop'), { ...plain(), transport: 'openssh' }, { ssh: join(tests.dir, 'no-ssh') })
    await expect(connect()).rejects.toMatchObject({ code: 'CONNECTION', message: expect.stringContaining('no-ssh') })
  })
})

test('an encrypted key is opened by RELEASER_KEY_PASSPHRASE, which is no answer to any other question', async () => {
  const key = join(tests.dir, 'encrypted')
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', 'open sesame', '-f', key])
  expect(await failure({ identity: key })).toMatchObject({ code: 'AUTH' })
  appendFileSync(join(host.home, '.ssh', 'authorized_keys'), readFileSync(`${key}.pub`))
  vi.stubEnv('RELEASER_KEY_PASSPHRASE', 'open sesame')
  expect(await seen(await open({ identity: key }))).toContain(host.user)
  vi.stubEnv('RELEASER_KEY_PASSPHRASE', 'something else')
  expect(await failure({ identity: key })).toMatchObject({ code: 'AUTH' })
})

function* megabytes(count: number): Generator<Buffer> {
  for (let number = 0; number < count; number++) yield Buffer.alloc(1 << 20, `${number} megabytes `)
}
