import { afterEach, expect, test } from 'vitest'
import { openTerminal, type Terminal } from '../support/terminal.ts'

const CREATE = new URL('../../dist/ui/create.js', import.meta.url).href

/** A program that opens a list and plays events on it; each `await key()` waits for Enter. */
function playing(hosts: readonly string[], play: string, fleeting: boolean): string {
  return `
    import { createUi } from '${CREATE}'
    const { stdin, stdout, stderr, env } = process
    const plain = { json: false, quiet: false, verbose: false, yes: false, noInput: false, noColor: false }
    const ui = await createUi({ ...plain, stdin, stdout, stderr, env, signal: () => new AbortController().signal })
    const step = (host, step, state, detail) => ui.observe({ event: 'step', host, step, state, ...(detail && { detail }) })
    const key = () => new Promise((resolve) => stdin.setRawMode(true).once('data', resolve))
    const list = ui.rows(${JSON.stringify(hosts)}, { fleeting: ${fleeting} })
    ${play}
    await list.close(false)
    ui.say('after')
    ui.result('x', 0, {}, 'the result')
    stdin.pause()
  `
}

let terminal: Terminal
afterEach(() => terminal.close())

async function play(hosts: readonly string[], events: string, { rows = 24, fleeting = false } = {}): Promise<void> {
  terminal = await openTerminal([process.execPath, '--input-type=module', '-e', playing(hosts, events, fleeting)], { rows })
}

test('rows follow the events of their hosts, and what is said waits for the end', async () => {
  await play(
    ['web1', 'web2'],
    `ui.say('said')
     step('web1', 'send', 'start')
     ui.observe({ event: 'progress', host: 'web1', step: 'send', done: 5e6, total: 1e7 })
     step('web2', 'activate', 'start')
     ui.observe({ event: 'output', host: 'web2', step: 'activate', line: 'boom \\u001b[2J' })
     await key()
     step('web1', 'send', 'ok')
     step('web2', 'activate', 'failed', '100% broken')
     step('web2', 'activate', 'undone')`,
  )
  // A terminal may show a frame that is half drawn.
  await terminal.shows(/^\S web1 {2}sending files {2}5.0 MB of 10.0 MB, 50%.*\n\S web2 {2}switching current$/m)
  await terminal.type('Enter')
  const ended = (await terminal.shows(/exit/)).replace(/done in [\d.]+ s/, 'done in N s').split('\n')
  expect(ended).toEqual([
    '✔ web1  done in N s, 5.0 MB sent',
    '✖ web2  failed while switching current: 100% broken; taken back',
    'said',
    'web2: | boom \\x1b[2J',
    'after',
    'the result',
    'exit 0',
  ])
})

test('a list that is closed at once still ends right', async () => {
  await play(['web1'], `step('web1', 'connect', 'start'); step('web1', 'connect', 'failed', 'no route')`)
  expect(await terminal.shows(/exit/)).toBe('✖ web1  failed while connecting: no route\nafter\nthe result\nexit 0')
})

test('never more rows than the terminal has lines', async () => {
  const hosts = Array.from({ length: 12 }, (_, index) => `web${index + 1}`)
  await play(hosts, `for (const host of ${JSON.stringify(hosts)}) step(host, 'connect', 'start'); await key()`, { rows: 8 })
  const screen = (await terminal.shows(/and 8 more: 8 at work/)).split('\n').map((line) => line.slice(2))
  expect(screen).toEqual([
    'web1   connecting',
    'web2   connecting',
    'web3   connecting',
    'web4   connecting',
    'and 8 more: 8 at work',
  ])
  await terminal.type('Enter')
  await terminal.shows(/exit 0/)
})

test('a fleeting list leaves nothing, unless something failed', async () => {
  const connected = `step('web1', 'connect', 'start'); await key(); step('web1', 'connect', 'ok')`
  await play(['web1', 'web2'], connected, { fleeting: true })
  await terminal.shows(/web1 {2}connecting/)
  await terminal.type('Enter')
  expect(await terminal.shows(/exit/)).toBe('after\nthe result\nexit 0')
  await terminal.close()

  await play(['web1', 'web2'], `${connected}; step('web2', 'connect', 'failed', 'no route')`, { fleeting: true })
  await terminal.shows(/web1 {2}connecting/)
  await terminal.type('Enter')
  const screen = (await terminal.shows(/exit/)).replace(/done in [\d.]+ s/, 'done in N s')
  expect(screen).toBe('✔ web1  done in N s\n✖ web2  failed while connecting: no route\nafter\nthe result\nexit 0')
})
