import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chown, mkdir, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { AGENT_HASH, AGENT_SCRIPT } from '../../src/remote/agent-script.ts'
import { CLI, runCli } from '../support/cli.ts'
import { startHosts, type TestHost, type TestHosts } from '../support/hosts.ts'
import { type Laptop, laptop, targetOn } from '../support/laptop.ts'

// Many calls of the command line; on a busy machine each takes seconds.
vi.setConfig({ testTimeout: 300_000 })

/** What a host does before it does what it is asked for; a file says which. */
const GATE = `#!/bin/sh
case $(cat ~/mood 2>/dev/null) in
  endless) while :; do echo "$(printf '\\033]0;HIT\\007') noise noise noise noise noise noise noise noise noise noise noise noise noise"; done ;;
  line) exec cat /dev/zero ;;
  binary) exec cat /dev/urandom ;;
  banner) printf '\\033]0;HIT\\007\\033[2J\\r\\nWelcome\\n'; head -c 100000 /dev/urandom; echo; printf '\\033[31mHIT' >&2 ;;
  gone) printf '\\033]0;HIT\\007 \\302\\233 go away \\033[2J\\n' >&2; exit 7 ;;
esac
exec sh -c "$SSH_ORIGINAL_COMMAND"
`
/** No command may need more than this, in kB, whatever a host does. */
const ROOM = 400_000
const PEAK = "process.on('exit', () => process.stderr.write('peak ' + process.resourceUsage().maxRSS + '\\n'))"

let hosts: TestHosts
let host: TestHost
let mine: Laptop
let root = ''
beforeAll(async () => {
  hosts = await startHosts(1, { sshdConfig: ['ForceCommand sh ~/gate'] })
  host = hosts.hosts[0]
  root = join(host.home, 'shop')
  await own('gate', GATE)
  mine = await laptop({ 'app/index.html': 'one', 'peak.mjs': PEAK }, { keep: true })
  await mine.configure({ prod: targetOn(hosts, root, { logs: ['shared/log/app.log'] }) })
  expect(await mine.call('build')).toMatchObject({ code: 0 })
  expect(await mine.call('deploy', 'target=prod', '--yes')).toMatchObject({ code: 0, stderr: '' })
})
afterAll(async () => {
  await hosts?.stop()
  if (mine) await rm(join(mine.dir, '..'), { recursive: true, force: true })
})

/** A file of the host's user, below its home. */
async function own(path: string, content: string | Buffer): Promise<void> {
  const file = join(host.home, path)
  await mkdir(join(file, '..'), { recursive: true })
  await writeFile(file, content)
  await chown(file, host.uid, host.uid)
}

async function call(...words: readonly string[]) {
  const { code, stdout, stderr } = await runCli([...words, '--json'], {
    cwd: mine.dir,
    env: mine.env,
    node: ['--import', join(mine.dir, 'peak.mjs')],
  })
  const peak = Number(/^peak (\d+)$/m.exec(stderr)?.[1])
  expect([words, peak < ROOM, peak]).toEqual([words, true, peak])
  const lines = stdout.split('\n').filter(Boolean)
  return { code, stderr, last: JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown> }
}

/** Whether a terminal that shows this does nothing but show it. */
function harmless(text: string): boolean {
  return !['\u001b', '\u009b', '\u0007', '\u202e'].some((bad) => text.includes(bad))
}

test.each([
  ['endless', 3, /^h1: the host says more than 4 MB of what nobody asked for|did not start our program/],
  ['line', 3, /did not start our program/],
  ['binary', 3, /more than 4 MB of what nobody asked for|did not start our program/],
  ['gone', 3, /did not start our program, and ended with exit code 7: /],
])('a login shell that is %s', async (mood, exit, message) => {
  await own('mood', mood)
  const { code, last, stderr } = await call('status', 'target=prod')
  expect([code, last]).toMatchObject([exit, { message: expect.stringMatching(message) }])
  expect(stderr).toSatisfy(harmless)
})

test('a login shell that greets with escape sequences and rubbish is listened to', async () => {
  await own('mood', 'banner')
  const { code, stderr } = await call('status', 'target=prod')
  expect(code).toBe(0)
  expect(stderr).toSatisfy(harmless)
  await own('mood', 'fine')
})

test('files of the host that are 1 GB, or rubbish, end no command otherwise than with words', async () => {
  const release = (await readdir(join(root, 'releases')))[0] ?? ''
  const small = ['seq', 'format', 'identity', 'history', 'frozen', 'boot', 'app', 'lock/1-1-none-01.held', `overlays/${release}`]
  const others = [
    'state',
    `manifests/${release}`,
    'journal/0123456789abcdef.pending',
    'lock/1-1-none-01.held',
    'tx/\u001b]0;HIT\u0007',
  ]
  const rubbish = Buffer.concat([Buffer.from('\u001b]0;HIT\u0007\t\u001b[2J\n'), randomBytes(20_000), Buffer.from('\tend\n')])
  const restore = () => promisify(execFile)('sh', ['-c', 'rm -rf shop && cp -a kept shop'], { cwd: host.home })
  await promisify(execFile)('cp', ['-a', root, join(host.home, 'kept')])
  for (const file of [...small, ...others]) {
    for (const kind of ['1 GB', 'rubbish'] as const) {
      // One look finds all that are too large.
      if (kind === '1 GB' && ['format', 'frozen', 'boot', 'app'].includes(file)) continue
      const path = `shop/.releaser/${file}`
      await own(path, kind === 'rubbish' ? rubbish : '')
      if (kind === '1 GB') await truncate(join(host.home, path), 1 << 30)
      const { code, last, stderr } = await call('status', 'target=prod')
      const refused = { message: `h1: .releaser/${file} in ${root} is far too large to be ours: it is not read` }
      const expected = kind === '1 GB' && small.includes(file) ? [6, refused] : [0, {}]
      expect([path, kind, code, last]).toMatchObject([path, kind, ...expected])
      expect(stderr).toSatisfy(harmless)
      if (file.startsWith('manifests')) expect(await call('verify', 'target=prod')).toMatchObject({ code: 11 })
      // Nobody remembers anything any more: it is found again from what lies there.
      if (file === 'state') expect(await call('deploy', 'target=prod', '--yes')).toMatchObject({ code: 0 })
      await restore()
    }
  }
})

