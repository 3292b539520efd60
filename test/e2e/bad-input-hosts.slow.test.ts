import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { Target } from '../../src/model/config.ts'
import { built, DEPLOY, home } from '../support/fleet.ts'
import { startHosts, type TestHosts } from '../support/hosts.ts'
import { type Listed, targetOn } from '../support/laptop.ts'
import { foreign } from '../support/programs.ts'
import { listTree } from '../support/tree.ts'

/** What can be wrong on the way to hosts and on them: how it ends, what is said, and that they are as they were. */
let hosts: TestHosts
beforeAll(async () => {
  hosts = await startHosts(2)
})
afterAll(() => hosts?.stop())

const run = promisify(execFile)

/** As the host's user, whoever we are. */
async function asUser(index: number, script: string): Promise<void> {
  const user = hosts.hosts[index]?.user ?? ''
  await run('sh', ['-c', script], { cwd: home(hosts, index) })
  await run('chown', ['-hR', user, home(hosts, index)])
}

describe('a host that cannot be reached, entered or trusted (3)', () => {
  const CASES: readonly {
    readonly what: string
    readonly code: string
    readonly message: RegExp
    readonly hint: RegExp
    readonly change: (target: Listed) => Promise<Target> | Target
  }[] = [
    {
      what: 'a closed port',
      code: 'CONNECTION',
      message: /^cannot reach gone \(127\.0\.0\.1:1\): connection refused$/,
      hint: /^does sshd run there, on port 1\? try: ssh /,
      change: (target) => ({ ...target, hosts: [{ host: '127.0.0.1', port: 1, user: 'x', name: 'gone' }, ...target.hosts] }),
    },
    {
      what: 'an unknown name',
      code: 'CONNECTION',
      message: /^cannot reach gone \(no-such-host\.invalid:22\): the name no-such-host\.invalid is not known$/,
      hint: /^look for a typo in hosts/,
      change: (target) => ({ ...target, hosts: [{ host: 'no-such-host.invalid', user: 'x', name: 'gone' }, ...target.hosts] }),
    },
    {
      what: 'a wrong key',
      code: 'AUTH',
      message: /@h1 \(127\.0\.0\.1:\d+\) lets none of these keys in: \S+other-\w+ \(SHA256:\S+\); .*@h2 /,
      hint: /^let a key in with ssh-copy-id -p \d+ \S+@127\.0\.0\.1, or name the right one with identity$/,
      change: async (target) => {
        const identity = join(hosts.dir, `other-${randomBytes(4).toString('hex')}`)
        await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', identity])
        return { ...target, identity }
      },
    },
    {
      what: 'a host key that nobody knows',
      code: 'HOST_KEY',
      message: /^the host key of h1 is not known: ssh-ed25519 SHA256:\S+; the host key of h2 is not known/,
      hint: /then: releaser trust target=prod host=h1$/,
      change: (target) => ({ ...target, knownHosts: join(hosts.dir, 'nobody') }),
    },
    {
      what: 'a host key that has changed',
      code: 'HOST_KEY',
      message: /^the host key of h1 has changed: it shows ssh-ed25519 SHA256:\S+, but \S+changed:1 knows ssh-ed25519 SHA256:/,
      hint: /^somebody may be in between; only if the host was really set up anew: ssh-keygen -R '\[127\.0\.0\.1\]:\d+' -f \S+changed$/,
      change: async (target) => {
        const [first, second] = hosts.hosts
        const lines = [`[127.0.0.1]:${first.port} ${second?.hostKey}`, `[127.0.0.1]:${second?.port} ${second?.hostKey}`]
        await writeFile(join(hosts.dir, 'changed'), `${lines.join('\n')}\n`)
        return { ...target, knownHosts: join(hosts.dir, 'changed') }
      },
    },
  ]

  it.each(CASES)('$what: $code', async ({ code, message, hint, change }) => {
    const mine = await built(hosts, 'never')
    await mine.configure({ prod: await change(targetOn(hosts, 'never')) })
    for (const command of [DEPLOY, ['rollback', 'target=prod'], ['status'], ['history', 'target=prod']]) {
      const answer = await mine.call(...command)
      expect(answer).toMatchObject({ code: 3, last: { event: 'error', exit: 3, code } })
      expect(answer.last['message']).toMatch(message)
      expect(answer.last['hint']).toMatch(hint)
    }
    for (const index of [0, 1]) expect(await readdir(home(hosts, index))).not.toContain('never')
  })

  it('--skip-unreachable deploys to the others, and says whom it skipped', async () => {
    const mine = await built(hosts, 'skipping')
    const target = targetOn(hosts, 'skipping')
    const gone = { host: '127.0.0.1', port: 1, user: 'x', name: 'gone' }
    await mine.configure({ prod: { ...target, hosts: [gone, ...target.hosts] } })
    const answer = await mine.call(...DEPLOY, '--skip-unreachable')
    expect(answer).toMatchObject({ code: 0, last: { exit: 0, skipped: ['gone'] } })
    expect((answer.last['hosts'] as readonly { readonly host: string }[]).map(({ host }) => host).sort()).toEqual([
      'gone',
      'h1',
      'h2',
    ])
    // Where nobody is left, there is nothing to skip to.
    await mine.configure({ prod: { ...target, hosts: [gone] } })
    expect(await mine.call(...DEPLOY, '--skip-unreachable')).toMatchObject({ code: 3, last: { code: 'CONNECTION' } })
  })
})

