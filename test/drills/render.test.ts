import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Target } from '../../src/model/target.ts'
import { processRemote } from '../../src/remote/process.ts'
import { driver } from '../support/driver.ts'
import { anyValue, HOSTILE } from '../support/hostile-env.ts'
import { pathOf, SHELLS } from '../support/shells.ts'
import { listTree } from '../support/tree.ts'

/** What is text to a template and must stay as it is: all bytes but NUL, and whatever looks like a reference and is none. */
const LITERAL = Buffer.concat([
  Buffer.from(Array.from({ length: 255 }, (_, index) => index + 1)),
  // biome-ignore-start lint/suspicious/noTemplateCurlyInString: so it is written in templates
  Buffer.from(
    '\r\n$ $$ $x $1 ${} ${1} ${a.b} ${A-b} ${A:?} ${A:=b} ${A%b} ${#A} ${A ${A:-open\n} $(id) `id` & \\& \\n \\\\ %s \u{1f600}\n',
  ),
])

/** mksh has no `printf` of its own, so that a whole environment has to fit into one argument. */
const SHORT = Object.fromEntries(Object.entries(HOSTILE).filter(([, value]) => value.length < 10_000))

describe.each(SHELLS)('templates where sh is %s', (shell) => {
  let base = ''
  let env: Record<string, string> = {}
  let made = 0

  beforeAll(async () => {
    base = await mkdtemp(join(tmpdir(), `releaser-render-${shell}-`))
    env = { PATH: pathOf(shell, join(base, 'bin')), HOME: base }
  })
  afterAll(() => rm(base, { recursive: true, force: true }))

  const connect = async () => processRemote({ env, shell: [join(base, 'bin', 'sh'), '-c'], cwd: base })
  /** A host with a difficult path, at which a release of these files can be deployed. */
  async function host(target: Partial<Target>, at = join(base, `it's a "path" \\n with $HOME ${made++}`)) {
    const d = driver({ hosts: [{ connect, path: at }], target })
    const pack = async (files: Readonly<Record<string, string | Buffer>>, mode?: number) => {
      const dir = await mkdtemp(join(base, 'build-'))
      for (const [path, content] of Object.entries(files)) {
        await mkdir(dirname(join(dir, path)), { recursive: true })
        await writeFile(join(dir, path), content, mode === undefined ? {} : { mode })
      }
      return d.pack(dir)
    }
    return { d, pack, root: at, current: (path: string) => readFile(join(at, 'current', path)) }
  }

  it('puts values in as they are, and leaves all else alone', async () => {
    const values: Record<string, string> = { ...SHORT, EMPTY: '', LONG: `${'&\\$`\n'.repeat(4000)}end`, TAIL: 'a\n\n' }
    for (const [index, value] of fc.sample(anyValue, 300).entries()) values[`W${index}`] = value
    const names = Object.keys(values)
    const { d, pack, current } = await host({ templates: [{ from: 'a.tmpl', to: 'deep/er/a.conf' }] })
    const template = names.map((name) => `${name}=\${${name}}|\${${name}:-none}\n`).join('')
    const other = '$${EMPTY} $$${EMPTY:-x} ${EMPTY:-} ${NONE:-} ${NONE:-de fault $x &} ${RELEASER_APP} ${RELEASER_VERSION}'
    await d.roll(await pack({ 'a.tmpl': Buffer.concat([LITERAL, Buffer.from(`${template}${other}`)]) }), { appEnv: values })
    const filled = names.map((name) => `${name}=${values[name]}|${values[name] || 'none'}\n`).join('')
    const rest = '${EMPTY} $${EMPTY:-x}   de fault $x & shop 1.0.0'
    expect((await current('deep/er/a.conf')).equals(Buffer.concat([LITERAL, Buffer.from(`${filled}${rest}`)]))).toBe(true)
  })
  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: so it is written in templates

  it('gives a file the mode of its template, but to its owner alone where a secret went in', async () => {
    const templates = ['plain', 'secret', 'unused', 'open'].map((to) => ({
      from: `${to}.sh`,
      to: `out/${to}`,
      ...(to === 'open' && { mode: '644' }),
    }))
    const { d, pack, root } = await host({ templates })
    const text = { 'plain.sh': `\${WORD}`, 'secret.sh': `\${KEY}`, 'unused.sh': `\${WORD}\${NOKEY:-x}`, 'open.sh': `\${KEY}` }
    const release = await pack(text, 0o755)
    await d.roll(release, { appEnv: { WORD: 'w', KEY: 'k', NOKEY: '' }, secrets: ['KEY', 'NOKEY'] })
    const modes = await Promise.all(templates.map(async ({ to }) => (await stat(join(root, 'current', to))).mode & 0o777))
    expect(modes).toEqual([0o755, 0o700, 0o755, 0o644])
    const facts = await d.facts()
    expect(facts.rendered.map(({ dir, path }) => [dir, path])).toEqual(templates.map(({ to }) => [release.id, to]))
    const overlay = await readFile(join(root, '.releaser/overlays', release.id), 'utf8')
    expect(overlay.split('\n')[0]).toMatch(/^out\/plain\tf\t0755\t1\t50e721e4[0-9a-f]{56}\t[0-9a-f]{32}$/)
    expect(await readdir(join(root, '.releaser/tx'))).toEqual([])
  })

  it('refuses before the switch what cannot be rendered, and says what is missing', async () => {
    const templates = [{ from: 'etc/a.tmpl', to: 'etc/a' }]
    const { d, pack, root } = await host({ templates })
    const good = await pack({ 'etc/a.tmpl': 'x' })
    await d.roll(good)
    const cases = [
      [{ 'etc/a.tmpl': `\${WORD:-x}\n\${ONE} \${TWO}\n\${ONE}` }, 'etc/a.tmpl needs what is not set: ONE (line 2), TWO (line 2)'],
      [{ 'etc/b.tmpl': '' }, 'the release has no file etc/a.tmpl'],
      [{ 'etc/a.tmpl': 'a\0b' }, 'etc/a.tmpl holds a NUL byte, so it is no text'],
      [{ 'etc/a.tmpl': 'x', 'etc/a/b': '' }, 'etc/a is a directory of the release'],
    ] as const
    for (const [files, why] of cases)
      await expect(d.roll(await pack(files))).rejects.toMatchObject({
        code: 'NOT_CHANGED',
        message: `h1: render: ${why} (nothing was changed on any host)`,
      })
    const dir = await mkdtemp(join(base, 'build-'))
    await writeFile(join(dir, 'a.tmpl'), 'x')
    await symlink('.', join(dir, 'etc'))
    await expect(d.roll(await d.pack(dir))).rejects.toMatchObject({
      message: expect.stringContaining('render: etc is a link, and templates are no business of what lies behind it'),
    })
    expect(await readlink(join(root, 'current'))).toBe(`releases/${good.id}`)
  })

  it('lays a release out anew where the environment is another, also over a file of its own, and for a rollback', async () => {
    const target = { templates: [{ from: 'app.conf', to: 'app.conf' }], shared: { dirs: ['log'] }, reuse: 'hardlink' } as const
    const { d, pack, root, current } = await host(target)
    const files = (version: string) => ({
      'app.conf': `${version} \${WORD}`,
      'lib/one': 'same',
      'log/first': 'seeded',
      'a b\\c': '',
    })
    const [a, b] = [await pack(files('a')), await pack(files('b'))]
    const deploy = (release: typeof a, word: string) => d.roll(release, { appEnv: { WORD: word } })
    await deploy(a, 'one')
    expect(await deploy(a, 'one')).toMatchObject([{ changed: false }])
    expect(await deploy(a, 'two')).toMatchObject([{ changed: true, current: a.id }])
    expect([await readlink(join(root, 'current')), String(await current('app.conf'))]).toEqual([`releases/${a.id}~2`, 'a two'])
    // What it had seeded shared/ with is not in it any more; what its rendered file lies over has been kept.
    expect(d.progress.filter((event) => event.event === 'step' && event.step === 'send').at(-1)).toMatchObject({
      detail: '1 file sent, 3 reused',
    })
    await deploy(b, 'two')
    expect(String(await current('app.conf'))).toBe('b two')
    const back = (word: string) => d.roll(a, { action: 'rollback', appEnv: { WORD: word } })
    const before = await listTree(join(root, 'releases', `${a.id}~2`))
    // Today's environment, and nothing is sent.
    expect(await back('three')).toMatchObject([{ changed: true, current: a.id, previous: b.id }])
    expect([await readlink(join(root, 'current')), String(await current('app.conf'))]).toEqual([`releases/${a.id}`, 'a three'])
    expect(await listTree(join(root, 'current'))).toEqual(before.map((line) => line.replace('a two', 'a three')))
    expect(await back('three')).toMatchObject([{ changed: false }])
    expect((await readdir(join(root, 'releases'))).sort()).toEqual([a.id, b.id])
    expect((await readdir(join(root, '.releaser/covered'))).sort()).toEqual([a.id, b.id])
    // Without templates, the release is as it was sent.
    const plain = await host({ shared: target.shared }, root)
    await plain.d.roll(b, { action: 'rollback' })
    expect(String(await current('app.conf'))).toBe(`b \${WORD}`)
  })

  it('goes back to a release that has no such template, but not to one that is not as it was sent', async () => {
    const { d, pack, root, current } = await host({ templates: [{ from: 'new.tmpl', to: 'new.conf' }] })
    const old = await host({}, root)
    const a = await old.pack({ 'lib/one': 'a', VERSION: 'a' })
    await old.d.roll(a)
    const b = { ...(await pack({ 'lib/one': 'a', 'new.tmpl': `\${WORD}`, VERSION: 'b' })), id: '20260202000000-bbbbbbbb' }
    await d.roll(b, { appEnv: { WORD: 'w' } })
    d.progress.length = 0
    await d.roll(a, { action: 'rollback', appEnv: { WORD: 'w' } })
    expect(d.progress).toContainEqual({
      event: 'note',
      host: 'h1',
      message: `${a.id}~2 has no new.tmpl, so that new.conf is not rendered`,
    })
    await d.roll(b, { appEnv: { WORD: 'w' } })
    await writeFile(join(root, 'releases', `${a.id}~2`, 'lib/one'), 'edited')
    await expect(d.roll(a, { action: 'rollback', appEnv: { WORD: 'w' } })).rejects.toMatchObject({
      code: 'NOT_CHANGED',
      message: expect.stringContaining(`again: releases/${a.id}~2 is not as it was sent: lib/one`),
    })
    expect(String(await current('VERSION'))).toBe('b')
  })
})
