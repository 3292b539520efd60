import { execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import type { Facts } from '../../src/model/plan.ts'
import { lookAtJobs } from '../../src/remote/jobs.ts'
import { processRemote } from '../../src/remote/process.ts'
import { installTimer } from '../../src/remote/timer-install.ts'
import { timerOf } from '../../src/tasks/timer.ts'
import { driver } from '../support/driver.ts'
import { pathOf, SHELLS } from '../support/shells.ts'
import { until } from '../support/until.ts'

const { signal } = new AbortController()
const FOREIGN = '# mine\nMAILTO=""\n\n17 3 * * * tidy up 50\\%\n0 * * * * /bin/sh /x due # releaser timer: shop staging /x\n'
const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0)) end()
})

/** A host with something deployed, and a crontab of its own in a folder of ours. */
async function deployed(
  shell: (typeof SHELLS)[number],
  name = "it's 100% app",
  within: (base: string) => readonly string[] = () => [],
) {
  const base = mkdtempSync(join(tmpdir(), `releaser-wakes-${shell}-`))
  ends.push(() => rmSync(base, { recursive: true, force: true }))
  const path = join(base, name)
  const tools = pathOf(shell, join(base, 'bin'))
  for (const dir of ['spool', 'own', 'build']) mkdirSync(join(base, dir))
  const busybox = execFileSync('which', ['busybox'], { encoding: 'utf8' }).trim()
  writeFileSync(join(base, 'own/crontab'), `#!/bin/sh\nexec '${busybox}' crontab -c '${base}/spool' "$@"\n`)
  chmodSync(join(base, 'own/crontab'), 0o755)
  const env = { PATH: `${base}/own:${tools}`, HOME: base }
  const inside = within(base)
  const connect = async () => processRemote({ env, shell: ['/usr/bin/env', ...inside, join(base, 'bin', 'sh'), '-c'], cwd: base })
  const d = driver({ hosts: [{ connect, path }] })
  writeFileSync(join(base, 'build/version.txt'), '1')
  await d.roll(await d.pack(join(base, 'build')))
  const remote = await connect()
  ends.push(() => void remote.close())
  const facts = { ...(await d.facts()), systemd: false, tools: [...(await d.facts()).tools, 'crontab'] } satisfies Facts
  const [host] = d.target.hosts
  if (!host) throw new Error('no host')
  const target = {
    ...d.target,
    backup: { command: 'echo dump', schedule: '* * * * *', heartbeat: 'https://127.0.0.1:1/secret' },
    sanitize: { command: 'true', schedule: 'daily at 03:17' },
  }
  const timer = { app: 'shop', target: 'prod', root: facts.root, user: facts.user.name, ...timerOf({ target, host, facts }) }
  const crontab = join(base, 'spool', userInfo().username)
  const files = () =>
    readdirSync(join(path, '.releaser'))
      .filter((name) => name.startsWith('timer'))
      .sort()
  return {
    base,
    path,
    remote,
    timer,
    crontab,
    files,
    inside,
    install: (wanted: typeof timer | null) => installTimer(remote, path, wanted, signal),
  }
}

// busybox' sh calls a crontab of its own, whatever PATH says, and that one has its place in the system.
it.each(SHELLS.filter((shell) => shell !== 'busybox'))(
  'one line of a crontab, once, and gone without a trace, where sh is %s',
  async (shell) => {
    const host = await deployed(shell)
    writeFileSync(host.crontab, FOREIGN)
    expect(await host.install(host.timer)).toEqual({ result: 'changed', why: '' })
    const lines = readFileSync(host.crontab, 'utf8')
    expect(lines.startsWith(FOREIGN)).toBe(true)
    expect(lines.slice(FOREIGN.length)).toMatch(
      /^\* \* \* \* \* \/bin\/sh "\$\(printf '[^%]*100\\045 app\/\.releaser\/timer-[0-9a-f]{64}\.sh'\)" "\$\(printf '[^%]*100\\045 app'\)" due # releaser timer: shop prod [^%]*\n$/,
    )
    expect(await host.install(host.timer)).toEqual({ result: 'same', why: '' })
    const fewer = { ...host.timer, jobs: host.timer.jobs.slice(1) }
    expect((await host.install(fewer)).result).toBe('changed')
    expect(readFileSync(host.crontab, 'utf8').slice(FOREIGN.length)).toMatch(/^17 \* \* \* \* /)
    const seen = await lookAtJobs(host.remote, host.path, signal)
    expect(seen).toMatchObject({
      way: { kind: 'cron', installed: true },
      jobs: [{ job: 'sanitize', schedule: '17 3 * * *', started: null }],
      backups: [],
    })
    expect(await host.install(null)).toEqual({ result: 'changed', why: '' })
    expect([readFileSync(host.crontab, 'utf8'), host.files()]).toEqual([FOREIGN, []])
    expect(await host.install(null)).toEqual({ result: 'same', why: '' })
  },
)

/** A place with a crontab folder of its own, in which programs can be run; busybox' sh knows no other folder than the system's. */
function ownSpool(base: string): readonly string[] {
  const own = spawn('unshare', ['-m', 'sleep', '1000'], { stdio: 'ignore' })
  ends.unshift(() => own.kill('SIGKILL'))
  const inside = ['/usr/bin/nsenter', '-m', '-t', String(own.pid), '--']
  const mount = `mount -t tmpfs tmpfs /var/spool && mkdir -p /var/spool/cron/crontabs && mount --bind '${base}/spool' /var/spool/cron/crontabs`
  execFileSync(inside[0] ?? '', [
    ...inside.slice(1),
    'sh',
    '-c',
    `until [ "$(readlink /proc/self/ns/mnt)" != '${readlinkSync('/proc/self/ns/mnt')}' ]; do sleep 0.1; done; ${mount}`,
  ])
  return inside
}

// Debian's own cron is in timer-cron.test.ts.
it.runIf(process.getuid?.() === 0)(
  "is woken by busybox' crond, each minute, where sh is dash, and where it is busybox",
  { timeout: 150_000 },
  async () => {
    const woken = async (shell: 'dash' | 'busybox') => {
      const host = await deployed(shell, "it's 100% app", ownSpool)
      writeFileSync(host.crontab, '# mine\n')
      // Of busybox' tools none can keep a secret.
      const why = shell === 'busybox' ? '127.0.0.1:1 cannot be told: there is neither curl nor GNU wget' : ''
      expect(await host.install(host.timer)).toEqual({ result: 'changed', why })
      const [nsenter = '', ...inside] = host.inside
      const crond = spawn(nsenter, [...inside, 'busybox', 'crond', '-f', '-c', '/var/spool/cron/crontabs'], { stdio: 'ignore' })
      ends.unshift(() => crond.kill('SIGKILL'))
      const room = join(host.path, 'backups')
      // It looks at the beginning of a minute.
      await until(async () => existsSync(room) && readdirSync(room).some((name) => name.endsWith('.gz')), 75)
      await until(async () => (await lookAtJobs(host.remote, host.path, signal)).jobs[0]?.exit === 0)
      expect((await host.install(null)).result).toBe('changed')
      expect([readFileSync(host.crontab, 'utf8'), host.files()]).toEqual(['# mine\n', []])
    }
    await Promise.all([woken('dash'), woken('busybox')])
  },
)
