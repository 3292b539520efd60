import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { processRemote } from '../../src/remote/process.ts'
import type { Planner } from '../../src/rollout/host.ts'
import { prepare } from '../../src/rollout/prepare.ts'
import { rollOut } from '../../src/rollout/rollout.ts'
import { planLock, planUnlock } from '../../src/tasks/lock.ts'
import { planPrune } from '../../src/tasks/prune.ts'
import { driver } from '../support/driver.ts'
import { pathOf, SHELLS } from '../support/shells.ts'

describe.each(SHELLS)('a freeze by hand, where sh is %s', (shell) => {
  let base = ''
  let path = ''
  let env: Record<string, string> = {}

  beforeAll(async () => {
    base = await mkdtemp(join(tmpdir(), `releaser-freeze-${shell}-`))
    path = join(base, 'app')
    env = { PATH: pathOf(shell, join(base, 'bin')), HOME: base }
  })
  afterAll(() => rm(base, { recursive: true, force: true }))

  const connect = async () => processRemote({ env, shell: [join(base, 'bin', 'sh'), '-c'], cwd: base })

  /** Carries out whatever a planner plans; `stale` plans from facts that are older than the freeze. */
  async function carry(plan: Planner, message: string, options: { readonly wait?: number; readonly stale?: boolean } = {}) {
    const { target } = driver({ hosts: [{ connect, path }] })
    const destinations = target.hosts.map((host) => ({ host, target, connect }))
    const observe = () => {}
    const prepared = await prepare({ destinations, observe, skipUnreachable: false })
    try {
      const hosts = prepared.hosts.map((asked) => {
        const facts = options.stale ? { ...asked.facts, frozen: null } : asked.facts
        return { ...asked, facts, plan: plan(asked, facts) }
      })
      const author = { by: 'ana@laptop', where: 'laptop', message }
      const none = { moment: async () => {}, shipment: async () => null, observe, signal: new AbortController().signal }
      return await rollOut(hosts, { plan, author, wait: options.wait, ...none })
    } finally {
      await prepared.close()
    }
  }
  const lock: Planner = ({ target, host }, facts) => planLock({ target, host, facts })
  const unlock: Planner = ({ target, host }, facts) => planUnlock({ target, host, facts })
  const prune: Planner = ({ target, host }, facts) => planPrune({ target, host, facts, keep: 1 }).plan

  async function tree(version: string): Promise<string> {
    const dir = await mkdtemp(join(base, 'build-'))
    await writeFile(join(dir, 'version.txt'), version)
    return dir
  }

  it('refuses everybody but unlock, says who, when, where and why, and waits for nobody', async () => {
    const d = driver({ hosts: [{ connect, path }] })
    const [a, b] = [await d.pack(await tree('a')), await d.pack(await tree('b'))]
    await d.roll(a)
    expect(await carry(lock, 'until Monday')).toMatchObject([{ ok: true, changed: true, previous: a.id, current: a.id }])
    const facts = await d.facts()
    expect(facts.frozen).toEqual({
      by: 'ana@laptop',
      since: expect.any(Number),
      message: 'until Monday',
      where: 'laptop',
      frozen: true,
    })
    expect({ lock: facts.lock, unsettled: facts.unsettled, served: facts.state?.served }).toEqual({
      lock: null,
      unsettled: null,
      served: [a.id],
    })
    const since = new Date((facts.frozen?.since ?? 0) * 1000).toISOString().slice(0, 19).replace('T', ' ')
    const refused = {
      code: 'LOCKED',
      message: `h1: frozen by ana@laptop, since ${since} UTC (until Monday)`,
      hint: 'once it may be lifted: releaser unlock target=prod',
    }
    await expect(d.roll(b, { wait: 60 })).rejects.toMatchObject(refused)
    await expect(d.roll(a)).rejects.toMatchObject(refused)
    await expect(d.roll(a, { action: 'rollback' })).rejects.toMatchObject(refused)
    await expect(carry(prune, 'prune')).rejects.toMatchObject(refused)
    await expect(carry(lock, 'mine')).rejects.toMatchObject(refused)
    // Whoever asked before it was frozen is stopped by the host.
    await expect(carry(lock, 'mine', { stale: true, wait: 60 })).rejects.toMatchObject(refused)
    expect(await readFile(join(path, '.releaser/frozen'), 'utf8')).toBe(
      `ana@laptop\t${facts.frozen?.since}\tuntil Monday\tlaptop\n`,
    )

    expect(await carry(unlock, 'unlock')).toMatchObject([{ ok: true, changed: true }])
    expect(await carry(unlock, 'unlock')).toMatchObject([{ ok: true, changed: false }])
    expect(await d.roll(b)).toMatchObject([{ ok: true, current: b.id }])
    expect((await d.facts()).history.map(({ action, ok }) => [action, ok])).toEqual([
      ['deploy', true],
      ['lock', true],
      ['unlock', true],
      ['deploy', true],
    ])
    for (const room of ['journal', 'tx', 'lock', 'trash']) expect(await readdir(join(path, '.releaser', room)), room).toEqual([])
  })
})
