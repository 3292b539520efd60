import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { CLI } from '../support/cli.ts'
import { DEPLOY, home } from '../support/fleet.ts'
import { startHosts, type TestHosts, userProcesses } from '../support/hosts.ts'
import { type Laptop, laptop, targetOn } from '../support/laptop.ts'
import { openTerminal, type Terminal } from '../support/terminal.ts'
import { until } from '../support/until.ts'

/** `console` and `ssh` as a person meets them: in a real terminal, against real sshd. */
let hosts: TestHosts
/** A console that is a program of the release, on one host of two. */
let mine: Laptop
beforeAll(async () => {
  hosts = await startHosts(2)
  mine = await laptop({ 'app/console.sh': CONSOLE, 'app/app.sh': 'exec sleep 600\n' }, { keep: true })
  const more = {
    runner: { start: 'exec sh app.sh', console: 'exec sh console.sh "it\'s \\n $WORD"\n' },
    env: { WORD: 'grüße "$HOME" `x`', PATH: '/nowhere:/usr/bin:/bin' },
  }
  await mine.configure({
    prod: targetOn(hosts, 'talks', more, ['h1']),
    both: targetOn(hosts, 'both', more),
    other: targetOn(hosts, 'talks', more, ['h1']),
    mute: targetOn(hosts, 'mute', { runner: 'none' }, ['h1']),
    empty: targetOn(hosts, 'empty', {}, ['h1']),
  })
  for (const words of [['build'], DEPLOY, ['deploy', 'target=mute', '--yes'], ['deploy', 'target=both', 'host=h1', '--yes']]) {
    const { code, stderr } = await mine.call(...words)
    expect(code, stderr).toBe(0)
  }
})
afterAll(() => hosts?.stop())

/** A small console: it reads lines, says what it hears, and ends with the code it is told. */
const CONSOLE = `
printf 'console of %s at %s\\n' "$RELEASER_TARGET" "\${PWD#"$RELEASER_PATH"/}"
printf 'told %s|\\n' "$1"
trap 'echo interrupted' INT
while :; do
  printf '> '
  read -r word number || continue
  case $word in
    size) stty size ;;
    doze) sleep 700 ;;
    leave) exit "$number" ;;
    full) printf '\\033[?1049h\\033[?25lin full screen' ;;
    *) echo "heard $word" ;;
  esac
done
`

