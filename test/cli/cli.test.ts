import { spawn } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { CLI, runCli } from '../support/cli.ts'

const VERSION: unknown = JSON.parse(readFileSync('package.json', 'utf8')).version

describe('what needs no command', () => {
  it('--version prints the version and nothing else', async () => {
    expect(await runCli(['--version'])).toEqual({ code: 0, stdout: `${VERSION}\n`, stderr: '' })
  })

  it('--version --json is one object', async () => {
    expect(await runCli(['--version', '--json'])).toEqual({
      code: 0,
      stdout: `{"event":"result","command":"version","ok":true,"exit":0,"version":"${VERSION}"}\n`,
      stderr: '',
    })
  })

  it('nothing, --help and help say the same on stdout', async () => {
    const [nothing, flag, word] = await Promise.all([runCli([]), runCli(['--help']), runCli(['help'])])
    expect(nothing).toEqual({ code: 0, stdout: expect.stringMatching(/^releaser: build once/), stderr: '' })
    expect([flag, word]).toEqual([nothing, nothing])
  })

  it('help of a command, whatever else is said', async () => {
    const [word, flag] = await Promise.all([runCli(['help', 'deploy']), runCli(['deploy', 'nonsense', '--help'])])
    expect(word).toEqual({ code: 0, stdout: expect.stringMatching(/^releaser deploy: /), stderr: '' })
    expect(flag).toEqual(word)
  })

  it.each(['--version', '--help'])('%s loads nothing heavy', async (flag) => {
    const { code, stderr } = await runCli([flag], { node: ['--import', LISTING] })
    const loaded = stderr.split('\n').filter((line) => line !== '')
    expect({ code, outside: loaded.filter((url) => url.includes('/node_modules/')) }).toEqual({ code: 0, outside: [] })
    const own = loaded.flatMap((url) => /\/dist\/.*$/.exec(url) ?? [])
    expect(own.reduce((sum, path) => sum + statSync(`.${path}`).size, 0)).toBeLessThan(100_000)
    expect(own.length).toBeLessThan(20)
  })
})

describe('wrong words', () => {
  it('say what and what to type, on stderr', async () => {
    expect(await runCli(['deplyo', 'target=prod'])).toEqual({
      code: 2,
      stdout: '',
      stderr: 'releaser: error: unknown command "deplyo"\nreleaser: hint: did you mean "deploy"?\n',
    })
  })

  it('are an object on stdout too, with --json anywhere', async () => {
    expect(await runCli(['deploy', '--json'])).toEqual({
      code: 2,
      stdout:
        '{"event":"error","command":"deploy","ok":false,"exit":2,"code":"USAGE","message":"deploy needs target=NAME","hint":"for example: releaser deploy target=prod"}\n',
      stderr: 'releaser: error: deploy needs target=NAME\nreleaser: hint: for example: releaser deploy target=prod\n',
    })
  })

  it('cannot play with the terminal', async () => {
    const { stderr } = await runCli(['\u001b[2Jx'])
    expect(stderr).toBe('releaser: error: unknown command "\\x1b[2Jx"\nreleaser: hint: list them: releaser --help\n')
  })

  it('have colours only where they are wanted', async () => {
    const coloured = await runCli(['nonsense'], { env: { FORCE_COLOR: '1' } })
    expect(coloured.stderr.split('\n')[0]).toBe('releaser: \u001b[31merror:\u001b[39m unknown command "nonsense"')
    const plain = await runCli(['nonsense', '--no-color'], { env: { FORCE_COLOR: '1' } })
    expect(plain.stderr.split('\n')[0]).toBe('releaser: error: unknown command "nonsense"')
  })
})

describe('the end', () => {
  it('a reader that leaves early is no error', async () => {
    const child = spawn('sh', ['-c', '"$0" "$1" --help | head -1; "$0" "$1" --help | true', process.execPath, CLI])
    let [out, err] = ['', '']
    child.stdout.on('data', (data) => (out += data))
    child.stderr.on('data', (data) => (err += data))
    const code = await new Promise((resolve) => child.on('close', resolve))
    expect({ code, out, err }).toEqual({
      code: 0,
      out: 'releaser: build once, deploy over SSH, go back when it fails\n',
      err: '',
    })
  })

  it('a whole help arrives through a slow pipe', async () => {
    const { stdout } = await runCli(['--help'])
    const child = spawn('sh', ['-c', '"$0" "$1" --help | (sleep 0.3; cat)', process.execPath, CLI])
    let out = ''
    child.stdout.on('data', (data) => (out += data))
    await new Promise((resolve) => child.on('close', resolve))
    expect(out).toBe(stdout)
  })
})

describe('a bug', () => {
  it('is told with its stack and how to report it', async () => {
    const { code, stdout, stderr } = await runCli(['releases', '--json'], {
      node: ['--import', dataUrl(`process.cwd = () => { throw new TypeError('boom') }`)],
    })
    const hint = `this is a bug in releaser ${VERSION}: please report it with the lines above and what you typed`
    expect({ code, last: JSON.parse(stdout) }).toEqual({
      code: 1,
      last: { event: 'error', command: 'releases', ok: false, exit: 1, code: 'BUG', message: 'boom', hint },
    })
    expect(stderr).toMatch(/^releaser: error: boom\nreleaser: cause: TypeError: boom\n {6}at process\.cwd /)
    expect(stderr.endsWith(`releaser: hint: ${hint}\n`)).toBe(true)
  })

  it('nobody waited for is told too', async () => {
    const { code, stdout, stderr } = await runCli(['--help', '--json'], {
      node: ['--import', dataUrl(LATER)],
    })
    expect(code).toBe(1)
    expect(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({
      event: 'error',
      exit: 1,
      code: 'BUG',
      message: 'later',
    })
    expect(stderr).toMatch(/TypeError: later\n {4}at /)
  })
})

/** Throws where nobody catches, once the command line is there to hear of it. */
const LATER = `
  const timer = setInterval(() => {
    if (process.listenerCount('uncaughtException') === 0) return
    clearInterval(timer)
    throw new TypeError('later')
  }, 1)
`

/** Prints the URL of each module that is loaded, as it is loaded. */
const LISTING = dataUrl(`
  import { register } from 'node:module'
  register(${JSON.stringify(
    dataUrl(`
      import { writeSync } from 'node:fs'
      export async function load(url, context, next) {
        writeSync(2, url + '\\n')
        return next(url, context)
      }
    `),
  )})
`)

function dataUrl(source: string): string {
  return `data:text/javascript,${encodeURIComponent(source)}`
}
