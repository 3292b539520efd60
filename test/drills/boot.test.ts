import { execFile } from 'node:child_process'
import { access, mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { agentAt } from '../../src/remote/agent.ts'
import { processRemote } from '../../src/remote/process.ts'
import { driver } from '../support/driver.ts'
import { killAllIn } from '../support/kill-all-in.ts'
import { pathOf, SHELLS } from '../support/shells.ts'
import { until } from '../support/until.ts'

/** What the host says of a hook that did not end on the way, and would run again on the way back. */
const HUNG = 'while taking back, post-activate did not end before, so that it is not run again'

describe.each(SHELLS)('a host that boots, where sh is %s', (shell) => {
  let base = ''
  let path = ''
  let env: Record<string, string> = {}

  beforeAll(async () => {
    base = await mkdtemp(join(tmpdir(), `releaser-boot-${shell}-`))
    env = { PATH: pathOf(shell, join(base, 'bin')), HOME: base }
  })
  beforeEach(async () => {
    path = join(await mkdtemp(join(base, 'host-')), "an app's path")
  })
  afterAll(() => rm(base, { recursive: true, force: true }))

  const connect = async () => processRemote({ env, shell: [join(base, 'bin', 'sh'), '-c'], cwd: base })
  const rooms = async () =>
    Promise.all(['journal', 'tx', 'lock', 'trash', 'flip'].map((room) => readdir(join(path, '.releaser', room))))
  const exists = (file: string) =>
    access(file).then(
      () => true,
      () => false,
    )
  const current = () => readlink(join(path, 'current')).catch(() => null)

  /** As a unit or a crontab calls it: another folder, hardly any environment, no stdin. */
  function boot(): Promise<{ readonly code: number; readonly said: string }> {
    return new Promise((resolve) => {
      const words = ['-c', 'exec "$0" "$@" <&-', join(base, 'bin', 'sh'), join(path, '.releaser/agent'), path, 'boot']
      execFile(join(base, 'bin', 'sh'), words, { env: { PATH: env['PATH'] }, cwd: '/' }, (error, stdout, stderr) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, said: stdout + stderr }),
      )
    })
  }

  async function tree(version: string): Promise<string> {
    const dir = await mkdtemp(join(base, 'build-'))
    await writeFile(join(dir, 'version.txt'), version)
    return dir
  }

  /** A deploy that hangs in a hook, and all of its processes killed there, as by a power cut; its client asks until it is settled. */
  async function cutIn(hook: 'pre-activate' | 'post-activate', version: string) {
    const d = driver({ hosts: [{ connect, path }], target: { hooks: { [hook]: 'touch "$RELEASER_PATH/there"; sleep 1000' } } })
    const release = await d.pack(await tree(version), version)
    const rolling = d.roll({ ...release, id: `20260202000000-${version.repeat(8)}` }).catch(() => {})
    await until(() => exists(join(path, 'there')))
    await killAllIn(path)
    return { rolling }
  }

  it('goes back to what served, where a deploy was cut after the switch', async () => {
    const d = driver({ hosts: [{ connect, path }] })
    const a = await d.pack(await tree('a'))
    await d.roll(a)
    const { rolling } = await cutIn('post-activate', 'b')
    expect(await current()).toBe('releases/20260202000000-bbbbbbbb')
    const before = await d.facts()
    expect(before.unsettled).toMatch(/\.pending$/)

    expect(await boot()).toEqual({ code: 0, said: '' })
    await rolling
    expect(await current()).toBe(`releases/${a.id}`)
    expect(await rooms()).toEqual([[], [], [], [], []])
    const after = await d.facts()
    expect(after.history.at(-1)).toMatchObject({ ok: false, result: `taken back: nobody confirmed it; ${HUNG}` })
    // Plans from before are void.
    expect([after.unsettled, after.litter, after.seq > before.seq]).toEqual([null, false, true])
  })

  it('leaves no current, where it was the first deploy', async () => {
    const { rolling } = await cutIn('post-activate', 'b')
    expect(await boot()).toEqual({ code: 0, said: '' })
    await rolling
    expect([await current(), await rooms()]).toEqual([null, [[], [], [], [], []]])
  })

  it('keeps what was sent, where it was cut before the switch', async () => {
    const { rolling } = await cutIn('pre-activate', 'b')
    const part = join(path, '.releaser/incoming', 'b'.repeat(64))
    await mkdir(part)
    expect(await boot()).toEqual({ code: 0, said: '' })
    await rolling
    expect(await current()).toBe(null)
    expect(await readdir(join(path, '.releaser/incoming'))).toEqual(['b'.repeat(64)])
    expect(await readdir(join(path, 'releases'))).toEqual(['20260202000000-bbbbbbbb'])
  })

  it('does nothing where there is nothing to do, or where somebody is at work', async () => {
    const d = driver({ hosts: [{ connect, path }] })
    const a = await d.pack(await tree('a'))
    await d.roll(a)
    const { seq } = await d.facts()
    expect(await boot()).toEqual({ code: 0, said: '' })
    expect((await d.facts()).seq).toBe(seq)

    const b = await d.pack(await tree('b'))
    const met: unknown[] = []
    await d.roll(b, { moment: async (moment) => void (moment === 'sending' && met.push(await boot())) })
    expect(met).toEqual([{ code: 0, said: '' }])
    expect(await current()).toBe(`releases/${b.id}`)

    await writeFile(join(path, '.releaser/format'), '2\n')
    await writeFile(join(path, '.releaser/journal/abc.pending'), '')
    expect(await boot()).toEqual({ code: 0, said: '' })
    expect(await readdir(join(path, '.releaser/journal'))).toEqual(['abc.pending'])
  })

  it('meets others that boot, and a client that connects', async () => {
    const d = driver({ hosts: [{ connect, path }] })
    const a = await d.pack(await tree('a'))
    await d.roll(a)
    const { rolling } = await cutIn('post-activate', 'b')
    const next = await d.pack(await tree('c'))
    const boots = [boot(), boot(), boot()]
    expect(await d.roll(next, { wait: 60 })).toMatchObject([{ ok: true, changed: true, previous: a.id }])
    await rolling
    expect(await Promise.all(boots)).toEqual(boots.map(() => ({ code: 0, said: '' })))
    expect([await current(), await rooms()]).toEqual([`releases/${next.id}`, [[], [], [], [], []]])
    expect((await d.facts()).history.map(({ ok }) => ok)).toEqual([true, false, true])
  })

  it('finds the agent that was used last under a name that stays', async () => {
    const d = driver({ hosts: [{ connect, path }] })
    await d.roll(await d.pack(await tree('a')))
    const link = join(path, '.releaser/agent')
    const own = await readlink(link)
    expect(own).toMatch(/^agent-[0-9a-f]{64}\.sh$/)
    await writeFile(join(path, '.releaser/agent-old.sh'), 'exit 7')
    await rm(link)
    await symlink('agent-old.sh', link)
    await d.roll(await d.pack(await tree('b')))
    expect(await readlink(link)).toBe(own)
    expect(await readFile(link, 'utf8')).toContain('verb_boot')
  })

  it('says who logs in, and what starts things at boot there', async () => {
    const remote = await connect()
    const facts = await agentAt(remote, path).status()
    await remote.close()
    expect(facts.user).toMatchObject({ root: process.getuid?.() === 0, name: expect.stringMatching(/./) })
    expect(facts.boot).toBe(null)
  })
})
