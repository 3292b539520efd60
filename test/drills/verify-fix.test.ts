import { chmod, mkdir, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { DEPLOY, expectClean, home, serving } from '../support/fleet.ts'
import { startHosts, type TestHosts } from '../support/hosts.ts'
import { type Json, type Laptop, laptop, targetOn } from '../support/laptop.ts'

/** Damaged releases on hosts, put right by `verify --fix`, and what is left alone. */
let hosts: TestHosts
beforeAll(async () => {
  hosts = await startHosts(2)
})
afterAll(() => hosts?.stop())

/** A server that says its version, and what it was started for. */
const SERVER = 'echo "$RELEASER_RELEASE_DIR" >>"$RELEASER_PATH/shared/started"; exec sleep 1000'

async function twoReleases(path: string): Promise<{ readonly mine: Laptop; readonly older: string; readonly current: string }> {
  const mine = await laptop()
  const migrate = { run: 'echo migrated >>"$RELEASER_PATH/shared/migrated"', on: 'each' } as const
  const shared = { dirs: ['uploads'] }
  // biome-ignore lint/suspicious/noTemplateCurlyInString: so it is written in templates
  await mine.write({ 'app/conf.tmpl': 'name=${NAME}', 'app/a': 'a', 'app/uploads/seed': 'seed', 'app/bin/run': 'run' })
  await chmod(join(mine.dir, 'app/bin/run'), 0o755)
  await mine.configure({
    prod: targetOn(hosts, path, {
      shared,
      migrate,
      env: { NAME: 'n1' },
      templates: [{ from: 'conf.tmpl', to: 'conf' }],
      runner: { start: SERVER },
      confirm: '20s',
    }),
  })
  const deploy = async (version: string) => {
    await mine.write({ 'app/package.json': JSON.stringify({ version }) })
    const built = await mine.call('build')
    expect(await mine.call(...DEPLOY)).toMatchObject({ code: 0 })
    return (built.last['release'] as { readonly id: string }).id
  }
  const older = await deploy('1.0.0')
  return { mine, older, current: await deploy('2.0.0') }
}

const lines = async (index: number, path: string) => (await readFile(home(hosts, index, path), 'utf8')).trim().split('\n')
const mended = (last: Json) =>
  (last['findings'] as { readonly path: string; readonly mended: boolean }[]).map((one) => [one.path, one.mended])

it('sends what is damaged into a fresh directory, restarts only what serves, and migrates nothing', async () => {
  const { mine, older, current } = await twoReleases('fixed')
  const tree = (index: number, id: string) => home(hosts, index, 'fixed/releases', id)
  await writeFile(join(tree(0, older), 'a'), 'edited')
  await writeFile(join(tree(0, current), 'a'), 'edited')
  await rm(join(tree(0, current), 'bin/run'))
  await rm(join(tree(0, current), 'uploads'))
  await symlink('/tmp', join(tree(0, current), 'uploads'))
  await rm(tree(1, older), { recursive: true })

  const plan = await mine.say('verify', 'target=prod', '--fix', '--dry-run')
  expect(plan.code).toBe(11)
  expect(plan.stderr).toContain(`would send ${older} to h1, h2 once more\n`)
  expect(plan.stderr).toContain(`would send ${current} to h1 once more, and switch to it where it serves\n`)
  expect(await serving(hosts, 'fixed')).toEqual([`releases/${current}`, `releases/${current}`])

  const fixed = await mine.call('verify', 'target=prod', '--fix', '--yes')
  expect(fixed, fixed.stderr).toMatchObject({ code: 0, last: { ok: true } })
  expect(mended(fixed.last)).toEqual([
    ['a', true],
    ['a', true],
    ['bin/run', true],
    ['uploads', true],
    [`releases/${older}`, true],
  ])
  expect(await serving(hosts, 'fixed')).toEqual([`releases/${current}~2`, `releases/${current}`])
  expect((await readdir(home(hosts, 0, 'fixed/releases'))).sort()).toEqual([`${older}~2`, `${current}~2`])
  expect((await readdir(home(hosts, 1, 'fixed/releases'))).sort()).toEqual([older, current])
  expect(await lines(0, 'fixed/shared/started')).toHaveLength(3)
  expect(await lines(1, 'fixed/shared/started')).toHaveLength(2)
  expect(await lines(0, 'fixed/shared/migrated')).toHaveLength(2)
  expect(await readFile(home(hosts, 0, 'fixed/releases', `${older}~2`, 'conf'), 'utf8')).toBe('name=n1')
  expect(await mine.call('verify', 'target=prod')).toMatchObject({ code: 0, last: { findings: [] } })
  const status = await mine.call('releases', 'target=prod')
  const there = { current, previous: older }
  expect(status.last).toMatchObject({ hosts: [there, there] })
  const back = await mine.call('rollback', 'target=prod', '--yes')
  expect(back, back.stderr).toMatchObject({ code: 0, last: { release: { id: older } } })
  await expectClean(hosts, 'fixed')
})

it('mends a release whose list of files is lost, and keeps a pin', async () => {
  const { mine, older, current } = await twoReleases('pinned')
  expect(await mine.call('rollback', 'target=prod', '--yes')).toMatchObject({ code: 0 })
  await rm(home(hosts, 0, 'pinned/.releaser/manifests', older))
  await writeFile(home(hosts, 0, 'pinned/.releaser/manifests', current), 'releaser-manifest\t1\n')
  const fixed = await mine.call('verify', 'target=prod', '--fix', '--yes')
  expect(fixed, fixed.stderr).toMatchObject({ code: 0 })
  expect(await serving(hosts, 'pinned')).toEqual([`releases/${older}~2`, `releases/${older}`])
  expect((await mine.call('releases', 'target=prod')).last).toMatchObject({
    hosts: [0, 1].map(() => ({
      current: older,
      releases: [
        { id: current, pinned: false },
        { id: older, pinned: true },
      ],
    })),
  })
})

it('goes back where what is mended does not run, and says what was found', async () => {
  const { mine, current } = await twoReleases('ill')
  await writeFile(home(hosts, 0, 'ill/releases', current, 'a'), 'edited')
  await mine.configure({
    prod: targetOn(hosts, 'ill', {
      shared: { dirs: ['uploads'] },
      env: { NAME: 'n1' },
      runner: { start: `case $RELEASER_RELEASE_DIR in *~2) exit 3 ;; esac; ${SERVER}` },
      confirm: '20s',
    }),
  })
  const failed = await mine.call('verify', 'target=prod', '--fix', '--yes')
  expect(failed).toMatchObject({ code: 7, last: { code: 'ROLLED_BACK', findings: [{ host: 'h1', path: 'a', kind: 'changed' }] } })
  expect(await serving(hosts, 'ill')).toEqual([`releases/${current}`, `releases/${current}`])
})

it('removes what it cannot mend only where it is told to, and never what serves or is not ours', async () => {
  const { mine, older, current } = await twoReleases('lost')
  await rm(join(mine.dir, '.releaser'), { recursive: true })
  for (const id of [older, current]) await writeFile(home(hosts, 0, 'lost/releases', id, 'a'), 'edited')
  await mkdir(home(hosts, 1, 'lost/releases/backup'))
  const unasked = await mine.call('verify', 'target=prod', '--fix')
  expect(unasked).toMatchObject({ code: 11, last: { ok: false, exit: 11 } })
  expect(mended(unasked.last)).toEqual([
    ['a', false],
    ['a', false],
    ['releases/backup', false],
  ])
  const told = await mine.call('verify', 'target=prod', '--fix', '--yes')
  expect(told.code).toBe(11)
  expect(mended(told.last)).toEqual([
    ['a', true],
    ['a', false],
    ['releases/backup', false],
  ])
  expect(await readdir(home(hosts, 0, 'lost/releases'))).toEqual([current])
  expect((await readdir(home(hosts, 1, 'lost/releases'))).sort()).toEqual([older, current, 'backup'])
  expect(await serving(hosts, 'lost')).toEqual([`releases/${current}`, `releases/${current}`])
  const words = await mine.say('verify', 'target=prod', '--fix', '--yes')
  expect(words.stderr).toContain(
    `${current} on h1 cannot be mended: the store has no whole tarball of it; it serves, and so it stays`,
  )
})

it('in the store it mends records, and asks before a damaged release goes', async () => {
  const mine = await laptop()
  await mine.configure({ prod: targetOn(hosts, 'here') })
  await mine.write({ 'app/a': 'a' })
  const built = await mine.call('build')
  const { id } = built.last['release'] as { readonly id: string }
  const folder = join(mine.dir, '.releaser/releases/shop')
  const tarball = (await readdir(folder)).find((name) => name.includes('.tar.')) ?? ''
  await rm(join(folder, `${id}.manifest`))
  expect(await mine.call('verify')).toMatchObject({
    code: 11,
    last: { ok: false, exit: 11, findings: [{ host: null, release: id, path: `releases/shop/${id}.manifest`, kind: 'missing' }] },
  })
  const fixed = await mine.call('verify', '--fix')
  expect(fixed, fixed.stderr).toMatchObject({ code: 0, last: { findings: [{ mended: true }] } })
  expect(await mine.say('verify')).toMatchObject({ code: 0, stdout: '1 release in the store: all as it should be\n' })

  await truncate(join(folder, tarball), 40)
  const asked = await mine.call('verify', 'release=latest', '--fix')
  const corrupt = { path: `releases/shop/${tarball}`, kind: 'corrupt' }
  expect(asked).toMatchObject({ code: 11, last: { findings: [{ ...corrupt, mended: false }] } })
  expect(asked.stderr).toContain('(--yes removes it)')
  expect(await mine.call('verify', '--fix', '--yes')).toMatchObject({
    code: 0,
    last: { findings: [{ ...corrupt, mended: true }] },
  })
  expect(await readdir(folder)).toEqual([])
})
