import { execFileSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CLI, type CliOptions, runCli } from '../support/cli.ts'
import { project } from '../support/project.ts'
import { openTerminal } from '../support/terminal.ts'

const CONFIG = `export default {
  app: 'shop',
  keepLocal: 2,
  builders: { files: { type: 'command', run: 'mkdir -p out && cp input out/', output: 'out' } },
  targets: { prod: { hosts: ['example.com'], path: '/srv/shop' } },
}
`
const PROJECT = { 'releaser.config.mjs': CONFIG, input: 'one\n' }

/** Runs with `--json` and gives back its last object. */
async function json(args: readonly string[], options: CliOptions): Promise<Readonly<Record<string, unknown>>> {
  const { stdout } = await runCli([...args, '--json'], options)
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')
}

const STAMPED = /\d{14}-[0-9a-f]{8}/g
const plain = (text: string): string =>
  text
    .replace(STAMPED, 'ID')
    .replace(/\d+ B/g, 'N B')
    .replace(/sha256:[0-9a-f]{8}…/g, 'DIGEST…')

describe('build', () => {
  it('builds, packs, stores, and says what came of it', async () => {
    const cwd = await project(PROJECT)
    const { code, stdout, stderr } = await runCli(['build', 'version=1.4.0', 'tag=a,b'], { cwd })
    expect({ code, stdout: plain(stdout), stderr }).toEqual({
      code: 0,
      stdout: 'built shop 1.4.0  ID  N B, 1 file  DIGEST…\n',
      stderr: '',
    })
  })

  it('tells scripts all of it', async () => {
    const cwd = await project(PROJECT)
    execFileSync('git', ['init', '-q', '-b', 'main'], { cwd })
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-q', '--allow-empty', '-m', 'x'], { cwd })
    const rev = execFileSync('git', ['rev-parse', 'HEAD'], { cwd, encoding: 'utf8' }).trim()
    const result = await json(['build', 'version=1.4.0', 'tag=a,b'], { cwd })
    expect(result).toEqual({
      event: 'result',
      command: 'build',
      ok: true,
      exit: 0,
      already: false,
      release: {
        id: expect.stringMatching(/^\d{14}-[0-9a-f]{8}$/),
        app: 'shop',
        version: '1.4.0',
        tags: ['a', 'b'],
        createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        bytes: expect.any(Number),
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        md5: expect.stringMatching(/^[0-9a-f]{32}$/),
        digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
        files: 1,
        unpackedBytes: 4,
        builder: 'files',
        git: { rev, branch: 'main', dirty: true },
        latest: true,
      },
    })
  })

  it('content that is there becomes latest again, and keepLocal lets the oldest go', async () => {
    const cwd = await project(PROJECT)
    const contents = ['one\n', 'two\n', 'one\n', 'three\n']
    const lines: string[] = []
    for (const content of contents) {
      await writeFile(join(cwd, 'input'), content)
      const { stdout, stderr } = await runCli(['build', 'version=1.0'], { cwd })
      // How long it took is told only where it took long.
      lines.push(plain(stdout), stderr.replace(/^packed in .*\n/m, ''))
    }
    expect(lines).toEqual([
      'built shop 1.0  ID  N B, 1 file  DIGEST…\n',
      '',
      'built shop 1.0  ID  N B, 1 file  DIGEST…\n',
      '',
      'shop 1.0  ID  N B, 1 file  DIGEST…\nits content was in the store already; it is latest again\n',
      '',
      'built shop 1.0  ID  N B, 1 file  DIGEST…\n',
      'keepLocal: 1 old release removed from the store\n',
    ])
  })

  it('a failure shows the last lines of the command and stores nothing', async () => {
    const cwd = await project({ ...PROJECT, 'releaser.config.mjs': CONFIG.replace('mkdir -p out', 'echo no luck >&2; false') })
    const { code, stdout, stderr } = await runCli(['build'], { cwd })
    expect({ code, stdout, lines: stderr.split('\n').slice(0, 2) }).toEqual({
      code: 5,
      stdout: '',
      lines: ['releaser: error: the command of builder "files" ended with exit code 1:', '    no luck'],
    })
    expect((await json(['releases'], { cwd }))['releases']).toEqual([])
  })

  it.each([
    [['target=prud'], 2, 'USAGE', 'did you mean "prod"?'],
    [['builder=file'], 2, 'USAGE', 'did you mean "files"?'],
    [['app=shap'], 2, 'USAGE', 'did you mean "shop"?'],
    [['tag=a b'], 2, 'USAGE', 'letters, digits and . _ + ~ - (at most 100, the first a letter or digit)'],
    [['tag=latest'], 2, 'USAGE', 'choose another tag'],
    [['version=-1'], 2, 'USAGE', 'letters, digits and . _ + ~ - (at most 100, the first a letter or digit)'],
  ])('%j is refused', async (args, exit, code, hint) => {
    const cwd = await project(PROJECT)
    expect(await json(['build', ...args], { cwd })).toMatchObject({
      event: 'error',
      command: 'build',
      ok: false,
      exit,
      code,
      hint,
    })
  })
})

