import { expect, test } from 'vitest'
import { createUi } from '../../src/ui/create.ts'
import type { Picture } from '../../src/ui/screen.ts'

const drawn: Picture = ({ columns, ascii, style }) => `${columns} ${ascii ? 'ascii' : 'utf-8'} ${style.red('red')}`

/** What stdout gets of a text and its picture. */
async function shown(
  tty: boolean,
  env: NodeJS.ProcessEnv,
  more: { readonly json?: boolean; readonly noColor?: boolean } = {},
): Promise<string> {
  let written = ''
  const stream = { isTTY: tty, columns: 72, write: (text: string) => (written += text) } as unknown as NodeJS.WriteStream
  const silent = { isTTY: false, write: () => true } as unknown as NodeJS.WriteStream
  const manner = { json: false, quiet: false, verbose: false, yes: false, noInput: false, noColor: false }
  const stdin = { isTTY: false } as unknown as NodeJS.ReadStream
  const signal = new AbortController().signal
  const ui = await createUi({ ...manner, ...more, stdin, stdout: stream, stderr: silent, env, signal: () => signal })
  ui.result('status', 0, {}, 'plain', drawn)
  return written
}

test.each([
  ['in colours', { LANG: 'C.UTF-8', TERM: 'xterm' }, '72 utf-8 \u001b[31mred\u001b[39m\n'],
  ['without colours', { LANG: 'C.UTF-8', NO_COLOR: '1' }, '72 utf-8 red\n'],
  ['in ASCII where the locale is no UTF-8', { LANG: 'C', NO_COLOR: '1' }, '72 ascii red\n'],
  ['in ASCII and without colours where it is dumb', { LANG: 'C.UTF-8', TERM: 'dumb' }, '72 ascii red\n'],
])('a terminal gets the picture, %s', async (_, env, text) => {
  expect(await shown(true, env)).toBe(text)
})

test('--no-color takes colours off a picture', async () => {
  expect(await shown(true, { LANG: 'C.UTF-8' }, { noColor: true })).toBe('72 utf-8 red\n')
})

test('a pipe gets the text, whatever is said of colours, and --json its line', async () => {
  expect(await shown(false, { LANG: 'C.UTF-8', FORCE_COLOR: '1' })).toBe('plain\n')
  expect(await shown(true, {}, { json: true })).toBe('{"event":"result","command":"status","ok":true,"exit":0}\n')
})
