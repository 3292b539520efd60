import { execFileSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseEnvFile } from '../../src/local/env-file.ts'
import { encodeSharedEnv, envNameProblem, envValueProblem, secretValues } from '../../src/model/app-env.ts'
import { anyValue, HOSTILE, variablesOf } from '../support/hostile-env.ts'
import { project } from '../support/project.ts'
import { pathOf, SHELLS } from '../support/shells.ts'

const SOURCE = 'set -a; . ./env; set +a; exec env -0'

test('the file says who writes it, and is sorted by name', () => {
  expect(encodeSharedEnv({ PORT: '80', A: 'a "b" \\ $c `d`\n\'e\'', a: '' })).toBe(`\
# releaser writes this file at each deploy: what is changed here is lost.
# To change a value, change env, envFile or secrets in the configuration of releaser, and deploy.
A="a \\"b\\" \\\\ \\$c \\\`d\\\`
'e'"
PORT="80"
a=""
`)
})

describe.each(SHELLS)('%s', (shell) => {
  test('reads every hostile value as it was, and runs none', async () => {
    const dir = await project({ env: encodeSharedEnv(HOSTILE) })
    const PATH = pathOf(shell, join(dir, 'bin'))
    for (const LC_ALL of ['C', 'C.UTF-8']) {
      const output = execFileSync('sh', ['-c', SOURCE], { cwd: dir, env: { PATH, LC_ALL }, encoding: 'utf8' })
      expect(variablesOf(output)).toEqual(HOSTILE)
    }
    expect(existsSync(join(dir, 'hit'))).toBe(false)
  })

  test('reads any values as they were', async () => {
    const dir = await project()
    const PATH = pathOf(shell, join(dir, 'bin'))
    const values = fc.array(anyValue, { maxLength: 20 }).map((list) => Object.fromEntries(list.map((it, at) => [`V${at}`, it])))
    fc.assert(
      fc.property(values, (it) => {
        writeFileSync(join(dir, 'env'), encodeSharedEnv(it))
        const output = execFileSync('sh', ['-c', SOURCE], { cwd: dir, env: { PATH }, encoding: 'utf8' })
        expect(variablesOf(output)).toEqual(it)
      }),
      { numRuns: 50 },
    )
  })

  test('keeps no variable for itself whose name is allowed', async () => {
    const dir = await project()
    const PATH = pathOf(shell, join(dir, 'bin'))
    const say = (script: string) => execFileSync('sh', ['-c', script], { cwd: dir, env: { PATH }, encoding: 'utf8' })
    const own = say('set')
      .split('\n')
      .flatMap((line) => /^([A-Za-z_]\w*)=/.exec(line)?.[1] ?? [])
    expect(own).toContain('IFS')
    for (const name of own.filter((it) => it !== 'PATH' && envNameProblem(it) === undefined)) {
      writeFileSync(join(dir, 'env'), encodeSharedEnv({ [name]: '7' }))
      expect(say(SOURCE).split('\0')).toContain(`${name}=7`)
    }
  })
})

test('our own parser of env files reads it too', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.stringMatching(/^V[a-z]{1,9}$/), anyValue), (values) => {
      // It takes CRLF for a newline, which the two others do not.
      const plain = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value.replaceAll('\r', '')]))
      expect(Object.fromEntries(parseEnvFile(encodeSharedEnv(plain), 'env'))).toEqual({ ...plain })
    }),
  )
})

test('names that would not arrive are refused', () => {
  const names = ['PATH', '_x', 'a1', '__proto__', '1A', 'A-B', 'A B', '', 'Ä', 'A\n', 'RELEASER_APP', 'UID']
  expect(names.map((name) => [name, envNameProblem(name)])).toEqual([
    ...names.slice(0, 4).map((name) => [name, undefined]),
    ...names.slice(4, 10).map((name) => [name, 'is not a name for an environment variable']),
    ['RELEASER_APP', 'is set by releaser itself'],
    ['UID', 'is a variable that shells keep for themselves, so that no app would get it'],
  ])
})

test('values that would not arrive are refused', () => {
  const ofBytes = (count: number) => envValueProblem('A', `${'é'.repeat((count - 3) / 2)}x`)
  expect([envValueProblem('A', ''), envValueProblem('A', '\x01\x7f\r\n\u{10fffd}'), ofBytes(131_071)]).toEqual([
    undefined,
    undefined,
    undefined,
  ])
  expect(() => execFileSync('true', { env: { ...process.env, A: 'x'.repeat(131_069) } })).not.toThrow()
  expect(() => execFileSync('true', { env: { ...process.env, A: 'x'.repeat(131_070) } })).toThrow('E2BIG')
  expect(envValueProblem('A', 'x\0')).toBe('holds a NUL byte')
  for (const value of ['\ud800', '\udc00x', '\ufdd0', '\uffff', '\u{1fffe}'])
    expect(envValueProblem('A', value)).toBe('holds what is no character of Unicode')
  expect(ofBytes(131_073)).toBe('takes 131073 bytes with its name, and no process can be started with more than 131071')
})

test('secret values are those with a secret name', () => {
  expect(secretValues({ values: { A: 'a', B: 'b', C: 'c' }, secret: ['C', 'A', 'D'] })).toEqual(['c', 'a'])
})