describe('pack and import', () => {
  it('without a config: app= says whose it is, and the store is here', async () => {
    const cwd = await project({ 'site/index.html': 'hello', 'site/package.json': '{"version":"3.2.1"}' })
    const packed = await runCli(['pack', 'dir=site', 'app=blog'], { cwd })
    expect(plain(packed.stdout)).toBe('packed blog 3.2.1  ID  N B, 2 files  DIGEST…\n')
    execFileSync('tar', ['-C', 'site', '-czf', 'site.tar.gz', '.'], { cwd })
    const imported = await json(['import', 'file=site.tar.gz', 'app=blog', 'version=3.2.2', 'tag=x'], { cwd })
    expect(imported).toMatchObject({
      already: true,
      release: { version: '3.2.2', tags: ['x'], files: 2, builder: null, git: null },
    })
    const listed = await json(['releases'], { cwd })
    expect(listed['releases']).toEqual([{ ...(imported['release'] as object), live: [] }])
  })

  it.each([
    [['pack', 'dir=site'], 2, 'name it: app=NAME'],
    [['import', 'file=gone.tar', 'app=x'], 2, 'name a tar archive: file=x.tar.gz'],
    [['releases'], 2, 'write one: releaser init'],
    [['tag', 'release=latest', 'tag=x'], 2, 'write one: releaser init'],
  ])('%j is refused where there is no config', async (args, exit, hint) => {
    const cwd = await project({ 'site/x': '' })
    expect(await json(args, { cwd })).toMatchObject({ event: 'error', exit, hint })
  })

  it('an empty folder is no release', async () => {
    const cwd = await project(PROJECT)
    execFileSync('mkdir', ['empty'], { cwd })
    expect(await json(['pack', 'dir=empty'], { cwd })).toMatchObject({ exit: 5, code: 'BUILD' })
  })
})

