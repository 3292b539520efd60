import { execFileSync } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { extendedPattern } from '../../src/local/clean-pattern.ts'
import { unpackTarball } from '../../src/local/import.ts'
import { packTree } from '../../src/local/pack.ts'
import { sendStream } from '../../src/local/tarball.ts'
import { buildAt, type HostBuild, type HostBuilt } from '../../src/remote/build-host.ts'
import { processRemote } from '../../src/remote/process.ts'
import { pathOf, SHELLS } from '../support/shells.ts'
import { listTree } from '../support/tree.ts'
import { until } from '../support/until.ts'

type Files = Readonly<Record<string, string>>

describe.each(SHELLS)('a build where sh is %s', (shell) => {
  let base = ''
  let root = ''
  let env: Record<string, string> = {}
  beforeAll(async () => {
    base = await mkdtemp(join(tmpdir(), `releaser-build-${shell}-`))
    root = join(base, `it's a "path" with $HOME in it`)
    env = { PATH: pathOf(shell, join(base, 'bin')), HOME: base }
  })
  afterAll(() => rm(base, { recursive: true, force: true }))

  async function tree(files: Files): Promise<string> {
    const dir = await mkdtemp(join(base, 'sources-'))
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(dir, path)), { recursive: true })
      await writeFile(join(dir, path), content)
    }
    return dir
  }

  interface Told {
    readonly ended: HostBuilt
    /** What was fetched, as a folder. */
    readonly made: string
    readonly said: readonly string[]
    readonly sent: readonly string[]
  }

  async function build(sources: string | Files, more: Partial<HostBuild> = {}, place = root): Promise<Told> {
    const dir = typeof sources === 'string' ? sources : await tree(sources)
    const scratch = await mkdtemp(join(base, 'scratch-'))
    const packed = await packTree({ dir, storeDir: scratch, app: 'shop', absoluteLinks: 'all', compression: 'gzip' })
    const [said, sent, into, made]: [string[], string[], string, string] = [
      [],
      [],
      join(scratch, 'fetched'),
      join(scratch, 'made'),
    ]
    const remote = processRemote({ env, shell: [join(base, 'bin', 'sh'), '-c'], cwd: base })
    const ended = await buildAt(remote, place, {
      author: { by: 'ana@laptop', where: 'laptop', message: 'build of shop' },
      run: 'true',
      dir: '',
      output: '.',
      env: {},
      clean: null,
      sources: packed.manifest,
      pack: async (wanted) => {
        sent.push(...wanted)
        const file = join(scratch, 'sent')
        await pipeline(sendStream({ ...packed, wanted, to: 'gzip' }), createWriteStream(file))
        return { file, bytes: (await stat(file)).size }
      },
      into,
      onOutput: (line) => said.push(line),
      ...more,
    })
    await remote.close()
    if (ended.result === 'built' && (ended.kind === 'folder' || ended.kind === 'file'))
      await unpackTarball({ file: into, into: made, absoluteLinks: 'all' })
    expect(await readdir(join(place, '.releaser/lock')).catch(() => [])).toEqual([])
    expect(await readdir(join(place, '.releaser/tx')).catch(() => [])).toEqual([])
    return { ended, made, said, sent: sent.sort() }
  }

  it('brings sources there as they are, and what was made back as it is', async () => {
    const dir = await tree({ 'deep/er/same': 'always the same', run: '#!/bin/sh\necho ran\n' })
    await mkdir(join(dir, 'empty folder'))
    for (const name of ['-n', "it's", '"quoted"', 'back\\slash', '$HOME', '*', 'grün ✓', ' leading', 'a b  c', '~', '#x', '%s'])
      await writeFile(join(dir, 'deep', name), `content of ${name}`)
    await chmod(join(dir, 'run'), 0o755)
    await symlink('deep/er/same', join(dir, 'link to same'))
    await symlink('/nowhere/at/all', join(dir, 'leads out'))
    const { ended, made, said } = await build(dir, { run: './run; echo "on stderr" >&2; printf "no newline"' })
    expect([ended, said]).toEqual([
      { result: 'built', kind: 'folder', place: join(root, 'work') },
      ['ran', 'on stderr', 'no newline'],
    ])
    expect(await listTree(made)).toEqual(await listTree(dir))
  })

  it('runs in the folder that is named, with the environment, and says nothing of its own', async () => {
    const values = {
      PLAIN: 'x',
      ODD: `it's "$HOME" \\n \`x\` ✓`,
      SEVERAL: 'a\n\tb\n',
      EMPTY: '',
      PATH: `/nowhere:${env['PATH']}`,
    }
    const run =
      // biome-ignore lint/suspicious/noTemplateCurlyInString: these are the shell's
      'printf "%s|" "$PLAIN" "$ODD" "$SEVERAL" "$EMPTY" "$PATH" "${LC_ALL-none}" "${RELEASER_AGENT-none}" >seen; cat; pwd'
    const { made, said } = await build(
      { 'a b/c/x': '', y: '' },
      { run, env: values, dir: 'a b/c', output: 'seen' },
      join(base, 'env'),
    )
    expect(await readFile(join(made, 'seen'), 'utf8')).toBe(`x|${values.ODD}|${values.SEVERAL}||${values.PATH}|none|none|`)
    expect(said).toEqual([join(base, 'env/work/a b/c')])
  })

  it('begins with a clean folder, and with `clean` keeps all but that', async () => {
    const place = join(base, 'clean')
    const made = async () => (await readdir(join(place, 'work'), { recursive: true })).sort()
    await build({ a: '' }, { run: 'mkdir -p cache/.x dist ro; touch cache/.x/one cache/b.js dist/two ro/x; chmod a-w ro' }, place)
    expect(await made()).toEqual(['a', 'cache', 'cache/.x', 'cache/.x/one', 'cache/b.js', 'dist', 'dist/two', 'ro', 'ro/x'])
    await build({ a: '' }, { clean: ['dist', '**/*.js'].map((pattern) => extendedPattern(pattern.split('/'))) }, place)
    expect(await made()).toEqual(['a', 'cache', 'cache/.x', 'cache/.x/one', 'ro', 'ro/x'])
    await build({ a: '' }, { clean: [] }, place)
    expect(await made()).toEqual(['a', 'cache', 'cache/.x', 'cache/.x/one', 'ro', 'ro/x'])
    await build({ b: '' }, {}, place)
    expect(await made()).toEqual(['b'])
  })

  it('has sources exactly as they are now beside what it keeps, and touches none that is the same', async () => {
    const place = join(base, 'exact')
    const work = join(place, 'work')
    const keep = { clean: [] }
    await build(
      { same: '1', changed: '1', spoilt: '1', 'gone/away': '1', 'gone/kept': '1', 'was/a/folder': '1', wasFile: '1' },
      keep,
      place,
    )
    const long = new Date('2020-01-01')
    await utimes(join(work, 'same'), long, long)
    const run =
      'echo 2 >spoilt; echo cached >gone/cached; rm -r wasFile; mkdir -p elsewhere wasFile/x; echo safe >elsewhere/file; ln -s elsewhere lib'
    await build(
      { same: '1', changed: '1', spoilt: '1', 'gone/away': '1', 'gone/kept': '1', 'was/a/folder': '1', wasFile: '1' },
      { ...keep, run },
      place,
    )
    const now: Files = { same: '1', changed: '2', spoilt: '1', 'gone/kept': '1', was: '2', wasFile: '3', 'lib/file': '4' }
    const { sent } = await build(now, keep, place)
    expect(sent).toEqual(['changed', 'lib/file', 'spoilt', 'was', 'wasFile'])
    expect((await stat(join(work, 'same'))).mtime).toEqual(long)
    for (const [path, content] of Object.entries(now)) expect(await readFile(join(work, path), 'utf8'), path).toBe(content)
    expect((await readdir(join(work, 'gone'))).sort()).toEqual(['cached', 'kept'])
    expect(await readFile(join(work, 'elsewhere/file'), 'utf8')).toBe('safe\n')
  })

  it('takes a folder, a file, what a link leads to, and tells what is none of these', async () => {
    const run =
      'mkdir -p "out/ x" none; echo 1 >"out/ x/1"; echo 2 >-f; true >empty; mkfifo pipe; ln -s out ln; ln -s ./-f lf; echo 5 >"$HOME/abs"'
    const place = join(base, 'outputs')
    const made = async (output: string) => {
      const { ended, made } = await build({ a: '' }, { run, output }, place)
      return [ended.result === 'built' && ended.kind, ...(await readdir(made, { recursive: true }).catch(() => [])).sort()]
    }
    expect(await made('out')).toEqual(['folder', ' x', ' x/1'])
    expect(await made('ln')).toEqual(['folder', ' x', ' x/1'])
    expect(await made('-f')).toEqual(['file', '-f'])
    expect(await made('lf')).toEqual(['file', 'lf'])
    expect(await made(join(base, 'abs'))).toEqual(['file', 'abs'])
    for (const [output, kind] of [
      ['none', 'empty'],
      ['empty', 'empty'],
      ['pipe', 'odd'],
      ['never', 'missing'],
      ['-f/x', 'missing'],
    ] as const)
      expect(await made(output), output).toEqual([kind])
  })

  it('tells how a command failed, with its last lines, and leaves all for a look', async () => {
    const place = join(base, 'broken')
    const run = 'n=0; while [ $n -lt 50 ]; do n=$((n+1)); echo "line $n"; done; echo half >half-made; exit 7'
    const { ended } = await build({ a: '' }, { run }, place)
    const lines = Array.from({ length: 20 }, (_, index) => `line ${index + 31}`)
    expect(ended).toEqual({ result: 'broken', code: 7, lines, place: join(place, 'work') })
    expect(await readFile(join(place, 'work/half-made'), 'utf8')).toBe('half\n')
    const unknown = await build({ a: '' }, { run: 'no-such-command --x' }, place)
    expect(unknown.ended).toMatchObject({ result: 'broken', code: 127, lines: [expect.stringContaining('not found')] })
    expect(await readdir(join(place, 'work'))).toEqual(['a'])
    expect((await build({ a: '' }, { run: 'kill -KILL $$' }, place)).ended).toMatchObject({ result: 'broken', code: 137 })
  })

  it('takes no path that is somebody else’s, and leaves it alone', async () => {
    const deployed = join(base, 'deployed')
    await mkdir(join(deployed, '.releaser'), { recursive: true })
    await writeFile(join(deployed, '.releaser/format'), '1\n')
    const home = await tree({ mine: '' })
    expect((await build({ a: '' }, {}, deployed)).ended).toEqual({
      result: 'refused',
      why: `${deployed} holds releases that were deployed there`,
    })
    expect((await build({ a: '' }, {}, home)).ended).toEqual({ result: 'refused', why: `${home} holds what is none of ours` })
    expect([await readdir(home), await readdir(join(deployed, '.releaser'))]).toEqual([['mine'], ['format']])
    await writeFile(join(base, 'file'), '')
    expect((await build({ a: '' }, {}, join(base, 'file/x'))).ended).toEqual({
      result: 'failed',
      why: `cannot make ${join(base, 'file/x')}`,
    })
  })

  it('lets one build at a time in, and ends what is stopped with all that it started', async () => {
    const place = join(base, 'one')
    const stopping = new AbortController()
    const run = 'sleep 300 & trap "" TERM; echo $! >sleeper; echo $$ >leader; wait; sleep 300'
    const first = build({ a: '' }, { run, signal: stopping.signal }, place)
    await until(() =>
      readFile(join(place, 'work/leader'), 'utf8').then(
        (text) => text.endsWith('\n'),
        () => false,
      ),
    )
    const pids = await Promise.all(['sleeper', 'leader'].map((name) => readFile(join(place, 'work', name), 'utf8')))
    const remote = processRemote({ env, shell: [join(base, 'bin', 'sh'), '-c'], cwd: base })
    const job = {
      author: { by: 'bo@ci', where: 'job 7', message: '' },
      run: 'true',
      dir: '',
      output: 'a',
      env: {},
      clean: null,
      into: '',
    }
    const second = await buildAt(remote, place, { ...job, sources: [], pack: () => Promise.reject(new Error('not now')) })
    expect(second).toMatchObject({ result: 'locked', lock: { by: 'ana@laptop', where: 'laptop', message: 'build of shop' } })
    await remote.close()
    stopping.abort()
    await expect(first).rejects.toMatchObject({ code: 'INTERRUPTED' })
    const alive = () =>
      pids.filter((pid) =>
        execFileSync('ps', ['-o', 'stat=', '-p', pid.trim(), '1'], { encoding: 'utf8' })
          .trim()
          .split('\n')
          .some((line, i) => i > 0 && !line.startsWith('Z')),
      )
    await until(async () => alive().length === 0)
    expect((await build({ a: '' }, {}, place)).ended).toMatchObject({ result: 'built' })
  })
})