describe('a place that cannot be taken', () => {
  it("another target's path, and another app's (2)", async () => {
    const mine = await built(hosts, 'taken')
    expect((await mine.call(...DEPLOY)).code).toBe(0)
    const before = await listTree(home(hosts, 0, 'taken'))
    const prod = targetOn(hosts, 'taken')
    await mine.configure({ prod, staging: prod })
    for (const words of [
      ['deploy', 'target=staging'],
      ['prune', 'target=staging', 'keep=1'],
    ])
      expect(await mine.call(...words)).toMatchObject({
        code: 2,
        last: {
          code: 'USAGE',
          message: `${home(hosts, 0, 'taken')} on h1 belongs to shop (target prod), not to shop (target staging)`,
          hint: 'give this target a path of its own',
        },
      })
    await mine.configure({ prod }, { app: 'blog' })
    await mine.call('build')
    expect(await mine.call(...DEPLOY)).toMatchObject({ code: 2, last: { code: 'USAGE' } })
    expect(await listTree(home(hosts, 0, 'taken'))).toEqual(before)
  })

  it('a path that is not writable (6)', async () => {
    const path = join(hosts.dir, 'not-yours/app')
    await mkdir(join(hosts.dir, 'not-yours'))
    const mine = await built(hosts, path)
    expect(await mine.call(...DEPLOY)).toMatchObject({
      code: 6,
      last: {
        code: 'NOT_CHANGED',
        message: `${path} on h1 is not writable`,
        hint: `make it there as root, for the user who logs in: mkdir -p ${path} && chown USER ${path}`,
      },
    })
    expect(await readdir(join(hosts.dir, 'not-yours'))).toEqual([])
  })

  it('of another machine than the release was built for', async () => {
    const mine = await built(hosts, 'machine', {}, ['h1'])
    await writeFile(join(mine.dir, 'app/server'), foreign(await readFile('/bin/sh'), { machine: 243, libc: 'musl' }), {
      mode: 0o755,
    })
    const answer = await mine.call(...DEPLOY, '--build')
    expect(answer).toMatchObject({ code: 6, last: { code: 'NOT_CHANGED' } })
    expect(answer.last['message']).toMatch(/^1\.0\.0 was built for riscv64 with musl, and h1 is \w+ with glibc/)
    expect(answer.last['hint']).toMatch(/^build it on or for the system of that host .*--force$/)
    expect(await readdir(home(hosts, 0))).not.toContain('machine')
    expect(await mine.call(...DEPLOY, '--force')).toMatchObject({ code: 0, last: { changed: true } })
  })

  it.each([
    ['a directory', 'mkdir -p foreign/current && echo mine >foreign/current/x', 'a real file or directory'],
    ['a file', 'mkdir -p foreign && echo mine >foreign/current', 'a real file or directory'],
    ['a link of somebody else', 'mkdir -p foreign/v1 && ln -s v1 foreign/current', 'a link to v1'],
  ])('current that is %s (6)', async (_, script, what) => {
    await asUser(1, script)
    onTestFinished(() => rm(home(hosts, 1, 'foreign'), { recursive: true }))
    const before = await listTree(home(hosts, 1, 'foreign'))
    const mine = await built(hosts, 'foreign')
    expect(await mine.call(...DEPLOY)).toMatchObject({
      code: 6,
      last: {
        code: 'NOT_CHANGED',
        message: `${home(hosts, 1, 'foreign')}/current on h2 is ${what}, not a link of ours`,
        hint: 'move it away there, and deploy again',
      },
    })
    expect(await listTree(home(hosts, 1, 'foreign'))).toEqual(before)
    expect(await readdir(home(hosts, 0))).not.toContain('foreign')
  })

  describe('no space (6)', () => {
    let disk = ''
    beforeAll(async () => {
      disk = join(hosts.dir, 'small')
      await mkdir(disk)
      await run('mount', ['-t', 'tmpfs', '-o', 'size=2m,mode=777', 'tmpfs', disk])
    })
    afterAll(() => run('umount', ['-l', disk]))

    it('is told before anything is sent', async () => {
      const mine = await built(hosts, join(disk, 'shop'), {}, ['h1'])
      expect((await mine.call(...DEPLOY)).code).toBe(0)
      const before = await listTree(disk)
      await writeFile(join(mine.dir, 'app/big'), randomBytes(3_000_000))
      const answer = await mine.call(...DEPLOY, '--build')
      expect(answer).toMatchObject({ code: 6, last: { code: 'NOT_CHANGED' } })
      expect(answer.last['message']).toMatch(/^no space on h1: \S+ needs 3\.3 MB, \d\.\d MB are free on \S+small$/)
      expect(answer.last['hint']).toBe('make room there, or lower keep and run releaser prune')
      expect(await listTree(disk)).toEqual(before)
    })

    it.each([1_500_000, 2_000_000])('that runs out while files arrive, at %i bytes, leaves what served', async (bytes) => {
      const fill = `head -c ${bytes} /dev/urandom >${disk}/filler 2>/dev/null; true`
      const path = join(disk, `filled-${bytes}`)
      const mine = await built(hosts, path, {}, ['h2'])
      expect((await mine.call(...DEPLOY)).code).toBe(0)
      const served = await readlink(join(path, 'current'))
      await mine.configure({ prod: targetOn(hosts, path, { hooks: { 'pre-upload': fill } }, ['h2']) })
      await writeFile(join(mine.dir, 'app/big'), randomBytes(1_000_000))
      const answer = await mine.call(...DEPLOY, '--build')
      await rm(join(disk, 'filler'))
      expect(answer).toMatchObject({ code: 6, last: { code: 'NOT_CHANGED' } })
      // Tools differ in how they say it.
      expect(answer.last['message']).toMatch(/No space left on device|Wrote only/)
      expect(answer.last['hint']).toMatch(/make room there|is the disk there full\?/)
      expect(await readlink(join(path, 'current'))).toBe(served)
      await mine.configure({ prod: targetOn(hosts, path, {}, ['h2']) })
      expect(await mine.call(...DEPLOY)).toMatchObject({ code: 0, last: { changed: true } })
      await rm(path, { recursive: true })
    })
  })
})
