import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connector } from '../../src/remote/connect.ts'
import { type Embedded, generateKeyPair, startEmbedded } from '../../src/remote/embedded.ts'
import type { Remote } from '../../src/remote/remote.ts'
import { run, sh } from '../support/run.ts'

const dir = realpathSync(mkdtempSync(join(tmpdir(), 'releaser-embedded-')))
const knownHosts = join(dir, 'known_hosts')
const identity = join(dir, 'key')
let server: Embedded
let authorizedKey: string
let hostKey: string

beforeAll(async () => {
  const mine = await generateKeyPair('me')
  authorizedKey = mine.publicKey
  hostKey = (await generateKeyPair('host')).privateKey
  writeFileSync(identity, mine.privateKey, { mode: 0o600 })
  server = await startEmbedded({ home: dir, authorizedKey, hostKey })
  writeFileSync(knownHosts, `[127.0.0.1]:${server.port} ${server.hostPublicKey}\n`)
})
afterAll(async () => {
  await server.close()
  rmSync(dir, { recursive: true })
})

function open(key = identity): Promise<Remote> {
  const host = { name: 'demo', host: '127.0.0.1', user: 'demo', port: server.port, path: '.', env: {}, tags: [], identity: key }
  return connector(host, { knownHosts, agent: false }, { configFile: '/dev/null' })()
}

test('commands run in its home, with a clean environment, and say how they ended', async () => {
  const line = await open()
  expect(await sh(line, 'pwd; cat; echo err >&2; exit 3', 'in\n')).toEqual({
    code: 3,
    signal: null,
    stdout: `${dir}\nin\n`,
    stderr: 'err\n',
  })
  const { stdout } = await run(line, ['env'])
  expect(
    stdout
      .match(/^\w+(?==)/gm)
      ?.filter((name) => !['_', 'OLDPWD', 'SHLVL'].includes(name))
      .sort(),
  ).toEqual(['HOME', 'LANG', 'PATH', 'PWD', 'SHELL'])
  expect(await run(line, ['exec', 'sh', '-c', 'kill -KILL $$'])).toMatchObject({ code: null, signal: 'SIGKILL' })
  expect(await sh(line, 'exec >&- 2>&-; sleep 0.2; exit 4')).toMatchObject({ code: 4, signal: null })
  const many = await Promise.all(Array.from({ length: 8 }, (_, number) => run(line, ['echo', String(number)])))
  expect(many.map(({ stdout }) => stdout.trim())).toEqual(['0', '1', '2', '3', '4', '5', '6', '7'])
  await line.close()
})

test('20 MB go there and come back whole', async () => {
  const line = await open()
  const channel = await line.exec({ argv: ['cat'] })
  const data = Array.from({ length: 20 }, (_, number) => Buffer.alloc(1 << 20, `${number} `))
  const up = pipeline(Readable.from(data), channel.stdin)
  const hash = createHash('sha256')
  for await (const bytes of channel.stdout) hash.update(bytes)
  await up
  expect(hash.digest('hex')).toBe(createHash('sha256').update(Buffer.concat(data)).digest('hex'))
  expect(await channel.exit).toEqual({ code: 0, signal: null })
  await line.close()
})

test('no other key gets in', async () => {
  const other = join(dir, 'other')
  writeFileSync(other, (await generateKeyPair('other')).privateKey, { mode: 0o600 })
  await expect(open(other)).rejects.toMatchObject({ code: 'AUTH' })
})

test('the ssh of this machine can use it too', async () => {
  const words = [
    '-F',
    '/dev/null',
    '-i',
    identity,
    '-o',
    'IdentitiesOnly=yes',
    '-o',
    `UserKnownHostsFile=${knownHosts}`,
    '-o',
    'BatchMode=yes',
    '-p',
    String(server.port),
  ]
  const ssh = promisify(execFile)('ssh', [...words, 'demo@127.0.0.1', 'echo over ssh; exit 5'])
  ssh.child.stdin?.end()
  await expect(ssh).rejects.toMatchObject({ code: 5, stdout: 'over ssh\n' })
})

test('a line that closes takes stdin away and lets the command live', async () => {
  const line = await open()
  const channel = await line.exec({
    argv: ['sh', '-c', 'trap "" HUP PIPE; echo $$; read line; echo "alone" > alone; exec sleep 60'],
  })
  const [said] = await once(channel.stdout, 'data')
  await line.close()
  const again = await open()
  await sh(again, 'until [ -s alone ]; do sleep 0.05; done')
  expect(readFileSync(join(dir, 'alone'), 'utf8')).toBe('alone\n')
  process.kill(Number(said), 'SIGKILL')
  await again.close()
})

test('closing the server ends its lines', async () => {
  const own = await startEmbedded({ home: dir, authorizedKey, hostKey })
  writeFileSync(knownHosts, `[127.0.0.1]:${own.port} ${own.hostPublicKey}\n`, { flag: 'a' })
  const host = { name: 'demo', host: '127.0.0.1', user: 'demo', port: own.port, path: '.', env: {}, tags: [], identity }
  const line = await connector(host, { knownHosts, agent: false }, { configFile: '/dev/null' })()
  await own.close()
  await line.closed
})

test('every generated key is one that ssh-keygen reads', async () => {
  for (let number = 0; number < 20; number++) {
    const { privateKey, publicKey } = await generateKeyPair(`key ${number}`)
    const file = join(dir, `generated-${number}`)
    writeFileSync(file, privateKey, { mode: 0o600 })
    const { stdout } = await promisify(execFile)('ssh-keygen', ['-yf', file])
    expect(stdout.trim()).toBe(publicKey.trim())
  }
})

test('no generated key is one that we cannot read', async () => {
  const { default: ssh2 } = await import('ssh2')
  for (let number = 0; number < 2000; number++) {
    const { privateKey, publicKey } = await generateKeyPair('one of many')
    for (const text of [privateKey, publicKey]) expect(ssh2.utils.parseKey(text)).not.toBeInstanceOf(Error)
  }
})