describe('releases, show, tag, untag', () => {
  it('list, look, name', async () => {
    const cwd = await project(PROJECT)
    expect(await runCli(['releases'], { cwd })).toEqual({
      code: 0,
      stdout: '',
      stderr: 'the store is empty; fill it: releaser build\n',
    })
    await runCli(['build', 'version=1.0', 'tag=first'], { cwd })
    await writeFile(join(cwd, 'input'), 'other\n')
    await runCli(['build', 'version=1.1'], { cwd })

    const list = await runCli(['releases'], { cwd })
    expect(
      plain(list.stdout)
        .replace(/just now|\d+ s ago/g, 'AGO')
        .replace(/ +/g, ' '),
    ).toBe('id version built size files from tags\nID 1.1 AGO N B 1 - latest\nID 1.0 AGO N B 1 - first\n')

    const tagged = await runCli(['tag', 'release=latest', 'tag=first,good'], { cwd })
    expect(plain(tagged.stdout)).toBe('shop 1.1  ID  tags: first, good\n')
    expect(plain(tagged.stderr)).toBe(
      'releaser: warning: ID has the tag first too, so release=first is ambiguous; take it off: releaser untag release=ID tag=first\n',
    )
    expect(await json(['show', 'release=first'], { cwd })).toMatchObject({
      exit: 2,
      code: 'USAGE',
      hint: 'name one of them by its id',
    })
    expect(await json(['untag', 'release=1.1', 'tag=good,nope'], { cwd })).toMatchObject({
      exit: 9,
      hint: 'its tags: first, good',
    })
    expect(plain((await runCli(['untag', 'release=1.1', 'tag=first,good'], { cwd })).stdout)).toBe('shop 1.1  ID  no tags\n')

    expect(await json(['show', 'release=first'], { cwd })).toMatchObject({
      release: { version: '1.0', tags: ['first'], latest: false },
      live: [],
      biggest: [{ path: 'input', size: 4 }],
    })
    const shown = await runCli(['show', 'release=1.1'], { cwd })
    expect(shown.stdout).toMatch(/^shop 1\.1\n\n {2}id {7}\d{14}-/)
    expect(shown.stdout).toMatch(
      /\nbiggest files\n {7}6 B {2}input\n\n2 B more than 1\.0 \(\d{14}-[0-9a-f]{8}\)\n {7}\+2 B {2}input\n$/,
    )
    expect(await json(['show', 'release=9.9'], { cwd })).toMatchObject({
      exit: 9,
      hint: 'list what there is: releaser releases',
    })
  })
})

describe('init', () => {
  it('writes a config that loads, and refuses to write over it', async () => {
    const cwd = await project({})
    const first = await runCli(['init', 'name=shop'], { cwd })
    expect(first).toEqual({
      code: 0,
      stdout:
        'wrote releaser.config.ts, .gitignore\n\nput your host and path into releaser.config.ts (it says example.com), then\n  releaser build\n  releaser deploy target=prod\n',
      stderr: '',
    })
    expect(await json(['releases'], { cwd })).toMatchObject({ ok: true, releases: [] })
    expect(await json(['init'], { cwd })).toMatchObject({ exit: 2, hint: 'write it anew: --force' })
    const again = await json(['init', '--force', 'template=static', 'host=web1', 'user=www', 'path=/srv/x', 'name=site'], {
      cwd,
    })
    expect(again).toMatchObject({ ok: true, template: 'static', written: ['releaser.config.ts', 'public/index.html'] })
    expect(await readFile(join(cwd, 'releaser.config.ts'), 'utf8')).toMatch(/hosts: \['www@web1'\],/)
    expect(await json(['init', 'template=nod', '--force'], { cwd })).toMatchObject({ exit: 2, hint: 'did you mean "node"?' })
  })

  it('asks on a terminal for what is missing', async () => {
    const cwd = await project({})
    const terminal = await openTerminal([process.execPath, CLI, 'init', 'name=shop'], { cwd })
    try {
      await terminal.shows(/What kind of app/)
      await terminal.type('Down', 'Down', 'Down', 'Enter')
      await terminal.shows(/Which host .*deploy@example\.com/)
      await terminal.type('me@web1', 'Enter')
      await terminal.shows(/Which directory .*\/srv\/shop/)
      await terminal.type('Enter')
      expect(await terminal.shows(/exit 0/)).toMatch(
        /wrote releaser\.config\.ts, package\.json, server\.mjs, \.gitignore\nnext\n/,
      )
      const config = await readFile(join(cwd, 'releaser.config.ts'), 'utf8')
      expect([/hosts: \['me@web1'\],/, /path: '\/srv\/shop',/, /app: 'shop',/].map((line) => line.test(config))).toEqual([
        true,
        true,
        true,
      ])
    } finally {
      await terminal.close()
    }
  })
})
