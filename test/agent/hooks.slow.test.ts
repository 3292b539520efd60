import { mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { Target } from '../../src/model/target.ts'
import { type ProcessRemote, processRemote } from '../../src/remote/process.ts'
import { driver } from '../support/driver.ts'
import { killAllIn } from '../support/kill-all-in.ts'
import { pathOf, SHELLS } from '../support/shells.ts'
import { until } from '../support/until.ts'

const APP: Partial<Target> = {
  runner: { start: 'exec sleep 98765' },
  health: { kind: 'command', run: 'true', delay: 0, interval: 1, timeout: 10, settle: 0 },
}
const TELLS = 'echo "$RELEASER_HOOK of $(cat VERSION) for $RELEASER_RELEASE" >>"$RELEASER_PATH/told"\n'
const NAMES = [
  'pre-configure',
  'post-configure',
  'post-upload',
  'pre-stop',
  'post-stop',
  'pre-activate',
  'post-activate',
] as const
const BROUGHT = Object.fromEntries([...NAMES, 'pre-start', 'post-start'].map((name) => [`releaser/hooks/${name}`, TELLS]))
/** What comes before and around the switch, and where an app is started. */
const COMES = ['pre-configure', 'post-configure', 'post-upload', 'pre-activate', 'post-activate', 'pre-start', 'post-start']

describe.each(SHELLS)('hooks on a host where sh is %s', (shell) => {
  let base = ''
  let env: Record<string, string> = {}
  const lines: ProcessRemote[] = []

  beforeAll(async () => {
    base = await mkdtemp(join(tmpdir(), `releaser-hooks-${shell}-`))
    env = { PATH: pathOf(shell, join(base, 'bin')), HOME: base }
  })
  afterAll(() => rm(base, { recursive: true, force: true }))

  async function connect(): Promise<ProcessRemote> {
    const line = processRemote({ env, shell: [join(base, 'bin', 'sh'), '-c'], cwd: base })
    lines.push(line)
    return line
  }
  async function host(target: Partial<Target> = {}) {
    const path = await mkdtemp(join(base, 'host-'))
    const d = driver({ hosts: [{ connect, path }], target: { ...APP, ...target } })
    onTestFinished(() => killAllIn(path))
    return {
      path,
      d,
      pack: async (version: string, files: Readonly<Record<string, string>> = BROUGHT) => {
        const dir = await mkdtemp(join(base, 'build-'))
        for (const [name, content] of Object.entries({ VERSION: version, ...files })) {
          await mkdir(dirname(join(dir, name)), { recursive: true })
          // Half of them are executable.
          await writeFile(join(dir, name), `#!/bin/sh\n${content}`, { mode: name.includes('post') ? 0o755 : 0o644 })
        }
        await writeFile(join(dir, 'VERSION'), version)
        return d.pack(dir, version)
      },
      /** What has been told since it was asked last, a line a hook. */
      told: async () => {
        const text = await readFile(join(path, 'told'), 'utf8').catch(() => '')
        await rm(join(path, 'told'), { force: true })
        return text.split('\n').slice(0, -1)
      },
    }
  }

  it('come from the release, each in its own; taking back runs those of the release concerned', async () => {
    const { path, d, pack, told } = await host()
    const line = (of: string, id: string) => (name: string) => `${name} of ${of} for ${id}`
    const a = await pack('a')
    await d.roll(a)
    expect(await told()).toEqual(COMES.map(line('a', a.id)))
    const b = await pack('b', { ...BROUGHT, 'releaser/hooks/post-start': `${TELLS}echo broken; exit 3` })
    await expect(d.roll(b)).rejects.toMatchObject({
      code: 'ROLLED_BACK',
      message: 'h1: post-start ended with exit code 3 (every host serves what it served before)',
    })
    const upTo = (name: string) => COMES.slice(0, COMES.indexOf(name))
    const around = (names: readonly string[], of: string, id: string) =>
      names.flatMap((name) => [`pre-${name}`, `post-${name}`]).map(line(of, id))
    expect(await told()).toEqual([
      ...upTo('pre-activate').map(line('b', b.id)),
      ...around(['stop'], 'a', b.id),
      ...around(['activate', 'start'], 'b', b.id),
      ...around(['stop'], 'b', a.id),
      ...around(['activate', 'start'], 'a', a.id),
    ])
    expect(await readlink(join(path, 'current'))).toBe(`releases/${a.id}`)
    expect((await d.facts()).app).toMatchObject({ dir: a.id })
  })

  it('run on the way back with nobody there, and none that hung is begun again', async () => {
    const hooks = {
      'post-activate': 'echo "activated $(cat VERSION)" >>"$RELEASER_PATH/told"; [ ! -e slow ] || sleep 1000',
      'pre-start': 'cat >"$RELEASER_PATH/back"; echo "starts $(cat VERSION) $RELEASER_VERSION" >>"$RELEASER_PATH/told"; exit 5',
    }
    const { path, pack, told } = await host()
    const calm = driver({ hosts: [{ connect, path }], target: APP })
    const a = await pack('a', {})
    await calm.roll(a)
    const d = driver({ hosts: [{ connect, path }], target: { ...APP, hooks } })
    const b = { ...(await d.pack(await tree(base, { VERSION: 'b', slow: '' }), 'b')), id: '20260303000000-bbbbbbbb' }
    lines.length = 0
    const rolled = d.roll(b).catch((error: unknown) => error)
    await until(async () => (await readdir(path)).includes('told'))
    for (const group of lines.flatMap((one) => one.groups())) process.kill(-group, 'SIGKILL')
    expect(await rolled).toMatchObject({ code: 'ROLLED_BACK' })
    await until(async () => (await calm.facts()).lock === null)
    expect(await readlink(join(path, 'current'))).toBe(`releases/${a.id}`)
    expect(await told()).toEqual(['activated b', 'starts a a'])
    expect(JSON.parse(await readFile(join(path, 'back'), 'utf8'))).toMatchObject({
      hook: 'pre-start',
      takingBack: true,
      release: { id: a.id, version: 'a' },
      previous: b.id,
      releaseDir: join(path, 'releases', a.id),
    })
    const facts = await calm.facts()
    expect(facts.app).toMatchObject({ dir: a.id })
    expect(facts.history.at(-1)?.result).toBe(
      'taken back: nobody confirmed it; while taking back, post-activate did not end before, so that it is not run again; while taking back, pre-start ended with exit code 5',
    )
  })

  // What follows is the client's to decide, whatever the shell.
  if (shell !== 'dash') return
  it('are remembered for a rollback, which takes back as well', async () => {
    const { d, pack, told } = await host()
    const line = (of: string, id: string) => (name: string) => `${name} of ${of} for ${id}`
    const a = await pack('a')
    await d.roll(a)
    const c = await pack('c', { ...BROUGHT, 'releaser/hooks/pre-stop': `${TELLS}echo in vain; exit 4` })
    await d.roll(c)
    await told()
    await expect(d.roll({ id: a.id }, { action: 'rollback' })).rejects.toMatchObject({
      message: expect.stringContaining('pre-stop ended with exit code 4'),
    })
    expect(await told()).toEqual([
      ...['pre-configure', 'post-configure'].map(line('a', a.id)),
      ...['pre-stop'].map(line('c', a.id)),
      ...['pre-start', 'post-start'].map(line('c', c.id)),
    ])
    expect((await d.facts()).app).toMatchObject({ dir: c.id })
  })

  it('get what happens as JSON, each for itself, and need not read it', async () => {
    const config = { 'pre-activate': 'cat >"$RELEASER_PATH/json"; cp VERSION "$RELEASER_PATH/config"' }
    const { path, d, pack } = await host({ hooks: config })
    const a = await pack('a', {
      'releaser/hooks/post-activate/20 no name.sh': 'exit 1',
      'releaser/hooks/post-activate/20_two.sh': 'cat >>"$RELEASER_PATH/folder"',
      'releaser/hooks/post-activate/10_one.sh': 'cat >>"$RELEASER_PATH/folder"; echo one >>"$RELEASER_PATH/folder"',
      'releaser/hooks/pre-activate': 'exit 1',
      'releaser/hooks/pre-start.sh': 'exec <&-',
      'rel/hooks/post_start/a.sh': 'echo Distillery >"$RELEASER_PATH/rel"',
      'rel/hooks/pre_start/a.sh': 'exit 1',
    })
    await d.roll(a)
    const said = {
      hook: 'pre-activate',
      action: 'deploy',
      takingBack: false,
      app: 'shop',
      target: 'prod',
      host: 'h1',
      group: null,
      release: { id: a.id, version: 'a', digest: a.digest },
      previous: null,
      path,
      releaseDir: join(path, 'releases', a.id),
      dryRun: false,
    }
    const file = (name: string) => readFile(join(path, name), 'utf8')
    expect(JSON.parse(await file('json'))).toEqual(said)
    const [first, one, second] = (await file('folder')).split('\n')
    expect([first, one, second].map((text) => (text?.startsWith('{') ? JSON.parse(text) : text))).toEqual([
      { ...said, hook: 'post-activate' },
      'one',
      { ...said, hook: 'post-activate' },
    ])
    expect(await file('rel')).toBe('Distillery\n')
    expect(await file('config')).toBe('a')
  })
})

async function tree(base: string, files: Readonly<Record<string, string>>): Promise<string> {
  const dir = await mkdtemp(join(base, 'build-'))
  for (const [name, content] of Object.entries(files)) await writeFile(join(dir, name), content)
  return dir
}
