import { mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type ProcessRemote, processRemote } from '../../src/remote/process.ts'
import { driver } from '../support/driver.ts'
import { pathOf, SHELLS } from '../support/shells.ts'
import { until } from '../support/until.ts'

describe.each(SHELLS)('a deploy that is cut off, where sh is %s', (shell) => {
  let base = ''
  let env: Record<string, string> = {}
  const lines: ProcessRemote[] = []

  beforeAll(async () => {
    base = await mkdtemp(join(tmpdir(), `releaser-heal-${shell}-`))
    env = { PATH: pathOf(shell, join(base, 'bin')), HOME: base }
  })
  afterAll(() => rm(base, { recursive: true, force: true }))

  async function connect(): Promise<ProcessRemote> {
    const line = processRemote({ env, shell: [join(base, 'bin', 'sh'), '-c'], cwd: base })
    lines.push(line)
    return line
  }

  async function tree(version: string): Promise<string> {
    const dir = await mkdtemp(join(base, 'build-'))
    await writeFile(join(dir, 'version.txt'), version)
    return dir
  }

  /** A host that serves `a`, and a deploy of `b` whose hook is under way when `cut` happens. */
  async function cutDuring(hook: 'pre-activate' | 'post-activate', cut: () => Promise<void> | void) {
    const path = await mkdtemp(join(base, 'host-'))
    const calm = driver({ hosts: [{ connect, path }] })
    const a = await calm.pack(await tree('a'))
    await calm.roll(a)
    const d = driver({ hosts: [{ connect, path }], target: { hooks: { [hook]: 'touch "$RELEASER_PATH/under-way"; sleep 3' } } })
    const b = { ...(await d.pack(await tree('b'))), id: '20260303000000-bbbbbbbb' }
    lines.length = 0
    const rolled = d.roll(b).then(
      () => undefined,
      (error: unknown) => error,
    )
    await until(async () => (await readdir(path)).includes('under-way'))
    await cut()
    const error = await rolled
    await until(async () => (await calm.facts()).lock === null)
    return { path, calm, a, b, error }
  }

  it('goes back at once when the line is lost after the switch, and a rerun succeeds', async () => {
    const { path, calm, a, b, error } = await cutDuring('post-activate', () =>
      Promise.all(lines.map((line) => line.close())).then(() => undefined),
    )
    expect(error).toMatchObject({ code: 'ROLLED_BACK' })
    expect(await readlink(join(path, 'current'))).toBe(`releases/${a.id}`)
    expect((await calm.facts()).history.at(-1)).toMatchObject({
      release: b.id,
      ok: false,
      result: 'taken back: lost; while taking back, post-activate did not end before, so that it is not run again',
    })
    expect(await calm.roll(b)).toMatchObject([{ ok: true, current: b.id }])
  })

  it('is as it was when the line is lost before the switch', async () => {
    const { path, calm, a, b, error } = await cutDuring('pre-activate', () =>
      Promise.all(lines.map((line) => line.close())).then(() => undefined),
    )
    expect(error).toMatchObject({ code: 'NOT_CHANGED' })
    expect(await readlink(join(path, 'current'))).toBe(`releases/${a.id}`)
    expect(await calm.roll(b)).toMatchObject([{ ok: true, current: b.id }])
  })

  it('is brought back by its watchdog when the agent itself is killed', async () => {
    const { path, calm, a, b, error } = await cutDuring('post-activate', () => {
      for (const group of lines.flatMap((line) => line.groups())) process.kill(-group, 'SIGKILL')
    })
    expect(error).toMatchObject({ code: 'ROLLED_BACK' })
    expect(await readlink(join(path, 'current'))).toBe(`releases/${a.id}`)
    expect((await calm.facts()).unsettled).toBe(null)
    expect(await calm.roll(b)).toMatchObject([{ ok: true, current: b.id }])
  })

  // busybox' shell has an mv of its own, which nobody can come before.
  if (shell !== 'busybox')
    it('keeps what was confirmed in the very moment in which it gave up', async () => {
      const tools = await mkdtemp(join(base, 'tools-'))
      // Whoever confirms moves the journal, as whoever takes back does: here always just before.
      const confirmsFirst =
        '#!/bin/sh\ncase $2 in *.reverting) /bin/mv "$1" "$(echo "$2" | sed s/reverting/confirmed/)" ;; esac\nexec /bin/mv "$@"\n'
      await writeFile(join(tools, 'mv'), confirmsFirst, { mode: 0o755 })
      const own = env
      env = { ...own, PATH: `${tools}:${own['PATH']}` }
      onTestFinished(() => {
        env = own
      })
      const { path, calm, b, error } = await cutDuring('post-activate', () =>
        Promise.all(lines.map((line) => line.close())).then(() => undefined),
      )
      expect(error).toBe(undefined)
      expect(await readlink(join(path, 'current'))).toBe(`releases/${b.id}`)
      expect((await calm.facts()).history.at(-1)).toMatchObject({ release: b.id, ok: true })
      expect(await readdir(join(path, '.releaser', 'journal'))).toEqual([])
    })

  it('lets exactly one of eight through, and tells the others who is at work', async () => {
    const path = await mkdtemp(join(base, 'race-'))
    const racers = await Promise.all(
      Array.from({ length: 8 }, async (_, index) => {
        const d = driver({ hosts: [{ connect, path }], target: { hooks: { 'pre-activate': 'sleep 1' } } })
        return { d, release: { ...(await d.pack(await tree(`racer ${index}`))), id: `2026040400000${index}-${'0'.repeat(8)}` } }
      }),
    )
    const results = await Promise.all(
      racers.map(({ d, release }) =>
        d.roll(release).then(
          () => 'won',
          (error: { code: string }) => error.code,
        ),
      ),
    )
    expect(results.filter((result) => result === 'won').length).toBeGreaterThanOrEqual(1)
    expect([...new Set(results)].sort()).toEqual(['LOCKED', 'won'])
    expect(await readdir(join(path, '.releaser', 'lock'))).toEqual([])
    const facts = await racers[0]?.d.facts()
    expect(facts?.history.map(({ release }) => release)).toEqual(facts?.state?.served)
  })
})
