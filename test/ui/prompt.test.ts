import { afterEach, expect, test } from 'vitest'
import { openTerminal, type Terminal } from '../support/terminal.ts'

const CREATE = new URL('../../dist/ui/create.js', import.meta.url).href

/** A program that asks one question in its terminal and prints the answer, or the error. */
function asking(question: string, options = '{}'): string {
  return `
    import { createUi } from '${CREATE}'
    const stopping = new AbortController()
    process.on('SIGTERM', () => stopping.abort())
    const { stdin, stdout, stderr, env } = process
    const plain = { json: false, quiet: false, verbose: false, yes: false, noInput: false, noColor: false }
    const ui = await createUi({ ...plain, stdin, stdout, stderr, env, signal: () => stopping.signal, ...${options} })
    try {
      console.log('answer', JSON.stringify(await ui.${question}))
    } catch (error) {
      console.log(error.code ?? error.stack, error.exitCode, error.message, error.hint)
    }
  `
}

let terminal: Terminal
afterEach(() => terminal.close())

async function ask(question: string, options?: string, env: Readonly<Record<string, string>> = {}): Promise<void> {
  terminal = await openTerminal([process.execPath, '--input-type=module', '-e', asking(question, options)], { env })
}

const CONFIRM = "confirm('Deploy?', { initial: true, answer: '--yes' })"
const SELECT = "select('Which?', [{ label: 'one', value: 1 }, { label: 'two', value: 2 }], { answer: 'release=REF' })"
const INPUT =
  "input('Path?', { initial: '/srv/shop', answer: 'path=PATH', check: (text) => text.startsWith('/') ? undefined : 'begin with /' })"

test('confirm: Enter takes what is offered', async () => {
  await ask(CONFIRM)
  await terminal.shows(/Deploy\? \(Y\/n\)/)
  await terminal.type('Enter')
  expect(await terminal.shows(/exit/)).toBe('✔ Deploy? (Y/n) · yes\nanswer true\nexit 0')
})

test('confirm: n is no', async () => {
  await ask(CONFIRM)
  await terminal.shows(/Deploy\? \(Y\/n\)/)
  await terminal.type('n')
  expect(await terminal.shows(/exit/)).toBe('✔ Deploy? (Y/n) · no\nanswer false\nexit 0')
})

test.each(['C-c', 'Escape'])('%s at a question stops the command', async (key) => {
  await ask(SELECT)
  await terminal.shows(/two/)
  await terminal.type(key)
  expect(await terminal.shows(/exit/)).toMatch(/INTERRUPTED 130 stopped at a question undefined\nexit 0$/)
})

test('SIGTERM at a question stops the command', async () => {
  await ask(CONFIRM, '(setTimeout(() => process.kill(process.pid, "SIGTERM"), 300), {})')
  expect(await terminal.shows(/exit/)).toMatch(/INTERRUPTED 130 stopped at a question undefined\nexit 0$/)
})

test('select: arrows and Enter, and the choice stays on the screen', async () => {
  await ask(SELECT)
  await terminal.shows(/two/)
  await terminal.type('Down', 'Enter')
  expect(await terminal.shows(/exit/)).toBe('✔ Which? · two\nanswer 2\nexit 0')
})

test('input: says what is wrong and asks again', async () => {
  await ask(INPUT)
  await terminal.shows(/srv/)
  await terminal.type('x', 'Enter')
  await terminal.shows(/begin with \//)
  await terminal.type('BSpace', '/tmp', 'Enter')
  expect(await terminal.shows(/exit/)).toBe('✔ Path? · /tmp\nanswer "/tmp"\nexit 0')
})

const DUMB = "{ env: { ...env, TERM: 'dumb' } }"

// What is typed ahead is shown ahead: between the lines that are looked for stands what the terminal echoes.
test.each([
  [CONFIRM, ['Enter'], /^Deploy\? \[Y\/n\][\s\S]*answer true\nexit 0$/],
  [CONFIRM, ['what', 'Enter', 'no', 'Enter'], /\ny or n\nDeploy\? \[Y\/n\][\s\S]*answer false\nexit 0$/],
  [
    SELECT,
    ['3', 'Enter', '2', 'Enter'],
    /^1 {2}one\n +2 {2}two\nWhich\? \[1-2\][\s\S]*\na number from 1 to 2\n[\s\S]*answer 2\nexit 0$/,
  ],
  [INPUT, ['x', 'Enter', 'Enter'], /\nbegin with \/\nPath\? \[\/srv\/shop\][\s\S]*answer "\/srv\/shop"\nexit 0$/],
  [INPUT, ['C-d'], /INTERRUPTED 130 stopped at a question undefined\nexit 0$/],
] as const)('a dumb terminal is asked in whole lines: %s, %j', async (question, keys, ending) => {
  await ask(question, DUMB)
  await terminal.shows(/[?\]]/)
  await terminal.type(...keys)
  expect(await terminal.shows(/exit/)).toMatch(ending)
})

test('what breaks in a question is told, and the terminal is as it was', async () => {
  await ask("input('Path?', { answer: 'path=PATH', check: () => { throw new Error('odd') } })")
  await terminal.shows(/Path\?/)
  await terminal.type('x', 'Enter')
  expect(await terminal.shows(/exit/)).toMatch(/Error: odd\n[\s\S]*exit 0$/)
  await terminal.type('typed', 'Enter')
  await terminal.shows(/^typed\ntyped$/m)
})

test.each([
  ['--no-input', '{ noInput: true }', {}],
  ['--json', '{ json: true }', {}],
  ['CI', '{}', { CI: '1' }],
])('%s: refuses and names the argument that answers', async (_, options, env) => {
  await ask(SELECT, options, env)
  expect(await terminal.shows(/exit/)).toBe('USAGE 2 cannot ask here: Which? answer with release=REF\nexit 0')
})

test('--yes answers yes without asking', async () => {
  await ask(CONFIRM.replace('true', 'false'), '{ yes: true }')
  expect(await terminal.shows(/exit/)).toBe('answer true\nexit 0')
})