test('an agent that lies is not believed', async () => {
  const lying = `#!/bin/sh
case $2-$(cat ~/lie) in
  status-endless) while :; do printf 'history\\t1\\tx\\tdeploy\\t-\\t-\\t%0200d\\n' 0; done ;;
  status-binary) head -c 300000 /dev/urandom; exit ;;
  run-word) printf '@\\tlocked\\n@\\tend\\tbanana\\t\\033[2J\\n'; exit ;;
  run-waits) n=0; while [ $n -lt 3000 ]; do n=$((n + 1)); printf '@\\twait\\tword%d\\n' $n; done; exit ;;
  receive-needs) while :; do printf 'need\\t1-99999999999\\n@\\tmanifest\\n'; done ;;
  receive-differs) echo "@	end	damaged"; exit ;;
esac
exec sh ~/real.sh "$@"
`
  await own('real.sh', AGENT_SCRIPT)
  await own(`shop/.releaser/agent-${AGENT_HASH}.sh`, lying)
  await mine.write({ 'app/index.html': 'two' })
  expect(await mine.call('build')).toMatchObject({ code: 0 })
  const lies: readonly (readonly [string, number, string])[] = [
    ['status-endless', 3, 'h1: the host says more than 16.0 MB of how it is'],
    ['status-binary', 3, 'h1: the host did not say how it is'],
    ['run-word', 6, 'h1: it ended with a word that no agent has: banana (nothing was changed on any host)'],
    ['run-waits', 6, 'h1: the line was lost'],
    ['receive-needs', 6, 'h1: the host says more than 1.0 MB of what it lacks (nothing was changed on any host)'],
    ['receive-differs', 6, 'h1: the release did not arrive whole: could not be written (nothing was changed on any host)'],
  ]
  for (const [lie, exit, message] of lies) {
    await own('lie', lie.replace(/^.*-/, ''))
    const { code, last, stderr } = await call(
      ...(lie.startsWith('status') ? ['status', 'target=prod'] : ['deploy', 'target=prod', '--yes']),
    )
    expect([lie, code, last]).toMatchObject([lie, exit, { message }])
    expect(stderr).toSatisfy(harmless)
  }
  await own('lie', 'nothing')
  expect(await call('deploy', 'target=prod', '--yes')).toMatchObject({ code: 0 })
})

test('what a host says is shown, not obeyed: in a terminal, with every command that shows words of hosts', async () => {
  const bad = '\u001b]0;HIT\u0007\u001b[2J\u009b31m\u202eHIT'
  const [release = ''] = (await readdir(join(root, 'releases'))).sort().reverse()
  const at = Math.floor(Date.now() / 1000)
  await own('shop/.releaser/history', `${at}\t0123456789abcdef\tdeploy\t${release}\t-\t${bad}\t${bad}\tfailed\t1\t${bad}\n`)
  await own('shop/.releaser/frozen', `${bad}\t${at}\t${bad}\t${bad}\n`)
  await own('shop/shared/log/app.log', `${bad}\n`)
  await own(`shop/backups/shop_prod_${bad}_2026-01-01_00-00-00.tar.gz`, '')
  await own(`shop/releases/${bad}/x`, '')
  await own(`shop/current/${bad}`, '')
  const seen: Record<string, string> = {}
  const word = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`
  for (const line of [
    'status',
    'history',
    'releases',
    'logs',
    'backups',
    'verify',
    'deploy',
    'unlock',
    'exec -- cat ../../shared/log/app.log',
    'exec -- sh -c "cat ../../shared/log/app.log >&2; exit 3"',
  ]) {
    const [command = '', rest = ''] = line.split(/ (.*)/)
    const words = [process.execPath, CLI].map(word).join(' ')
    const full = `cd ${word(mine.dir)} && ${words} ${command} target=prod --yes ${rest}`
    const { stdout } = await promisify(execFile)('script', ['-qec', full, '/dev/null'], {
      env: { ...process.env, ...mine.env, CI: '', TERM: 'xterm' },
      maxBuffer: 1e8,
    }).catch((error: { stdout: string }) => error)
    seen[command] = `${seen[command] ?? ''}${stdout}`
    for (const sequence of ['\u001b]', '\u0007', '\u009b', '\u202e', '\u001b[2J'])
      expect([line, stdout.includes(sequence)]).toEqual([line, false])
  }
  for (const command of ['history', 'logs', 'deploy', 'exec', 'verify'])
    expect([command, seen[command]]).toEqual([command, expect.stringContaining('HIT')])
})
