import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { secretsOf } from '../../src/local/secrets.ts'
import type { Target } from '../../src/model/target.ts'
import { project } from '../support/project.ts'
import { until } from '../support/until.ts'

const ask = (secrets: NonNullable<Target['secrets']>, dir: string, signal?: AbortSignal) =>
  secretsOf({ name: 'prod', secrets }, dir, signal)

test('come from our environment, from files and from commands, without the last newline', async () => {
  const dir = await project({ key: ' line 1\r\nline 2\n\n', windows: 'x\r\n', word: 'from here' })
  vi.stubEnv('SHOP_TOKEN', 't$k"n\n')
  vi.stubEnv('HOME', dir)
  const secrets = {
    COMMAND: { command: 'cat word; echo; echo "$SHOP_TOKEN"' },
    TOKEN: { env: 'SHOP_TOKEN' },
    KEY: { file: 'key' },
    HOME_KEY: { file: '~/windows' },
    ABSOLUTE: { file: join(dir, 'word') },
  }
  expect(await ask(secrets, dir)).toEqual({
    COMMAND: 'from here\nt$k"n\n',
    TOKEN: 't$k"n\n',
    KEY: ' line 1\r\nline 2\n',
    HOME_KEY: 'x',
    ABSOLUTE: 'from here',
  })
  expect(await secretsOf({ name: 'prod' }, dir, undefined)).toEqual({})
})

test('all that are missing are named at once, and no command runs in vain', async () => {
  const dir = await project({ empty: '\n' })
  await writeFile(join(dir, 'binary'), Buffer.from([0xff, 0xfe]))
  vi.stubEnv('SHOP_EMPTY', '')
  const secrets = {
    FIRST: { command: 'touch ran; echo x' },
    UNSET: { env: 'SHOP_UNSET' },
    EMPTY: { env: 'SHOP_EMPTY' },
    EMPTY_FILE: { file: 'empty' },
    GONE: { file: 'gone' },
    BINARY: { file: 'binary' },
    FOLDER: { file: '.' },
  }
  const error = await ask(secrets, dir).catch((it) => it)
  expect(error).toMatchObject({
    code: 'CONFIG',
    exitCode: 2,
    message: `6 secrets of target prod cannot be had:
  targets.prod.secrets.UNSET names the variable SHOP_UNSET, which is not set here
  targets.prod.secrets.EMPTY is empty
  targets.prod.secrets.EMPTY_FILE is empty
  targets.prod.secrets.GONE names ${dir}/gone, which is not there
  targets.prod.secrets.BINARY names ${dir}/binary, which is not UTF-8
  targets.prod.secrets.FOLDER names ${dir}, which cannot be read (EISDIR)`,
  })
  await expect(readFile(join(dir, 'ran'))).rejects.toThrow('ENOENT')
})

test('one that is missing has a hint of its own', async () => {
  await expect(ask({ TOKEN: { env: 'SHOP_UNSET' } }, '/')).rejects.toMatchObject({
    code: 'CONFIG',
    message: 'targets.prod.secrets.TOKEN names the variable SHOP_UNSET, which is not set here',
    hint: 'set SHOP_UNSET where releaser runs; in CI, hand it to the job',
  })
})

test('a command that fails says why, without what it knew, and is the last one', async () => {
  const dir = await project()
  const command = 'echo hunter22; echo "+ echo hunter22" >&2; echo "the vault is sealed" >&2; exit 4'
  await expect(ask({ TOKEN: { command }, NEXT: { command: 'touch ran; echo x' } }, dir)).rejects.toMatchObject({
    code: 'CONFIG',
    message: 'targets.prod.secrets.TOKEN has a command that ended with exit code 4:\n  + echo ***\n  the vault is sealed',
    hint: `try it by hand in ${dir}; it runs without a terminal, and has 60 s`,
  })
  await expect(readFile(join(dir, 'ran'))).rejects.toThrow('ENOENT')
})

test.each([
  ["printf '\\377'", 'has a command whose output is not UTF-8'],
  ["printf 'hunter22\\0'", 'holds a NUL byte'],
  ['true', 'is empty'],
  ['kill -9 $$', 'has a command that was killed or could not be started'],
])('%s is refused', async (command, says) => {
  await expect(ask({ TOKEN: { command } }, '/')).rejects.toMatchObject({
    code: 'CONFIG',
    message: `targets.prod.secrets.TOKEN ${says}`,
  })
})

test('each command runs once, one after the other', async () => {
  const dir = await project()
  const command = 'mkdir busy && echo "$(cat count 2>/dev/null)x" >count && sleep 0.1 && rmdir busy && cat count'
  expect(await ask({ A: { command }, B: { command }, C: { command } }, dir)).toEqual({ A: 'x', B: 'xx', C: 'xxx' })
})

test('an abort ends the search', async () => {
  const dir = await project()
  const abort = new AbortController()
  const asked = ask({ A: { command: 'touch ready; sleep 300' } }, dir, abort.signal).catch((error) => error)
  await until(() =>
    readFile(join(dir, 'ready')).then(
      () => true,
      () => false,
    ),
  )
  abort.abort()
  expect(await asked).toMatchObject({ code: 'INTERRUPTED' })
})
