import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { processRemote } from '../../src/remote/process.ts'
import { driver } from '../support/driver.ts'
import { pathOf, SHELLS } from '../support/shells.ts'
import { until } from '../support/until.ts'

it.each(SHELLS)('clears up what has served nobody for long, and nothing else, where sh is %s', async (shell) => {
  const base = await mkdtemp(join(tmpdir(), `releaser-tidy-${shell}-`))
  onTestFinished(() => rm(base, { recursive: true, force: true }))
  const env = { PATH: pathOf(shell, join(base, 'bin')), HOME: base }
  const connect = async () => processRemote({ env, shell: [join(base, 'bin', 'sh'), '-c'], cwd: base })
  const path = join(base, "it's an app")
  const on = (hooks: Record<string, string>) => driver({ hosts: [{ connect, path }], target: { hooks } })
  const build = async (version: string) => {
    const dir = await mkdtemp(join(base, 'build-'))
    writeFileSync(join(dir, 'version.txt'), version)
    return dir
  }
  const calm = on({})
  await calm.roll(await calm.pack(await build('a')))
  const fails = on({ 'post-activate': 'exit 3' })
  const ids = []
  for (const [index, version] of ['b', 'c'].entries()) {
    const bad = { ...(await fails.pack(await build(version))), id: `2026030${index + 1}000000-bbbbbbbb` }
    expect(await fails.roll(bad).catch((error: unknown) => error)).toMatchObject({ code: 'ROLLED_BACK' })
    ids.push(bad.id)
  }
  const [old = '', young = ''] = ids
  await until(async () => (await calm.facts()).lock === null)
  const { dirs, seq, state } = await calm.facts()
  expect(state?.releases.filter(({ state }) => state === 'bad').map(({ dir }) => dir)).toEqual(
    expect.arrayContaining([old, young]),
  )

  const ours = (...names: string[]) => join(path, '.releaser', ...names)
  const age = (file: string, days: number) =>
    utimesSync(file, Date.now() / 1000 - days * 86_400, Date.now() / 1000 - days * 86_400)
  for (const [name, days] of [
    ['old', 9],
    ['young', 3],
  ] as const) {
    writeFileSync(ours(`agent-${name}.sh`), '')
    age(ours(`agent-${name}.sh`), days * 5)
    mkdirSync(ours('incoming', name), { recursive: true })
    writeFileSync(ours('incoming', name, 'file'), '')
    age(ours('incoming', name, 'file'), days)
    age(ours('incoming', name), 9)
  }
  age(ours('manifests', old), 9)
  const tidy = () => spawnSync(join(base, 'bin/sh'), [ours('agent'), path, 'tidy'], { env, cwd: '/', encoding: 'utf8' })

  expect(tidy()).toMatchObject({ status: 0, stderr: '' })
  const after = await calm.facts()
  expect(after.dirs).toEqual(dirs.filter((dir) => dir !== old))
  expect(after.manifests).not.toContain(old)
  expect(after.seq).toBeGreaterThan(seq)
  expect(readdirSync(ours('incoming'))).toEqual(['young'])
  const agents = readdirSync(ours()).filter((name) => name.startsWith('agent-'))
  expect([agents.includes('agent-old.sh'), agents.includes('agent-young.sh'), agents.length]).toEqual([false, true, 2])
  expect(readdirSync(ours('tx'))).toEqual([])
  expect(readdirSync(ours('lock'))).toEqual([])

  // Somebody is at work.
  writeFileSync(ours('agent-old.sh'), '')
  age(ours('agent-old.sh'), 40)
  const busy = on({ 'pre-activate': 'touch "$RELEASER_PATH/there"; while [ -e "$RELEASER_PATH/there" ]; do sleep 0.1; done' })
  const rolling = busy.roll({ ...(await busy.pack(await build('d'))), id: '20260401000000-dddddddd' })
  await until(async () => readdirSync(path).includes('there'))
  expect(tidy()).toMatchObject({ status: 0, stdout: expect.stringContaining('somebody is at work here'), stderr: '' })
  expect(readdirSync(ours())).toContain('agent-old.sh')
  rmSync(join(path, 'there'))
  await rolling
})
