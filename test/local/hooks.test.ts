import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { howItEnded, runLocalHook } from '../../src/local/hooks.ts'
import { isRunning } from '../support/is-running.ts'
import { project } from '../support/project.ts'

test('a hook gets its environment, its data on stdin, and its folder', async () => {
  const cwd = await project()
  const lines: string[] = []
  const result = await runLocalHook({
    name: 'pre-deploy',
    hook: 'echo "$RELEASER_HOOK $RELEASER_APP"; pwd; cat; test -n "$PATH"',
    env: { RELEASER_APP: 'shop' },
    stdin: { hosts: ['web1'], text: 'ü\n' },
    cwd,
    onOutput: (line) => lines.push(line),
  })
  const expected = ['pre-deploy shop', cwd, '{"hosts":["web1"],"text":"ü\\n"}']
  expect(result).toEqual({ ok: true, code: 0, stopped: null, lines: expected })
  expect(lines).toEqual(expected)
})

test('failure is a value', async () => {
  const result = await runLocalHook({ name: 'post-deploy', hook: { run: 'echo no >&2; exit 4' }, env: {}, cwd: '/' })
  expect(result).toEqual({ ok: false, code: 4, stopped: null, lines: ['no'] })
  expect(howItEnded(result)).toBe('ended with exit code 4')
})

test('failure may not matter', async () => {
  const hook = { run: 'exit 4', ignoreFailure: true }
  expect(await runLocalHook({ name: 'post-deploy', hook, env: {}, cwd: '/' })).toEqual({
    ok: true,
    code: 4,
    stopped: null,
    lines: [],
  })
})

test('a hook that takes too long is ended with all it started', async () => {
  const cwd = await project()
  const hook = { run: 'sleep 300 & echo $! > pid; wait', timeout: '1s' }
  const result = await runLocalHook({ name: 'pre-deploy', hook, env: {}, cwd })
  expect(result).toEqual({ ok: false, code: null, stopped: 'timeout', lines: [] })
  expect(howItEnded(result)).toBe('took longer than its timeout')
  const pid = Number(await readFile(join(cwd, 'pid'), 'utf8'))
  expect(await isRunning(pid)).toBe(false)
})

test('an abort is never ignored', async () => {
  const abort = new AbortController()
  const result = await runLocalHook({
    name: 'pre-deploy',
    hook: { run: 'echo ready; sleep 300', ignoreFailure: true },
    env: {},
    cwd: '/',
    signal: abort.signal,
    onOutput: () => abort.abort(),
  })
  expect(result).toEqual({ ok: false, code: null, stopped: 'abort', lines: ['ready'] })
})
