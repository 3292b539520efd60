import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Job, runProcess } from '../../src/local/process.ts'
import { isRunning } from '../support/is-running.ts'
import { project } from '../support/project.ts'
import { until } from '../support/until.ts'

const sh = (script: string, more: Partial<Job> = {}) =>
  runProcess({ argv: ['sh', '-c', script], cwd: '/', env: { PATH: process.env['PATH'] }, ...more })

test('tells how a process ended, and its lines as they came', async () => {
  const lines: [string, string][] = []
  const ended = await sh('echo one; echo two >&2; sleep 0.1; printf "10%%\\r50%%\\r100%%\\nlast ü"; exit 3', {
    onLine: (line, stream) => lines.push([stream, line]),
  })
  expect(ended).toEqual({ code: 3, stopped: null, lines: expect.arrayContaining(['one', 'two', '100%', 'last ü']) })
  expect(lines.filter(([stream]) => stream === 'stdout').map(([, line]) => line)).toEqual(['one', '100%', 'last ü'])
  expect(lines.filter(([stream]) => stream === 'stderr').map(([, line]) => line)).toEqual(['two'])
})

test('keeps the last 20 lines, and cuts a line that never ends', async () => {
  const ended = await sh('i=0; while [ $i -lt 50 ]; do echo $i; i=$((i+1)); done')
  expect(ended.lines).toEqual(Array.from({ length: 20 }, (_, index) => String(index + 30)))
  const lengths: number[] = []
  await sh('head -c 200000 /dev/zero | tr "\\0" x', { onLine: (line) => lengths.push(line.length) })
  expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(200_000)
  expect(lengths.length).toBeGreaterThan(1)
})

test('gives stdin, and does not mind a process that leaves it unread', async () => {
  expect((await sh('cat', { stdin: 'a\nb\n' })).lines).toEqual(['a', 'b'])
  expect((await sh('exit 0', { stdin: 'x'.repeat(1_000_000) })).code).toBe(0)
})

test('what cannot be started ends without a code and says why', async () => {
  expect(await runProcess({ argv: ['/no/such/program'], cwd: '/', env: {} })).toEqual({
    code: null,
    stopped: null,
    lines: ['spawn /no/such/program ENOENT'],
  })
  expect((await runProcess({ argv: ['sh', '-c', 'a\0b'], cwd: '/', env: {} })).code).toBe(null)
  expect((await sh('true', { cwd: '/no/such/folder' })).code).toBe(null)
})

test('a timeout ends the whole group, in time also what ignores TERM', async () => {
  const dir = await project()
  const ended = await sh(`trap "" TERM; sleep 300 & echo $! > ${join(dir, 'pid')}; wait`, { seconds: 0.3 })
  expect(ended).toEqual({ code: null, stopped: 'timeout', lines: [] })
  const pid = Number(await readFile(join(dir, 'pid'), 'utf8'))
  // It was killed; on a machine that has much to do it may be gone a moment later.
  await until(async () => !(await isRunning(pid)))
})

test('an abort ends the group; one that came before starts nothing', async () => {
  const abort = new AbortController()
  const running = sh('echo ready; sleep 300', { signal: abort.signal, onLine: () => abort.abort() })
  expect(await running).toEqual({ code: null, stopped: 'abort', lines: ['ready'] })
  const dir = await project()
  expect(await sh(`touch ${join(dir, 'made')}`, { signal: abort.signal })).toEqual({ code: null, stopped: 'abort', lines: [] })
  await expect(readFile(join(dir, 'made'))).rejects.toThrow('ENOENT')
})

test('does not wait for a background process that holds its output', async () => {
  const started = Date.now()
  const ended = await sh('sleep 30 & echo $!')
  expect(ended.code).toBe(0)
  expect(Date.now() - started).toBeLessThan(10_000)
  process.kill(Number(ended.lines[0]))
})
