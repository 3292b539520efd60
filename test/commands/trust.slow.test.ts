import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startHosts, type TestHosts } from '../support/hosts.ts'
import { type Laptop, laptop } from '../support/laptop.ts'

let hosts: TestHosts
beforeAll(async () => {
  hosts = await startHosts(2)
})
afterAll(() => hosts?.stop())

const TRUST = ['trust', 'target=prod'] as const

/** A laptop that knows nobody. */
async function stranger(more = {}): Promise<{ mine: Laptop; known: string }> {
  const mine = await laptop()
  const known = join(mine.dir, 'keys/known_hosts')
  const prod = {
    hosts: hosts.hosts.map(({ configEntry }) => configEntry),
    path: 'app',
    identity: hosts.identity,
    knownHosts: known,
    ...more,
  }
  await mine.configure({ prod })
  return { mine, known }
}

const line = (index: number) => `[127.0.0.1]:${hosts.hosts[index]?.port} ${hosts.hosts[index]?.hostKey}`

it('shows keys, records them only after a yes, and a deploy gets in then', async () => {
  const { mine, known } = await stranger()
  const refused = await mine.say('status', 'target=prod', 'host=h1')
  expect(refused).toMatchObject({ code: 3, stderr: expect.stringContaining('then: releaser trust target=prod host=h1') })

  // Nobody is there who could say yes.
  const asked = await mine.say(...TRUST)
  expect(asked).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') })
  expect(asked.stdout).toMatch(/prod +h1 +ssh-ed25519 +SHA256:\S+ +not known\n/)
  expect(await mine.call(...TRUST, '--dry-run')).toMatchObject({ code: 0 })
  await expect(stat(known)).rejects.toThrow()

  const { last, code } = await mine.call(...TRUST, '--yes')
  const key = { target: 'prod', type: 'ssh-ed25519', fingerprint: expect.stringMatching(/^SHA256:/), known: true }
  expect({ code, last }).toMatchObject({
    code: 0,
    last: { keys: ['h1', 'h2'].map((host) => ({ ...key, host, recorded: true, file: known })) },
  })
  expect(await readFile(known, 'utf8')).toBe(`${line(0)}\n${line(1)}\n`)
  expect((await stat(known)).mode & 0o777).toBe(0o600)
  expect((await mine.call('status', 'target=prod')).code).toBe(0)
  expect((await mine.call(...TRUST)).last).toMatchObject({ keys: [1, 2].map(() => ({ known: true, recorded: false })) })
  expect(await readFile(known, 'utf8')).toBe(`${line(0)}\n${line(1)}\n`)
})

it('never records a key that is not the one that was known, and writes after a line without an end', async () => {
  const { mine, known } = await stranger()
  const other = hosts.hosts[1]?.hostKey ?? ''
  await mkdir(join(mine.dir, 'keys'))
  await writeFile(known, `[127.0.0.1]:${hosts.hosts[0].port} ${other}`)
  const { code, last } = await mine.call(...TRUST, '--yes')
  expect({ code, message: last['message'] }).toEqual({
    code: 3,
    message: expect.stringContaining('the host key of h1 has changed'),
  })
  expect(await readFile(known, 'utf8')).toBe(`[127.0.0.1]:${hosts.hosts[0].port} ${other}\n${line(1)}\n`)
})

it('shows the key of a host behind another one, which must be known', async () => {
  const [, bastion] = hosts.hosts
  if (!bastion) throw new Error('two hosts')
  const { mine, known } = await stranger({ hosts: [hosts.hosts[0].configEntry], jump: 'bastion' })
  const through = (file: string) =>
    `Host bastion\n HostName 127.0.0.1\n Port ${bastion.port}\n User ${bastion.user}\n IdentityFile ${hosts.identity}\n UserKnownHostsFile ${file}\n`
  Object.assign(mine.env, { RELEASER_SSH_CONFIG: join(mine.dir, 'ssh_config') })
  await mine.write({ ssh_config: through('/dev/null') })
  expect((await mine.call(...TRUST, '--yes')).last).toMatchObject({
    exit: 3,
    message: expect.stringContaining(`the host key of [127.0.0.1]:${bastion.port} is not known`),
  })
  await mine.write({ ssh_config: through(hosts.knownHosts) })
  expect((await mine.call(...TRUST, '--yes')).last).toMatchObject({ exit: 0, keys: [{ host: 'h1', recorded: true }] })
  expect(await readFile(known, 'utf8')).toBe(`${line(0)}\n`)
  expect((await mine.call('status', 'target=prod')).code).toBe(0)
})

it('tells a host that is not there', async () => {
  const { mine } = await stranger({ hosts: [{ host: '127.0.0.1', port: 1, name: 'gone' }] })
  expect(await mine.say(...TRUST, '--yes')).toMatchObject({ code: 3, stderr: expect.stringContaining('connection refused') })
})