async function open(words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Terminal> {
  const { HOME = '', RELEASER_SSH_CONFIG = '' } = mine.env
  const noted = 'echo $$ >pid; TERM=vt220 exec "$@"'
  const terminal = await openTerminal(['sh', '-c', noted, 'sh', process.execPath, CLI, ...words], {
    cwd: mine.dir,
    env: { HOME, RELEASER_SSH_CONFIG, SSH_AUTH_SOCK: '', ...env },
  })
  onTestFinished(() => terminal.close())
  return terminal
}

const PROMPT = />$/

/** The terminal is as it was before: what is typed is shown, and a line goes on at Enter. */
async function expectCooked(terminal: Terminal): Promise<void> {
  await terminal.type('typed', 'Enter')
  await terminal.shows(/^typed\ntyped$/m)
}

test('console: the one of the runner, in the release, with the environment of the app', async () => {
  const terminal = await open(['console', 'target=prod'])
  const screen = await terminal.shows(PROMPT)
  expect(screen).toMatch(/^console of prod at releases\/\S+\ntold it's \\n grüße "\$HOME" `x`\|\n>$/)
  await terminal.type('hello', 'Enter')
  await terminal.shows(/^> hello\nheard hello\n>$/m)
  await terminal.type('leave 0', 'Enter')
  expect(await terminal.shows(/^exit \d/m)).toMatch(/\n> leave 0\nexit 0$/)
  await expectCooked(terminal)
})

test('console: the size of the terminal, and each change of it, arrives', async () => {
  const terminal = await open(['console', 'target=prod'])
  await terminal.shows(PROMPT)
  await terminal.type('size', 'Enter')
  await terminal.shows(/^24 80$/m)
  await terminal.resize(100, 30)
  await until(async () => {
    await terminal.type('size', 'Enter')
    return /^30 100$/m.test(await terminal.shows(PROMPT))
  })
})

test('console: Ctrl-C is for the program there', async () => {
  const terminal = await open(['console', 'target=prod'])
  await terminal.shows(PROMPT)
  await terminal.type('doze', 'Enter')
  const dozes = async () => (await userProcesses(hosts.hosts[0].uid)).some(({ command }) => command === 'sleep 700')
  await until(dozes)
  await terminal.type('C-c')
  await terminal.shows(/^> doze\n\^Cinterrupted\n>$/m)
  expect(await dozes()).toBe(false)
  await terminal.type('leave 7', 'Enter')
  const screen = await terminal.shows(/^exit \d/m)
  expect(screen).toContain('releaser: error: the console on h1 ended with exit code 7')
  expect(screen).toMatch(/exit 10$/)
})

test('console: where the line is lost it says so, and the terminal is as it was', async () => {
  const terminal = await open(['console', 'target=prod'])
  await terminal.shows(PROMPT)
  await terminal.type('full', 'Enter')
  await terminal.shows(/^in full screen/m)
  await hosts.hosts[0].cut()
  const screen = await terminal.shows(/^exit \d/m)
  expect(screen).toMatch(/^> full$/m)
  expect(screen).not.toContain('in full screen')
  expect(screen).toContain('releaser: error: the line to h1 is lost, and the console with it')
  expect(screen).toMatch(/exit 3$/)
  await expectCooked(terminal)
  const uid = hosts.hosts[0].uid
  await until(async () => !(await userProcesses(uid)).some(({ command }) => command.includes('console.sh')))
})

test('console: a signal to us ends it, and the terminal is as it was', async () => {
  const terminal = await open(['console', 'target=prod'])
  await terminal.shows(PROMPT)
  process.kill(Number(await readFile(join(mine.dir, 'pid'), 'utf8')), 'SIGTERM')
  expect(await terminal.shows(/^exit \d/m)).toMatch(/releaser: error: stopped by SIGTERM\nexit 130$/)
  await expectCooked(terminal)
})

test('ssh: a shell of the user in the release, with the environment of the app and a terminal that edits lines', async () => {
  const terminal = await open(['ssh', 'target=prod'], { PS1: 'ours' })
  await terminal.shows(/\$$/)
  await terminal.type('pwd; echo "$WORD|$PATH|$TERM|$RELEASER_HOST"; env | grep -c ^RELEASER_[ST]T', 'Enter')
  const screen = await terminal.shows(/^0$/m)
  expect(screen).toContain(`\n${home(hosts, 0, 'talks/releases')}/`)
  expect(screen).toContain('\ngrüße "$HOME" `x`|/nowhere:/usr/bin:/bin|vt220|h1\n')
  await terminal.type('sleep 700', 'Enter')
  await until(async () => (await userProcesses(hosts.hosts[0].uid)).some(({ command }) => command === 'sleep 700'))
  await terminal.type('C-c')
  await terminal.type('echo it was "$?"', 'Enter')
  await terminal.shows(/^it was 130$/m)
  await terminal.type('C-d')
  expect(await terminal.shows(/^exit \d/m)).toMatch(/exit 0$/)
  await expectCooked(terminal)
})

test('ssh: of several hosts one is chosen, and where nothing is deployed it says so', async () => {
  const terminal = await open(['ssh', 'target=both'])
  await terminal.shows(/On which host\?/)
  await terminal.type('Down', 'Enter')
  const screen = await terminal.shows(/^exit \d/m)
  expect(screen).toContain('releaser: error: h2: nothing is deployed in /')
  expect(screen).toMatch(/exit 9$/)
  const chosen = await open(['ssh', 'target=both'])
  await chosen.shows(/On which host\?/)
  await chosen.type('Enter')
  await chosen.shows(/\$$/)
  await chosen.type('exit 0', 'Enter')
  expect(await chosen.shows(/^exit \d/m)).toMatch(/exit 0$/)
  const named = await open(['ssh', 'target=both', 'host=h1'])
  await named.shows(/\$$/)
})

test('what cannot be opened ends before anything is touched', async () => {
  expect(await mine.say('console', 'target=prod')).toMatchObject({
    code: 2,
    stderr:
      'releaser: error: console needs a terminal, and there is none here\nreleaser: hint: in a script: releaser rpc target=prod -- EXPR\n',
  })
  expect(await mine.call('ssh', 'target=prod')).toMatchObject({ code: 2, last: { code: 'USAGE' } })
  const several = await open(['console', 'target=both'], { CI: '1' })
  expect(await several.shows(/^exit \d/m)).toMatch(/hint: answer with host=NAME, one of h1, h2\nexit 2$/)
  const without = await open(['console', 'target=mute'])
  const screen = await without.shows(/^exit \d/m)
  expect(screen).toContain('releaser: error: target mute: nothing says how the app of 2')
  expect(screen).toMatch(/exit 2$/)
  const other = await open(['ssh', 'target=other'])
  const refused = await other.shows(/^exit \d/m)
  // However long the path is by which the line is broken.
  expect(refused.replace(/\s/g, '')).toContain('belongstoshop(targetprod),nottoshop(targetother)')
  expect(refused).toMatch(/exit 2$/)
  for (const words of [
    ['exec', 'target=other', '--', 'pwd'],
    ['logs', 'target=other'],
    ['ping', 'target=other'],
  ])
    expect(await mine.call(...words)).toMatchObject({
      code: 2,
      last: { message: expect.stringContaining('not to shop (target other)') },
    })
  expect(await mine.say('logs', 'target=other', '--follow')).toMatchObject({ code: 2 })
  const nowhere = await open(['console', 'target=empty'])
  expect(await nowhere.shows(/^exit \d/m)).toMatch(/exit 9$/)
})
