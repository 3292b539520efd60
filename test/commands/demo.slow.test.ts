import { spawn } from 'node:child_process'
import { chmod, mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { CLI, runCli } from '../support/cli.ts'
import { project } from '../support/project.ts'
import { openTerminal } from '../support/terminal.ts'
import { until } from '../support/until.ts'
import { whoRunsIn } from '../support/who-runs-in.ts'

// On a machine that is busy with other things the demo takes several times as long.
vi.setConfig({ testTimeout: 120_000 })

/** Sizes, times, ids and ports differ from run to run. */
function plain(text: string, dir: string): string {
  return text
    .replaceAll(dir, 'TMP')
    .replace(/releaser-demo-\w+/g, 'releaser-demo-X')
    .replace(/ +(time|\d+(\.\d)? s)$/gm, '  TIME')
    .replace(/in \d+(\.\d)? s/g, 'in TIME')
    .replace(/1\.[2-4] MB/g, 'MUCH')
    .replace(/\d\.\d kB/g, 'LITTLE')
}

/** Nothing is left in the folder, and nobody runs there. */
async function expectNothingLeft(dir: string): Promise<void> {
  expect(await readdir(dir)).toEqual([])
  await until(async () => (await whoRunsIn(dir)).length === 0, 5)
}

const STEPS = [
  { command: 'releaser build', exit: 0, release: '1.0.0', live: null },
  { command: 'releaser deploy target=demo', exit: 0, release: '1.0.0', live: '1.0.0' },
  { command: 'releaser deploy target=demo --build', exit: 0, release: '1.1.0', live: '1.1.0' },
  { command: 'releaser deploy target=demo --build', exit: 7, release: '1.2.0', live: '1.1.0' },
  { command: 'releaser exec target=demo -- cat index.html', exit: 0, release: '1.1.0', live: '1.1.0' },
  { command: 'releaser rollback target=demo', exit: 0, release: '1.0.0', live: '1.0.0' },
  { command: 'releaser backup target=demo', exit: 0, release: '1.0.0', live: '1.0.0' },
  { command: 'releaser status', exit: 0, release: '1.0.0', live: '1.0.0' },
  { command: 'releaser history target=demo', exit: 0, release: '1.0.0', live: '1.0.0' },
]

test('it tells the whole life of a release, ends in a table, and leaves nothing', async () => {
  const dir = await project()
  const { code, stdout, stderr } = await runCli(['demo'], { cwd: dir, env: { TMPDIR: dir } })
  expect(code).toBe(0)
  expect(`\n${plain(stdout, dir)}`).toMatchInlineSnapshot(`
    "
    step  command                             release  result  TIME
       1  build                               1.0.0    stored, MUCH  TIME
       2  deploy target=demo                  1.0.0    live, MUCH sent  TIME
       3  deploy target=demo --build          1.1.0    live, LITTLE sent  TIME
       4  deploy target=demo --build          1.2.0    exit 7: back to 1.1.0  TIME
       5  exec target=demo -- cat index.html  1.1.0    1.1.0 still serves  TIME
       6  rollback target=demo                1.0.0    live again, LITTLE sent  TIME
       7  backup target=demo                  1.0.0    backed up, and proven  TIME
       8  status                              1.0.0    1.0.0 is live  TIME
       9  history target=demo                 1.0.0    shown  TIME

    All went as it should, in TIME. Next, in a project of your own: releaser init
    "
  `)
  expect(stderr.match(/^\$ .*$/gm)).toEqual(STEPS.map(({ command }) => `$ ${command}`))
  expect(plain(stderr, dir).match(/^Only .*$|^Exit code .*$|^releaser: error: .*$|^<h1>.*$/gm)).toEqual([
    'Only the changed file travelled: LITTLE in all, after MUCH the first time.',
    'releaser: error: web1: post-activate ended with exit code 1 (every host serves what it served before)',
    'Exit code 7, as it should be: every host serves what it served before.',
    '<h1>Hello again</h1>',
  ])
  await expectNothingLeft(dir)
})

test('--json gives every step; it needs neither a home nor an agent', async () => {
  const dir = await project()
  const { code, stdout, stderr } = await runCli(['demo', '--json'], {
    cwd: dir,
    env: { TMPDIR: dir, HOME: '/nonexistent', SSH_AUTH_SOCK: '/nonexistent/agent', LANG: undefined },
  })
  expect([code, stderr]).toEqual([0, ''])
  const events = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(events.at(-1)).toEqual({
    event: 'result',
    command: 'demo',
    ok: true,
    exit: 0,
    folder: null,
    durationMs: expect.any(Number),
    steps: STEPS.map(({ command, exit, release, live }) => ({
      command,
      ok: true,
      exit,
      expected: { exit, live },
      release: { id: expect.any(String), version: release },
      live,
      sentBytes: /deploy|rollback/.test(command) ? expect.any(Number) : null,
      durationMs: expect.any(Number),
    })),
  })
  const [, first, second] = events.at(-1).steps
  expect(first.sentBytes).toBeGreaterThan(1_200_000)
  expect(second.sentBytes).toBeLessThan(20_000)
  expect(events.slice(0, -1)).toEqual(
    STEPS.flatMap(({ command }) => ['start', 'ok'].map((state) => ({ event: 'step', host: null, step: command, state }))),
  )
  await expectNothingLeft(dir)
})

test('--keep leaves the folder without its key, and a store to look into', async () => {
  const dir = await project()
  const { code, stdout } = await runCli(['demo', '--keep', '--quiet'], { cwd: dir, env: { TMPDIR: dir } })
  const [name = ''] = await readdir(dir)
  expect([code, stdout.includes(`cd ${join(dir, name)}\n`)]).toEqual([0, true])
  expect(await readdir(join(dir, name))).toEqual(['host', 'known_hosts', 'project'])
  const { stdout: releases } = await runCli(['releases'], { cwd: join(dir, name, 'project') })
  expect(releases.match(/1\.\d\.0/g)).toEqual(['1.2.0', '1.1.0', '1.0.0'])
  expect(await readFile(join(dir, name, 'host/hello/current/index.html'), 'utf8')).toContain('<h1>Hello</h1>')
  const backups = await readdir(join(dir, name, 'host/hello/backups'))
  expect(backups.filter((file) => /^hello_demo_1\.0\.0_.*\.tar\.gz$/.test(file))).toHaveLength(1)
})

test('a step that goes wrong is told as it is', async () => {
  const dir = await project({ 'bin/cp': '#!/bin/sh\necho no copies today >&2\nexit 9\n' })
  await chmod(join(dir, 'bin/cp'), 0o755)
  await mkdir(join(dir, 'tmp'))
  const env = { TMPDIR: join(dir, 'tmp'), PATH: `${join(dir, 'bin')}:${process.env['PATH']}` }
  const { code, stdout, stderr } = await runCli(['demo'], { cwd: dir, env })
  expect([code, stdout]).toEqual([5, ''])
  expect(stderr.match(/^releaser: (error|hint): .*$/gm)?.slice(-2)).toEqual([
    'releaser: error: step 1 of the demo: releaser build ended with exit code 5, not 0',
    'releaser: hint: look closer: releaser demo --verbose --keep',
  ])
  const json = JSON.parse((await runCli(['demo', '--json'], { cwd: dir, env })).stdout.trimEnd().split('\n').at(-1) ?? '')
  expect(json).toMatchObject({
    event: 'error',
    exit: 5,
    code: 'BUILD',
    steps: [{ ok: false, exit: 5, live: null }],
    folder: null,
  })
  expect(json.steps[0].said).toContain('no copies today')
  await expectNothingLeft(join(dir, 'tmp'))
})

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s in the middle of a deploy leaves nothing', async (signal) => {
  const dir = await project()
  const child = spawn(process.execPath, [CLI, 'demo'], { cwd: dir, env: { ...process.env, TMPDIR: dir, CI: '' } })
  onTestFinished(() => void child.kill('SIGKILL'))
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  let said = ''
  for await (const data of child.stderr) {
    said += data
    if (said.includes('web1: lock taken')) break
  }
  child.kill(signal)
  expect(await ended).toBe(130)
  await expectNothingLeft(dir)
})

