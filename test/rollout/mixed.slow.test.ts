import { mkdtemp, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { mixedAmong } from '../../src/model/mixed.ts'
import { processRemote } from '../../src/remote/process.ts'
import type { Remote } from '../../src/remote/remote.ts'
import { driver } from '../support/driver.ts'
import { until } from '../support/until.ts'

it('a client that dies between two confirmations leaves each host whole, and what they remember tells where it stays', async () => {
  const base = await mkdtemp(join(tmpdir(), 'releaser-mixed-'))
  onTestFinished(() => rm(base, { recursive: true, force: true }))
  const paths = await Promise.all(['one-', 'two-'].map((name) => mkdtemp(join(base, name))))
  const here = async () => processRemote({ cwd: base })
  const [one = '', two = ''] = paths
  const calm = driver({ hosts: paths.map((path) => ({ connect: here, path })) })
  const pack = async (version: string) => {
    const dir = await mkdtemp(join(base, 'build-'))
    await writeFile(join(dir, 'VERSION'), version)
    return calm.pack(dir, version)
  }
  const old = await pack('1.0.0')
  await calm.roll(old)

  const lines: Remote[] = []
  // The second line to a host is the one that confirms it. To this host the client never gets to say so.
  const dies = async (): Promise<Remote> => {
    const line = await here()
    lines.push(line)
    if (lines.length < 2) return line
    const never = async () => {
      await lines[0]?.close()
      return new Promise<never>(() => {})
    }
    return { ...line, exec: never }
  }
  const dying = driver({
    hosts: [
      { connect: here, path: one },
      { connect: dies, path: two },
    ],
  })
  const fresh = await pack('2.0.0')
  void dying.roll(fresh).catch(() => {})

  const now = () => Promise.all([calm.facts(0), calm.facts(1)])
  await until(async () => lines.length === 2)
  await until(async () => (await now()).every(({ lock, unsettled }) => lock === null && unsettled === null))
  expect(await Promise.all(paths.map((path) => readlink(join(path, 'current'))))).toEqual([
    `releases/${fresh.id}`,
    `releases/${old.id}`,
  ])
  const hosts = (await now()).map((facts, index) => ({ name: `h${index + 1}`, facts }))
  expect(mixedAmong(hosts)).toMatchObject([
    {
      on: [{ name: 'h1' }],
      behind: [{ name: 'h2' }],
      entry: { action: 'deploy', release: fresh.id, previous: old.id, ok: true },
    },
  ])

  // Once more is how it is finished: who has it is left alone.
  expect(await calm.roll(fresh)).toMatchObject([
    { changed: false, current: fresh.id },
    { changed: true, current: fresh.id },
  ])
  expect(mixedAmong((await now()).map((facts) => ({ facts })))).toEqual([])
})
