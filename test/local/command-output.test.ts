import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { outputOf } from '../../src/local/command-output.ts'
import { isRunning } from '../support/is-running.ts'
import { project } from '../support/project.ts'
import { until } from '../support/until.ts'

const run = async (
  command: string,
  more: { readonly cwd?: string; readonly seconds?: number; readonly signal?: AbortSignal } = {},
) => {
  const { stdout, ...rest } = await outputOf({ command, cwd: '/', seconds: 30, signal: undefined, ...more })
  return { ...rest, stdout: stdout.toString('latin1') }
}

test('keeps every byte of stdout, and tells how the command ended', async () => {
  const cwd = await project()
  expect(await run("pwd; printf 'a\\r\\nb\\0\\377'; echo no >&2; cat; exit 3", { cwd })).toEqual({
    code: 3,
    stopped: null,
    stdout: `${cwd}\na\r\nb\0\xff`,
    stderr: 'no\n',
  })
})

test('past its time it is ended with all that it started', async () => {
  const cwd = await project()
  const command = 'trap "" TERM; sleep 300 & echo $! >pid; echo here; wait; sleep 300'
  expect(await run(command, { cwd, seconds: 1 })).toEqual({ code: null, stopped: 'timeout', stdout: 'here\n', stderr: '' })
  expect(await isRunning(Number(await readFile(join(cwd, 'pid'), 'utf8')))).toBe(false)
})

test('so it is on abort, before and meanwhile', async () => {
  const cwd = await project()
  const abort = new AbortController()
  const ended = run('sleep 300 & echo $! >pid; wait', { cwd, signal: abort.signal })
  const pid = () => readFile(join(cwd, 'pid'), 'utf8').catch(() => '')
  await until(async () => (await pid()).endsWith('\n'))
  abort.abort()
  const aborted = { code: null, stopped: 'abort', stdout: '', stderr: '' }
  expect(await ended).toEqual(aborted)
  expect(await isRunning(Number(await pid()))).toBe(false)
  expect(await run('echo no', { signal: abort.signal })).toEqual(aborted)
})

test('does not wait for what it leaves behind', async () => {
  const cwd = await project()
  expect(await run('sleep 300 & echo $! >pid; echo secret', { cwd })).toEqual({
    code: 0,
    stopped: null,
    stdout: 'secret\n',
    stderr: '',
  })
  process.kill(Number(await readFile(join(cwd, 'pid'), 'utf8')))
})

test('what cannot be started says why', async () => {
  expect(await run('true', { cwd: '/nowhere' })).toMatchObject({ code: null, stopped: null, stderr: 'spawn sh ENOENT' })
})

test('keeps a megabyte, and not all that an endless one writes', async () => {
  const { stdout } = await run('head -c 5000000 /dev/zero')
  expect(stdout.length).toBeGreaterThanOrEqual(2 ** 20)
  expect(stdout.length).toBeLessThan(2 ** 21)
})
