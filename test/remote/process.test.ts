import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { expect, test } from 'vitest'
import { ReleaserError } from '../../src/model/errors.ts'
import { processRemote } from '../../src/remote/process.ts'
import { run, sh } from '../support/run.ts'

test('a command gets its words and its stdin, and says how it ended', async () => {
  const remote = processRemote()
  expect(await sh(remote, 'cat; echo err >&2; exit 3', 'hello\n')).toEqual({
    code: 3,
    signal: null,
    stdout: 'hello\n',
    stderr: 'err\n',
  })
  expect(await run(remote, ['printf', '%s|', "it's", '', '$HOME', 'a\nb'])).toEqual({
    code: 0,
    signal: null,
    stdout: "it's||$HOME|a\nb|",
    stderr: '',
  })
  expect(remote.sentBytes()).toBe(6)
  await remote.close()
})

test('a signal is told', async () => {
  expect(await run(processRemote({ shell: ['bash', '-c'] }), ['kill', '-TERM', '0'])).toEqual({
    code: null,
    signal: 'SIGTERM',
    stdout: '',
    stderr: '',
  })
})

test('shell, folder and environment are as asked for', async () => {
  const cwd = await realpath(await mkdtemp(join(tmpdir(), 'releaser-')))
  const remote = processRemote({ shell: ['busybox', 'sh', '-c'], cwd, env: { ONLY: 'this' } })
  const { stdout } = await run(remote, ['/usr/bin/env'])
  expect(
    stdout
      .split('\n')
      .filter((line) => !/^(_|SHLVL|PATH|$)/.test(line))
      .sort(),
  ).toEqual(['ONLY=this', `PWD=${cwd}`])
  await rm(cwd, { recursive: true })
})

test('closing the line takes stdin and output away and lets the command live', async () => {
  const remote = processRemote()
  const channel = await remote.exec({
    argv: ['sh', '-c', 'trap "" PIPE HUP; cut -d" " -f5 /proc/$$/stat; read line; exec sleep 60'],
  })
  const group = Number(await new Promise((done) => channel.stdout.once('data', done)))
  expect(remote.groups()).toEqual([group])
  await remote.close()
  await remote.closed
  expect(await channel.exit).toEqual({ code: null, signal: null })
  expect(process.kill(-group, 0)).toBe(true)
  process.kill(-group, 'SIGKILL')
  await expect(remote.exec({ argv: ['true'] })).rejects.toMatchObject({ code: 'CONNECTION', message: 'the line is closed' })
})

test('writing to a command that has ended fails, and fails nothing else', async () => {
  const channel = await processRemote().exec({ argv: ['true'] })
  await channel.exit
  await expect(pipeline([Buffer.alloc(1 << 20), Buffer.alloc(1 << 20)], channel.stdin)).rejects.toMatchObject({
    code: expect.stringMatching(/EPIPE|ERR_STREAM/),
  })
})

test('a shell that is not there is CONNECTION', async () => {
  const error = await processRemote({ shell: ['/no/such/shell'] })
    .exec({ argv: ['true'] })
    .catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(ReleaserError)
  expect(error).toMatchObject({ code: 'CONNECTION', message: 'cannot start /no/such/shell' })
})
