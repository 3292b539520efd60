import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildLaptop, comesToRest, nothingHere } from '../support/build-host.ts'
import { home } from '../support/fleet.ts'
import { startHosts, type TestHosts } from '../support/hosts.ts'
import type { Answer, Laptop } from '../support/laptop.ts'

/** Builds on a build host, as the command line does them against real sshd. */
let hosts: TestHosts
beforeAll(async () => {
  hosts = await startHosts(1)
})
afterAll(() => hosts?.stop())

const release = ({ last }: Answer) => last['release'] as { readonly id: string; readonly digest: string }
/** The files of the newest release, with what they hold. */
async function files(mine: Laptop): Promise<Record<string, string>> {
  const { last } = await mine.call('show', 'release=latest')
  const { id } = last['release'] as { readonly id: string }
  const dir = await mkdtemp(join(tmpdir(), 'releaser-shown-'))
  try {
    execFileSync('sh', ['-c', 'tar -xf .releaser/releases/shop/"$1".tar.* -C "$2"', '-', id, dir], { cwd: mine.dir })
    const names = execFileSync('find', ['.', '-type', 'f'], { cwd: dir, encoding: 'utf8' }).trim().split('\n').sort()
    return Object.fromEntries(
      await Promise.all(names.map(async (name) => [name.slice(2), await readFile(join(dir, name), 'utf8')])),
    )
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

it('builds what is committed, tells it as it comes, and packs it here', async () => {
  const run =
    'mkdir out; cp app/* out; env | sed -n "/^RELEASER_/p; /^MINE=/p" | sort >out/env; echo "it says so"; ls -A >out/listed'
  const mine = await buildLaptop(hosts, { run, env: { MINE: "it's $HOME" } }, { 'app/package.json': '{"version":"1.4.0"}' })
  await mine.write({ 'app/version.txt': 'under way', untracked: '' })
  const answer = await mine.call('build', '--verbose', 'tag=candidate')
  const rev = mine.git('rev-parse', 'HEAD')
  expect(answer.last).toMatchObject({
    ok: true,
    release: { version: '1.4.0', builder: 'far', tags: ['candidate'], git: { rev, branch: 'main', dirty: false } },
  })
  expect(answer.events).toContainEqual({ event: 'output', host: null, step: 'build', line: 'it says so' })
  expect(answer.events).toContainEqual({ event: 'step', host: null, step: 'send', state: 'ok', detail: '4 files sent, 0 reused' })
  const { env, ...made } = await files(mine)
  expect(made).toEqual({
    'package.json': '{"version":"1.4.0"}',
    'version.txt': '1.0.0',
    listed: '.gitignore\napp\nout\nreleaser.config.json\n',
  })
  expect(env).toMatch(
    new RegExp(`^MINE=it's \\$HOME\nRELEASER_APP=shop\nRELEASER_GIT_REV=${rev}\nRELEASER_TS=\\d{14}\nRELEASER_VERSION=\n$`),
  )
  await comesToRest(hosts)
  await nothingHere(mine)
  expect(release(await mine.call('build')).digest).not.toBe(release(answer).digest)
})

describe('what goes there', () => {
  it('is a revision, whatever lies here, with submodules, and the folder of the configuration is where it runs', async () => {
    const inner = await mkdtemp(join(tmpdir(), 'releaser-inner-'))
    const mine = await buildLaptop(
      hosts,
      { run: 'mkdir out; cp here ../top ../mod/inner out' },
      { 'sub/here': 'one', top: 'one' },
    )
    try {
      const git = (...args: string[]) =>
        execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { cwd: inner })
      git('init', '-q')
      await writeFile(join(inner, 'inner'), 'inner')
      git('add', '-A')
      git('commit', '-qm', 'x')
      mine.git('submodule', '--quiet', 'add', inner, 'mod')
      mine.git('mv', 'releaser.config.json', 'sub/')
      mine.git('commit', '-qam', 'x')
      mine.git('tag', 'v1.0.0')
      await mine.write({ 'sub/here': 'two', top: 'two' })
      mine.git('commit', '-qam', 'x')
      const built = await mine.call('build', 'ref=v1.0.0', '--config', 'sub/releaser.config.json')
      expect(built.last).toMatchObject({ ok: true, release: { version: '1.0.0', git: { branch: null, dirty: false } } })
      await rm(join(mine.dir, '.releaser'), { recursive: true, force: true })
      execFileSync('mv', ['sub/.releaser', '.'], { cwd: mine.dir })
      expect(await files(mine)).toEqual({ here: 'one', top: 'one', inner: 'inner' })
      expect(mine.git('status', '--porcelain')).toBe('')
    } finally {
      await rm(inner, { recursive: true, force: true })
    }
  })

  it("is what lies here with source: 'worktree', but for what git ignores", async () => {
    const run = 'mkdir out; find . -type f ! -path "./out/*" | sort >out/listed'
    const mine = await buildLaptop(hosts, { run, source: 'worktree' }, { 'ignored/x': '', gone: '' })
    await mine.write({ 'app/version.txt': 'under way', 'new file': '' })
    await rm(join(mine.dir, 'gone'))
    expect((await mine.call('build')).last).toMatchObject({ ok: true, release: { git: { dirty: true } } })
    expect((await files(mine))['listed']).toBe('./.gitignore\n./app/version.txt\n./new file\n./releaser.config.json\n')
    expect((await mine.call('build', 'ref=main')).last).toMatchObject({ exit: 2 })
    await rm(join(mine.dir, '.git'), { recursive: true })
    expect((await mine.call('build')).last).toMatchObject({ ok: true, release: { git: null } })
    expect((await files(mine))['listed']).toBe(
      './.gitignore\n./app/version.txt\n./ignored/x\n./new file\n./releaser.config.json\n',
    )
    await nothingHere(mine)
  })
})

it('keeps what `clean` leaves for the next build, and sends what has changed', async () => {
  const run = 'mkdir -p out cache; cp app/* out; date +%N >>cache/log; cp cache/log out'
  const mine = await buildLaptop(hosts, { run, clean: ['out'], path: 'cached' })
  await mine.call('build')
  await mine.write({ 'app/more': 'x' })
  mine.git('add', '-A')
  mine.git('commit', '-qam', 'x')
  const { events } = await mine.call('build')
  expect(events).toContainEqual({ event: 'step', host: null, step: 'send', state: 'ok', detail: '1 file sent, 3 reused' })
  expect((await files(mine))['log']?.trim().split('\n')).toHaveLength(2)
  await mine.builder({ clean: undefined } as object)
  await mine.call('build')
  expect((await files(mine))['log']?.trim().split('\n')).toHaveLength(1)
})

it('builds twice to see whether it is the same', async () => {
  const mine = await buildLaptop(hosts, { path: 'twice' })
  expect((await mine.call('build', '--check-reproducible')).last).toMatchObject({ ok: true })
  await mine.builder({ path: 'twice', run: 'mkdir out; date +%N >out/when; cp app/* out' })
  const { last } = await mine.call('build', '--check-reproducible')
  expect(last).toMatchObject({ exit: 5, message: 'two builds of the same sources differ in 1 entry:\n  when' })
  await nothingHere(mine)
})

it('takes a tarball, a single file and an OTP release as other builders do, and knows what a program was built for', async () => {
  const mine = await buildLaptop(hosts, {}, { 'rel/shop/releases/start_erl.data': '13.1.5 2.1.0\n', 'rel/shop/bin/shop': 'x' })
  await mine.builder({ run: 'tar -czf shop.tgz -C rel .', output: 'shop.tgz' })
  expect((await mine.call('build')).last).toMatchObject({ ok: true, release: { version: '2.1.0' } })
  expect(Object.keys(await files(mine))).toEqual(['bin/shop', 'releases/start_erl.data'])
  await mine.builder({ run: 'true', output: 'rel' })
  expect((await mine.call('build')).last).toMatchObject({ ok: true, already: true })
  await mine.builder({ run: 'cp "$(command -v find)" shop', output: 'shop', version: '3.0.0' })
  expect((await mine.call('build')).last).toMatchObject({ ok: true, release: { version: '3.0.0' } })
  expect(await readFile(join(mine.dir, '.releaser/db.json'), 'utf8')).toMatch(/"platforms": \[\s*"[\w]+\/(glibc|musl)"/)
  expect(Object.keys(await files(mine))).toEqual(['shop'])
})

describe('a failure', () => {
  it('of the command shows its last lines, keeps what it made, and the next build goes well', async () => {
    const mine = await buildLaptop(hosts, { path: 'failing', run: 'echo first; echo half >half; echo "the reason"; exit 3' })
    const host = `127.0.0.1:${hosts.hosts[0].port}`
    const place = home(hosts, 0, 'failing/work')
    expect((await mine.call('build')).last).toMatchObject({
      exit: 5,
      code: 'BUILD',
      message: `the command of builder "far" ended with exit code 3 on ${host}:\n  first\n  the reason`,
      hint: `nothing was stored; what it made lies in ${place} on ${host} until the next build there`,
    })
    expect(await readFile(join(place, 'half'), 'utf8')).toBe('half\n')
    await nothingHere(mine)
    expect((await mine.call('releases')).last).toMatchObject({ releases: [] })
    await mine.builder({ path: 'failing', run: 'ls >app/listed; mv app out' })
    expect((await mine.call('build')).code).toBe(0)
    expect((await files(mine))['listed']).toBe('app\nreleaser.config.json\n')
  })

  it.each<[string, object, RegExp]>([
    ['a command that is not there', { run: 'no-such-command' }, /ended with exit code 127 on .*:\n.*no-such-command.*not found/],
    ['no output', { output: 'dist' }, /ended well, but its output dist does not exist on 127/],
    ['an empty output', { run: 'mkdir dist', output: 'dist' }, /its output dist is empty on 127/],
    ['an output that is a fifo', { run: 'mkfifo dist', output: 'dist' }, /its output dist is neither a folder nor a file on 127/],
    [
      'an output that may not be read',
      { run: 'mkdir dist; echo >dist/x; chmod 0 dist/x', output: 'dist' },
      /cannot read what the build made: .*x/,
    ],
    [
      'a link out of the tree',
      { run: 'mkdir out; ln -s /etc/passwd out/p' },
      /the link "p" leads out of the folder, to "\/etc\/passwd"/,
    ],
    ['a version that is none', { version: { command: 'echo "1 2"' } }, /the version command printed "1 2", which is no version/],
    [
      'another version than what starts',
      { run: 'mkdir -p out/releases; echo 1 2.0.0 >out/releases/start_erl.data', version: '3.0.0' },
      /starts as version 2.0.0/,
    ],
    ['a path that cannot be made', { path: '/proc/nowhere/x' }, /could not build: cannot make \/proc\/nowhere\/x/],
    [
      'a path that cannot be written',
      { path: '/usr/share/x' },
      /could not build: cannot make \/usr\/share\/x: Permission denied/,
    ],
  ])('%s is told, and nothing is stored', async (_, builder, message) => {
    const mine = await buildLaptop(hosts, { path: 'odd', ...builder })
    const { last, stderr } = await mine.call('build')
    expect(last).toMatchObject({ exit: 5, code: 'BUILD', message: expect.stringMatching(message) })
    expect(stderr).not.toContain('    at ')
    await nothingHere(mine)
  })

  it('of the place: one that is somebody else’s is refused, also by a deploy', async () => {
    const mine = await buildLaptop(hosts, { path: '.' })
    expect((await mine.call('build')).last).toMatchObject({
      exit: 2,
      message: expect.stringContaining('holds what is none of ours'),
    })
    await mine.builder({ path: 'taken' })
    expect((await mine.call('build')).code).toBe(0)
    const [{ configEntry }] = hosts.hosts
    const { identity, knownHosts } = hosts
    await mine.builder({ path: 'taken' }, { targets: { prod: { hosts: [configEntry], path: 'taken', identity, knownHosts } } })
    expect((await mine.call('deploy', 'target=prod', '--yes')).last).toMatchObject({
      exit: 2,
      message: expect.stringContaining('belongs to a build host (target builds), not to shop (target prod)'),
    })
    await mine.builder({ path: 'taken' }, { targets: { prod: { hosts: [configEntry], path: 'served', identity, knownHosts } } })
    expect((await mine.call('deploy', 'target=prod', '--yes')).code).toBe(0)
    await mine.builder({ path: 'served' })
    expect((await mine.call('build')).last).toMatchObject({
      exit: 2,
      message: expect.stringContaining('holds releases that were deployed there'),
    })
  })

  it('of git or the line', async () => {
    const mine = await buildLaptop(hosts, { path: 'lines' })
    expect((await mine.call('build', 'ref=v9')).last).toMatchObject({
      exit: 2,
      message: 'the git repository knows no revision v9',
    })
    await mine.builder({ path: 'lines', host: 'nobody@127.0.0.1:1' })
    expect((await mine.call('build')).last).toMatchObject({ exit: 3, code: 'CONNECTION' })
    await mine.builder({ path: 'lines', knownHosts: '/dev/null' })
    expect((await mine.call('build')).last).toMatchObject({ exit: 3, code: 'HOST_KEY' })
    await mine.builder({ path: 'lines', host: 'a b' })
    expect((await mine.call('build')).last).toMatchObject({
      exit: 2,
      message: expect.stringContaining('builders.far.host holds a space'),
    })
    await nothingHere(mine)
    await mine.builder({ path: 'lines' })
    await rm(join(mine.dir, '.git'), { recursive: true })
    expect((await mine.call('build')).last).toMatchObject({
      exit: 5,
      message: expect.stringContaining('has no git repository to build from'),
    })
    mine.git('init', '-q')
    expect((await mine.call('build')).last).toMatchObject({ exit: 5, message: 'the git repository has no commit yet' })
  })
})

it.each(['/bin/bash', '/usr/bin/mksh', '/bin/dash'])('is not disturbed by a login shell %s that talks', async (shell) => {
  const own = await startHosts(1, { shell })
  try {
    const [{ home }] = own.hosts
    const noise = 'echo "welcome $USER"; echo "beware" >&2\n'
    for (const name of ['.bashrc', '.profile', '.mkshrc', '.kshrc']) await writeFile(join(home, name), noise)
    const mine = await buildLaptop(own, { run: 'mv app out; echo "by $0"', path: '~/a b' })
    const { last, events } = await mine.call('build', '--verbose')
    expect(last).toMatchObject({ ok: true, release: { files: 1 } })
    expect(events.filter(({ event }) => event === 'output').map(({ line }) => line)).toEqual(['by build'])
    await comesToRest(own, 'a b')
  } finally {
    await own.stop()
  }
})

it('takes keys and known hosts from `defaults` where its builder names none', async () => {
  const mine = await buildLaptop(hosts, { path: 'defaults' })
  const { identity, knownHosts } = hosts
  await mine.builder({ identity: undefined, knownHosts: undefined } as object, {
    defaults: { identity, knownHosts },
  })
  expect((await mine.call('build')).code).toBe(0)
})
