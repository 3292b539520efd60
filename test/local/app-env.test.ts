import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { appEnv } from '../../src/local/app-env.ts'
import { project } from '../support/project.ts'

test('later ones win: the file, the target, its secrets, the host; read once for all hosts', async () => {
  const dir = await project({ 'prod.env': 'A=file\nB=file\nC=file\nD=file\nE=file\n' })
  vi.stubEnv('SHOP_SECRET', 'secret')
  const target = {
    name: 'prod',
    envFile: 'prod.env',
    env: { B: 'target', C: 'target', D: 'target' },
    secrets: { D: { command: 'echo once >>ran; cat ran' }, C: { env: 'SHOP_SECRET' } },
  }
  const envOf = await appEnv({ target, dir })
  await writeFile(join(dir, 'prod.env'), '')
  expect(envOf({ name: 'web1', env: {} })).toEqual({
    values: { A: 'file', B: 'target', C: 'secret', D: 'once', E: 'file' },
    secret: ['C', 'D'],
  })
  expect(envOf({ name: 'web2', env: { D: 'host', F: 'host' } })).toEqual({
    values: { A: 'file', B: 'target', C: 'secret', D: 'host', E: 'file', F: 'host' },
    secret: ['C', 'D'],
  })
})

test('a target may have none', async () => {
  const envOf = await appEnv({ target: { name: 'prod' }, dir: '/' })
  expect(envOf({ name: 'web1', env: {} })).toEqual({ values: {}, secret: [] })
})

test('the file may lie in the home directory', async () => {
  const dir = await project({ '.shop.env': 'A=1' })
  vi.stubEnv('HOME', dir)
  const envOf = await appEnv({ target: { name: 'prod', envFile: '~/.shop.env' }, dir: '/' })
  expect(envOf({ name: 'web1', env: {} }).values).toEqual({ A: '1' })
})

test('names what is missing or wrong, and no value', async () => {
  const dir = await project({ 'bad.env': 'A=1\nB="hunter22' })
  const read = (target: object) => appEnv({ target: { name: 'prod', ...target }, dir })
  await expect(read({ envFile: 'gone.env' })).rejects.toMatchObject({
    code: 'CONFIG',
    exitCode: 2,
    message: `targets.prod.envFile names ${dir}/gone.env, which is not there`,
    hint: 'put it there, or mend the path: it is relative to the configuration, or starts with ~/',
  })
  await expect(read({ envFile: 'bad.env' })).rejects.toMatchObject({
    code: 'CONFIG',
    message: `${dir}/bad.env, line 2: B has a quote that is not closed`,
  })
  await expect(read({ env: { UID: 'hunter22' } })).rejects.toMatchObject({
    code: 'CONFIG',
    message: 'targets.prod.env.UID is a variable that shells keep for themselves, so that no app would get it',
  })
  const envOf = await read({})
  expect(() => envOf({ name: 'web1', env: { A: 'hunter22\0' } })).toThrow('targets.prod.hosts: env.A of web1 holds a NUL byte')
})

test('an abort ends it', async () => {
  const dir = await project({ '.env': 'A=1' })
  const target = { name: 'prod', envFile: '.env' }
  await expect(appEnv({ target, dir, signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'INTERRUPTED' })
})
