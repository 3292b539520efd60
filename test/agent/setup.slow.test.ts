import { execFileSync } from 'node:child_process'
import { access, chmod, mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import type { Facts } from '../../src/model/plan.ts'
import { bootText } from '../../src/remote/boot-text.ts'
import { processRemote } from '../../src/remote/process.ts'
import type { Planner } from '../../src/rollout/host.ts'
import { prepare } from '../../src/rollout/prepare.ts'
import { rollOut } from '../../src/rollout/rollout.ts'
import { planSetup } from '../../src/tasks/setup.ts'
import { driver } from '../support/driver.ts'
import { killAllIn } from '../support/kill-all-in.ts'
import { pathOf, SHELLS } from '../support/shells.ts'
import { until } from '../support/until.ts'

const FOREIGN =
  '# mine\nMAILTO=""\n\n17 3 * * * tidy up 50\\%\n@reboot /bin/sh /elsewhere boot # releaser setup: shop staging /x\n'

// busybox' sh calls a crontab of its own, whatever PATH says, and that one has its place in the system: what needs none is for
// it too, what needs one is for the others.
describe.each(
  SHELLS.flatMap((shell) => [
    { shell, has: 'units' as const },
    ...(shell === 'busybox' ? [] : [{ shell, has: 'cron' as const }]),
  ]),
)('what setup installs on a host with $has, where sh is $shell', ({ shell, has }) => {
  const bases: string[] = []
  let base = ''
  let path = ''
  let env: Record<string, string> = {}
  let crontab = ''

  /** A host with a crontab of its own: busybox's, kept in a folder of ours. */
  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), `releaser-setup-${shell}-`))
    bases.push(base)
    path = join(base, "it's 100% app")
    const tools = pathOf(shell, join(base, 'bin'))
    await mkdir(join(base, 'spool'))
    await mkdir(join(base, 'own'))
    crontab = join(base, 'spool', userInfo().username)
    const busybox = execFileSync('which', ['busybox'], { encoding: 'utf8' }).trim()
    await writeFile(join(base, 'own/crontab'), `#!/bin/sh\nexec '${busybox}' crontab -c '${base}/spool' "$@"\n`)
    await chmod(join(base, 'own/crontab'), 0o755)
    env = { PATH: `${base}/own:${tools}`, HOME: base }
  })
  afterAll(() => Promise.all(bases.map((each) => rm(each, { recursive: true, force: true }))))

  const connect = async () => processRemote({ env, shell: [join(base, 'bin', 'sh'), '-c'], cwd: base })
  const line = () => bootText('cron', { app: 'shop', target: 'prod', root: path }).text
  const cron: Partial<Facts> = { systemd: false }
  const linger: Partial<Facts> = { systemd: true, user: { name: 'ana', root: false, lingers: true, sudo: false } }
  const facts = () => driver({ hosts: [{ connect, path }] }).facts()

  /** From now on the crontab says yes, and takes nothing. */
  async function deaf() {
    const real = await readFile(join(base, 'own/crontab'), 'utf8')
    await writeFile(join(base, 'own/crontab'), real.replace('exec', '[ "$1" != - ] || exit 0\nexec'))
  }

  async function setUp(has: Partial<Facts>) {
    const { target } = driver({ hosts: [{ connect, path }] })
    const plan: Planner = ({ target, host }, facts) => planSetup({ target, host, facts: { ...facts, ...has }, bootText })
    const observe = () => {}
    const destinations = target.hosts.map((host) => ({ host, target, connect }))
    const prepared = await prepare({ destinations, observe, skipUnreachable: false })
    try {
      const hosts = prepared.hosts.map((asked) => ({ ...asked, plan: plan(asked, asked.facts) }))
      const author = { by: 'ana', where: 'laptop', message: 'setup' }
      const none = { moment: async () => {}, shipment: async () => null, observe, signal: new AbortController().signal }
      return await rollOut(hosts, { plan, author, wait: undefined, ...none })
    } finally {
      await prepared.close()
    }
  }

  if (has === 'units') {
    it("a user's unit, enabled, once", async () => {
      expect(await setUp(linger)).toMatchObject([{ ok: true, changed: true }])
      const { unit, text } = bootText('systemd-user', { app: 'shop', target: 'prod', root: path })
      const units = join(base, '.config/systemd/user')
      expect(await readdir(units)).toEqual(['default.target.wants', unit])
      expect(await readFile(join(units, unit), 'utf8')).toBe(text)
      expect(await readlink(join(units, 'default.target.wants', unit))).toBe(`../${unit}`)
      expect((await facts()).boot).toEqual({ kind: 'systemd-user', text })
      expect(await setUp(linger)).toMatchObject([{ ok: true, changed: false, state: 'idle' }])
      // Somebody has disabled it.
      await rm(join(units, 'default.target.wants', unit))
      expect((await facts()).boot).toBe(null)
      expect(await setUp(linger)).toMatchObject([{ ok: true, changed: true }])
    })

    it('nothing but folders and the agent, where nothing starts programs at boot', async () => {
      const nowhere: Partial<Facts> = { systemd: false, tools: (await facts()).tools.filter((tool) => tool !== 'crontab') }
      expect(await setUp(nowhere)).toMatchObject([{ ok: true, changed: true }])
      expect(await readdir(path)).toEqual(['.releaser', 'releases', 'shared'])
      expect(await setUp(nowhere)).toMatchObject([{ ok: true, changed: false, state: 'idle' }])
    })
    return
  }

  it('a line in the crontab, once, which leaves all others as they are', async () => {
    await writeFile(crontab, FOREIGN)
    expect(await setUp(cron)).toMatchObject([{ ok: true, changed: true }])
    expect(await readFile(crontab, 'utf8')).toBe(`${FOREIGN}${line()}`)
    expect((await facts()).boot).toEqual({ kind: 'cron', text: line() })
    expect(await setUp(cron)).toMatchObject([{ ok: true, changed: false, state: 'idle' }])

    // Somebody has taken it out, or changed it.
    await writeFile(crontab, FOREIGN)
    expect((await facts()).boot).toBe(null)
    await writeFile(crontab, `${line().replace('@reboot', '@daily')}${FOREIGN}`)
    expect(await setUp(cron)).toMatchObject([{ ok: true, changed: true }])
    expect(await readFile(crontab, 'utf8')).toBe(`${FOREIGN}${line()}`)
    for (const room of ['journal', 'tx', 'lock', 'trash', 'flip'])
      expect(await readdir(join(path, '.releaser', room)), room).toEqual([])
  })

  it('the same where there is no crontab yet', async () => {
    await setUp(cron)
    expect(await readFile(crontab, 'utf8')).toBe(line())
  })

  it("a user's unit, in place of the line where that has become possible", async () => {
    await writeFile(crontab, FOREIGN)
    await setUp(cron)
    expect(await setUp(linger)).toMatchObject([{ ok: true, changed: true }])
    expect(await readFile(crontab, 'utf8')).toBe(FOREIGN)
    expect((await facts()).boot).toMatchObject({ kind: 'systemd-user' })
  })

  it('what was there, where one of two ways cannot be changed', async () => {
    await writeFile(crontab, FOREIGN)
    await setUp(cron)
    await deaf()
    await expect(setUp(linger)).rejects.toMatchObject({ code: 'NOT_CHANGED' })
    expect(await readFile(crontab, 'utf8')).toBe(`${FOREIGN}${line()}`)
    expect(await readdir(join(base, '.config/systemd/user'))).toEqual(['default.target.wants'])
    expect((await facts()).boot).toEqual({ kind: 'cron', text: line() })
  })

  it('nothing, where the crontab cannot be read: an error is no empty crontab', async () => {
    await writeFile(join(base, 'own/crontab'), '#!/bin/sh\necho "you are not allowed to use this program" >&2; exit 1\n')
    await expect(setUp(cron)).rejects.toMatchObject({
      code: 'NOT_CHANGED',
      message: 'h1: boot: crontab -l: you are not allowed to use this program (nothing was changed on any host)',
    })
    expect((await facts()).boot).toBe(null)
  })

  it('what was there, where the crontab says yes and takes nothing', async () => {
    await writeFile(crontab, FOREIGN)
    await deaf()
    await expect(setUp(cron)).rejects.toMatchObject({
      code: 'NOT_CHANGED',
      message: 'h1: boot: crontab does not take our line (nothing was changed on any host)',
    })
    expect(await readFile(crontab, 'utf8')).toBe(FOREIGN)
  })

  it('is taken back by the next who comes, where it was cut off', async () => {
    await writeFile(crontab, FOREIGN)
    const real = await readFile(join(base, 'own/crontab'), 'utf8')
    await writeFile(
      join(base, 'own/crontab'),
      real.replace(
        'exec',
        'if [ "$1" = - ]; then "$0" put; touch "$HOME/written"; sleep 1000; fi\n[ "$1" != put ] || set -- -\nexec',
      ),
    )
    const setting = setUp(cron).catch(() => {})
    await until(() =>
      access(join(base, 'written')).then(
        () => true,
        () => false,
      ),
    )
    expect(await readFile(crontab, 'utf8')).toBe(`${FOREIGN}${line()}`)
    await killAllIn(path)
    await writeFile(join(base, 'own/crontab'), real)
    execFileSync(join(base, 'bin/sh'), [join(path, '.releaser/agent'), path, 'boot'], { env })
    await setting
    expect(await readFile(crontab, 'utf8')).toBe(FOREIGN)
    expect((await facts()).boot).toBe(null)
    expect(await setUp(cron)).toMatchObject([{ ok: true, changed: true }])
  })
})
