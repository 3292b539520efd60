import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { verdictsIn } from '../../src/local/verdicts.ts'
import type { Verdict } from '../../src/model/verdict.ts'

const verdict = (letter: string, minute: number): Verdict => ({
  rollout: letter.repeat(32),
  at: new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString(),
  by: 'ana@laptop',
  action: 'deploy',
  hosts: [{ target: 'prod', host: '[::1]:22', release: { id: '20260101000000-abc', version: '1.0.0' } }],
})

test('what was written is read again, the newest first, until it is removed; what is no verdict is left out', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'releaser-verdicts-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  const verdicts = verdictsIn(join(dir, 'store'))
  expect(await verdicts.list()).toEqual([])
  await verdicts.write(verdict('a', 1))
  await verdicts.write(verdict('b', 2))
  const own = join(dir, 'store', 'verdicts')
  const whole = await readFile(join(own, `${'a'.repeat(32)}.json`), 'utf8')
  const damaged = { c: whole.slice(0, -10), d: 'null', e: whole.replace('"host"', '"guest"') }
  for (const [letter, text] of Object.entries(damaged)) await writeFile(join(own, `${letter.repeat(32)}.json`), text)
  await writeFile(join(own, 'notes.json'), whole)
  expect(await verdicts.list()).toEqual([verdict('b', 2), verdict('a', 1)])
  await verdicts.remove('b'.repeat(32))
  await verdicts.remove('f'.repeat(32))
  expect(await verdicts.list()).toEqual([verdict('a', 1)])
  // Nothing half written is left anywhere.
  expect((await readdir(join(dir, 'store'), { recursive: true })).filter((name) => name.includes('~'))).toEqual([])
})
