import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { parseEnvFile } from '../../src/local/env-file.ts'
import { ReleaserError } from '../../src/model/errors.ts'
import { variablesOf } from '../support/hostile-env.ts'

const read = (text: string) => Object.fromEntries(parseEnvFile(text, '/app/.env'))

test('reads what people write into such files', () => {
  const text = `\uFEFF# of the shop

PORT=4000
  HOST = shop.example.com  # in public
export EMPTY=
NONE= # yet
URL=postgres://shop@db:5432/shop?a=b&c='d'
MOTTO=two words, "quoted"
PRICE=5$ or 5$.
WINDOWS=C:\\temp
SINGLE='$HOME # \\n \`as it is\`'   # a comment
DOUBLE="say \\"hi\\"\\n\\tfor \\$5 \\\\ \\\`now\\\` # here"
KEY="-----BEGIN KEY-----
AAAA==
-----END KEY-----"
LAST=x`
  const values = {
    PORT: '4000',
    HOST: 'shop.example.com',
    EMPTY: '',
    NONE: '',
    URL: "postgres://shop@db:5432/shop?a=b&c='d'",
    MOTTO: 'two words, "quoted"',
    PRICE: '5$ or 5$.',
    WINDOWS: 'C:\\temp',
    SINGLE: '$HOME # \\n `as it is`',
    DOUBLE: 'say "hi"\n\tfor $5 \\ `now` # here',
    KEY: '-----BEGIN KEY-----\nAAAA==\n-----END KEY-----',
    LAST: 'x',
  }
  expect(read(text)).toEqual(values)
  expect(read(text.replaceAll('\n', '\r\n'))).toEqual(values)
  expect(['', '\n', '# no more', '\t'].map(read)).toEqual([{}, {}, {}, {}])
})

test('what it reads in quotes, a shell reads alike', () => {
  const text = `V1="a \\"b\\" \\$c \\\\d \\\`e\\\`\n#f" # g\nV2='\\h "i" $j'\nexport V3=k\n`
  const shell = execFileSync('sh', ['-c', `set -a\n${text}\nexec env -0`], { encoding: 'utf8' })
  expect(read(text)).toEqual(variablesOf(shell))
})

test.each<readonly [text: string, line: number, says: string]>([
  ['A=1\n\nB', 3, 'does not begin with a name and ='],
  ['KEY=-----BEGIN\nMIIEvQ+Ab=\n', 2, 'does not begin with a name and ='],
  ['1A=secret', 1, 'does not begin with a name and ='],
  ['A B=secret', 1, 'does not begin with a name and ='],
  ['export A', 1, 'does not begin with a name and ='],
  ['A="\n\n"\nA=secret', 4, 'A stands in line 1 already'],
  ['A="secret\nB=2\n', 1, 'A has a quote that is not closed'],
  ["A='secret", 1, 'A has a quote that is not closed'],
  ['A="secret"B', 1, 'A has something after the closing quote'],
  ["A='secret'#", 1, 'A has something after the closing quote'],
  ['A="\\secret"', 1, 'A holds a backslash that means nothing'],
  ['A=pass#secret', 1, 'A holds a #, where some readers begin a comment'],
  ['A=#secret', 1, 'A holds a #, where some readers begin a comment'],
  ...['A=x$SECRET', `A=\${SECRET}`, 'A=$(secret)', 'A=`secret`', 'A="$SECRET"', `A="\\\\\${SECRET}"`, 'A="`secret`"'].map(
    (text) => [text, 1, 'A holds a $ or a backquote that some readers expand, and this one does not'] as [string, number, string],
  ),
  ['\nRELEASER_APP=secret', 2, 'RELEASER_APP is set by releaser itself'],
  ['UID=1000', 1, 'UID is a variable that shells keep for themselves, so that no app would get it'],
  ['A=secret\0', 1, 'A holds a NUL byte'],
])('%j is refused, with its line and without its value', (text, line, says) => {
  const error = thrown(() => read(text))
  expect(error).toMatchObject({ code: 'CONFIG', message: `/app/.env, line ${line}: ${says}` })
  expect(`${error.message} ${error.hint}`).not.toMatch(/secret|MII/i)
})

test('a long value in quotes is no matter', () => {
  const long = `${'\\"x\\n'.repeat(20_000)}`
  expect(read(`A="${long}"`)).toEqual({ A: '"x\n'.repeat(20_000) })
})

function thrown(act: () => unknown): ReleaserError {
  try {
    act()
  } catch (error) {
    if (error instanceof ReleaserError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}