test('twice Ctrl-C on a terminal ends it at once, and leaves nothing', async () => {
  const dir = await project()
  const terminal = await openTerminal([process.execPath, CLI, 'demo'], { cwd: dir, env: { TMPDIR: dir }, rows: 60, columns: 100 })
  onTestFinished(() => terminal.close())
  await terminal.shows(/\$ releaser deploy target=demo\n(.*\n)*.*web1/, 60)
  await terminal.type('C-c', 'C-c')
  await terminal.shows(/^exit 130$/m)
  await terminal.close()
  await expectNothingLeft(dir)
})

test('on a terminal people see rows, and the table at the end', async () => {
  const dir = await project()
  const terminal = await openTerminal([process.execPath, CLI, 'demo'], {
    cwd: dir,
    env: { TMPDIR: dir },
    rows: 150,
    columns: 120,
  })
  onTestFinished(() => terminal.close())
  const screen = await terminal.shows(/^exit \d+$/m, 90)
  await terminal.close()
  expect(screen.match(/^✔ web1.*sent$/gm)?.length).toBe(2)
  expect(screen.match(/^✖ web1.*$/gm)?.length).toBe(1)
  expect(screen).toMatch(/^All went as it should, in .* Next, in a project of your own: releaser init$/m)
  await expectNothingLeft(dir)
})
