import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, chown, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { built, DEPLOY, expectClean, home, release, serving } from '../support/fleet.ts'
import { startHosts, type TestHosts } from '../support/hosts.ts'
import { type Laptop, laptop, targetOn } from '../support/laptop.ts'
import { until } from '../support/until.ts'

/** What looks after releases that are there: activate, pin, unpin, delete, diff, hosts. */
let hosts: TestHosts
beforeAll(async () => {
  hosts = await startHosts(2)
})
afterAll(() => hosts?.stop())

/** A laptop whose two hosts have 1.0.0, 2.0.0 and 3.0.0, the last one current. */
async function three(path: string, more: Parameters<typeof built>[2] = {}): Promise<{ mine: Laptop; ids: string[] }> {
  const mine = await built(hosts, path, more)
  const ids = [((await mine.call('releases')).last['releases'] as { id: string }[])[0]?.id ?? '']
  await mine.call(...DEPLOY)
  for (const version of ['2.0.0', '3.0.0']) {
    ids.push(await release(mine, version))
    expect(await mine.call(...DEPLOY)).toMatchObject({ code: 0 })
  }
  return { mine, ids }
}

const onHosts = async (mine: Laptop) =>
  ((await mine.call('releases', 'target=prod')).last['hosts'] as { releases: { version: string; pinned: boolean }[] }[]).map(
    ({ releases }) => releases.map(({ version, pinned }) => `${version}${pinned ? ' pinned' : ''}`),
  )

const both = <T>(one: T) => [one, one]

describe('activate', () => {
  it('switches to a release that the hosts have, sends nothing, and lifts a pin', async () => {
    const { mine, ids } = await three('activated')
    expect(await mine.call('rollback', 'target=prod')).toMatchObject({ code: 0 })
    expect(await onHosts(mine)).toEqual(both(['3.0.0', '2.0.0 pinned', '1.0.0']))
    // From another machine, whose store has none of them.
    const other = await laptop()
    await other.configure({ prod: targetOn(hosts, 'activated') })
    const dry = await other.call('activate', 'target=prod', 'release=3.0.0', '--dry-run')
    expect(dry).toMatchObject({ code: 0, last: { dryRun: true, changed: true } })
    expect(await serving(hosts, 'activated')).toEqual(both(`releases/${ids[1]}`))
    const answer = await other.call('activate', 'target=prod', 'release=3.0.0')
    expect(answer).toMatchObject({ code: 0, last: { changed: true, release: { id: ids[2], version: '3.0.0' } } })
    expect(await serving(hosts, 'activated')).toEqual(both(`releases/${ids[2]}`))
    expect(await onHosts(mine)).toEqual(both(['3.0.0', '2.0.0', '1.0.0']))
    expect(await other.call('activate', 'target=prod', 'release=current')).toMatchObject({ code: 0, last: { changed: false } })
    expect((await other.say('activate', 'target=prod', 'release=1.0.0')).stdout).toMatch(/\nshop 1\.0\.0 is live on prod\n$/)
    const { last } = await other.call('history', 'target=prod', 'limit=2')
    expect(last['entries']).toMatchObject(both({ action: 'activate', release: ids[0], previous: ids[2], ok: true }))
    expect(await other.call('rollback', 'target=prod')).toMatchObject({ code: 0, last: { release: { version: '3.0.0' } } })
    await expectClean(hosts, 'activated')
  })

  it('goes by the path of a deploy: hooks, what fails, who is asked', async () => {
    const mark = (name: string) => ({ run: `echo ${name} >>"$RELEASER_PATH/marks"`, on: 'remote' as const })
    const hooks = { 'pre-activate': mark('pre-activate'), 'pre-deploy': 'echo pre-deploy >>told', 'pre-rollback': 'exit 3' }
    const { mine, ids } = await three('hooked', { hooks: { ...hooks, 'post-deploy': 'echo post-deploy >>told' } })
    await writeFile(join(mine.dir, 'told'), '')
    expect(await mine.call('activate', 'target=prod', 'release=2.0.0')).toMatchObject({ code: 0 })
    expect(await readFile(join(mine.dir, 'told'), 'utf8')).toBe('pre-deploy\npost-deploy\n')
    expect(await readFile(home(hosts, 0, 'hooked', 'marks'), 'utf8')).toBe('pre-activate\n'.repeat(4))
    const failing = { 'post-activate': 'exit 3' }
    await mine.configure({ prod: targetOn(hosts, 'hooked', { hooks: failing, protected: true }) })
    const asked = await mine.call('activate', 'target=prod', 'release=3.0.0')
    expect(asked).toMatchObject({ code: 2, last: { hint: expect.stringContaining('--yes') } })
    const failed = await mine.call('activate', 'target=prod', 'release=3.0.0', '--yes')
    expect(failed).toMatchObject({ code: 7, last: { code: 'ROLLED_BACK' } })
    expect(await serving(hosts, 'hooked')).toEqual(both(`releases/${ids[1]}`))
    await expectClean(hosts, 'hooked')
  })

  it('names what not all of the hosts have', async () => {
    const { mine } = await three('lacking')
    expect(await mine.call('delete', 'target=prod', 'host=h2', 'release=1.0.0', '--yes')).toMatchObject({ code: 0 })
    const answer = await mine.call('activate', 'target=prod', 'release=1.0.0')
    expect(answer).toMatchObject({ code: 9, last: { message: 'no release "1.0.0" lies on all of the hosts' } })
    expect(await mine.call('activate', 'target=prod')).toMatchObject({ code: 2 })
    expect(await mine.call('activate', 'target=prod', 'host=h1', 'release=1.0.0')).toMatchObject({ code: 0 })
    // A rollback brings it where it was lost, from the store.
    const back = await mine.call('rollback', 'target=prod', 'release=1.0.0', '--yes')
    expect(back.events.filter(({ step, state }) => step === 'send' && state === 'ok').map(({ host }) => host)).toEqual(['h2'])
    expect(back).toMatchObject({
      code: 0,
      last: {
        changed: true,
        hosts: [
          { host: 'h1', ok: true },
          { host: 'h2', ok: true },
        ],
      },
    })
    const [one, two] = await serving(hosts, 'lacking')
    expect(two).toBe(one)
    await expectClean(hosts, 'lacking')

    // Where one host cannot be locked, nothing of ours has run on the others.
    await mine.configure({ prod: targetOn(hosts, 'lacking', { hooks: { 'pre-configure': ': > ~/began' } }) })
    expect(await mine.call('lock', 'target=prod', 'host=h2')).toMatchObject({ code: 0 })
    expect(await mine.call('activate', 'target=prod', 'release=2.0.0', '--yes')).toMatchObject({ code: 4 })
    expect(await readdir(home(hosts, 0))).not.toContain('began')
    expect(await mine.call('unlock', 'target=prod')).toMatchObject({ code: 0 })
    expect(await mine.call('activate', 'target=prod', 'release=2.0.0', '--yes')).toMatchObject({ code: 0 })
    expect(await readdir(home(hosts, 0))).toContain('began')
  })
})

describe('pin and unpin', () => {
  it('hold releases, and let go of them; a deploy by hand lifts a pin, also where it changes nothing else', async () => {
    const { mine, ids } = await three('pinned')
    expect((await mine.say('pin', 'target=prod', '--dry-run')).stdout).toContain(`write down what is pinned then: ${ids[2]}\n`)
    expect(await mine.call('pin', 'target=prod')).toMatchObject({ code: 0, last: { changed: true } })
    expect((await mine.say('unpin', 'target=prod', '--dry-run')).stdout).toContain('write down what is pinned then: nothing\n')
    expect(await mine.call('pin', 'target=prod')).toMatchObject({ code: 0, last: { changed: false } })
    const said = await mine.say('pin', 'target=prod', 'release=1.0.0')
    expect(said.stdout).toBe(`prod is pinned to 1.0.0 (${ids[0]}), until a deploy by hand or releaser unpin target=prod\n`)
    expect(await onHosts(mine)).toEqual(both(['3.0.0 pinned', '2.0.0', '1.0.0 pinned']))
    const pruned = await mine.call('prune', 'target=prod', 'keep=1', '--dry-run')
    expect(pruned.last['kept']).toContainEqual({ host: 'h1', id: ids[0], why: 'pinned' })
    const refused = await mine.call('delete', 'target=prod', 'release=1.0.0', '--yes')
    expect(refused).toMatchObject({ code: 2, last: { message: `h1: 1.0.0 (${ids[0]}) is pinned there` } })
    expect(await mine.call('unpin', 'target=prod', 'release=1.0.0')).toMatchObject({ code: 0, last: { changed: true } })
    expect(await onHosts(mine)).toEqual(both(['3.0.0 pinned', '2.0.0', '1.0.0']))
    expect(await mine.call(...DEPLOY)).toMatchObject({ code: 0, last: { changed: false } })
    expect(await onHosts(mine)).toEqual(both(['3.0.0', '2.0.0', '1.0.0']))
    expect(await mine.call('unpin', 'target=prod')).toMatchObject({ code: 0, last: { changed: false } })
    expect(await mine.call('pin', 'target=prod', 'release=9.9.9')).toMatchObject({ code: 9 })
    await expectClean(hosts, 'pinned')
  })
})

describe('delete', () => {
  it('takes a release off every host that has it, and never one that serves, or in which a process lives', async () => {
    const { mine, ids } = await three('deleted')
    const current = await mine.call('delete', 'target=prod', 'release=current', '--yes')
    expect(current).toMatchObject({ code: 2, last: { message: `h1: 3.0.0 (${ids[2]}) is current there` } })
    expect(current.last['hint']).toMatch(/releaser activate target=prod/)
    const at = home(hosts, 1, 'deleted', 'releases')
    const mark = home(hosts, 1, 'deleted', 'lives')
    const lives = `cd "$RELEASER_PATH/releases/${ids[0]}" && true >"${mark}" && while [ -e "${mark}" ]; do sleep 0.1; done`
    const living = mine.start('exec', 'target=prod', 'host=h2', '--', lives)
    try {
      await until(async () => existsSync(mark))
      const used = await mine.call('delete', 'target=prod', 'release=1.0.0', '--yes')
      expect(used).toMatchObject({ code: 2, last: { message: `h2: 1.0.0 (${ids[0]}) is in use by a process there` } })
      const kept = (await mine.call('prune', 'target=prod', 'keep=1')).last['kept']
      expect(kept).toContainEqual({ host: 'h2', id: ids[0], why: 'in use by a process' })
    } finally {
      await rm(mark, { force: true })
    }
    expect(await living.ended).toMatchObject({ code: 0 })
    expect(await readdir(at)).toEqual(ids)
    expect(await onHosts(mine)).toEqual([
      ['3.0.0', '2.0.0'],
      ['3.0.0', '2.0.0', '1.0.0'],
    ])
    expect(await mine.call('delete', 'target=prod', 'release=1.0.0,2.0.0')).toMatchObject({ code: 2 })
    const both = await mine.say('delete', 'target=prod', 'release=1.0.0,2.0.0', '--yes')
    expect(both).toMatchObject({ code: 0, stdout: `deleted 1.0.0 (${ids[0]}), 2.0.0 (${ids[1]}) on prod\n` })
    expect(await readdir(at)).toEqual([ids[2]])
    expect(await mine.call('delete', 'target=prod', 'release=1.0.0', '--yes')).toMatchObject({ code: 9 })
    expect(await mine.call('rollback', 'target=prod')).toMatchObject({ code: 9 })
    await expectClean(hosts, 'deleted')
  })

  it('does not say that it is gone where it is not', async () => {
    const { mine, ids } = await three('stubborn')
    const locked = home(hosts, 1, 'stubborn', 'releases')
    // Nobody but root may take anything out of it.
    await chmod(locked, 0o1777)
    await chown(locked, 0, 0)
    for (const id of ids) await chown(join(locked, id), 0, 0)
    const deleted = await mine.call('delete', 'target=prod', 'release=1.0.0', '--yes')
    expect(deleted).toMatchObject({ code: 8, last: { message: `h2: releases/${ids[0]} is still there` } })
    const { last } = await mine.call('prune', 'target=prod', 'host=h2', 'keep=1')
    expect(last['kept']).toContainEqual({ host: 'h2', id: ids[0], why: 'could not be removed' })
    expect(last['removed']).toEqual([])
    expect(await readdir(home(hosts, 0, 'stubborn', 'releases'))).toEqual(ids.slice(1))
  })

  it('takes releases out of the store, and not what it has seen hosts serve', async () => {
    const { mine, ids } = await three('stored')
    const live = await mine.call('delete', 'release=3.0.0', '--yes')
    expect(live).toMatchObject({ code: 2, last: { message: 'shop 3.0.0 is live on prod/h1, prod/h2' } })
    expect(await mine.call('delete', 'release=1.0.0')).toMatchObject({
      code: 2,
      last: { hint: expect.stringContaining('--yes') },
    })
    expect(await mine.call('delete', 'release=1.0.0,2.0.0', '--dry-run')).toMatchObject({ code: 0, last: { dryRun: true } })
    const answer = await mine.call('delete', `release=1.0.0,${ids[0]},2.0.0`, '--yes')
    expect(answer.last['removed']).toMatchObject([{ id: ids[0] }, { id: ids[1] }])
    const folder = join(mine.dir, '.releaser', 'releases', 'shop')
    expect((await readdir(folder)).filter((name) => !name.startsWith(ids[2] ?? ''))).toEqual([])
    expect(await mine.call('delete', 'release=1.0.0', '--yes')).toMatchObject({ code: 9 })
  })
})

it('diff tells files and commits between releases of the store and of hosts', async () => {
  const { mine, ids } = await three('compared')
  await mine.write({ 'app/new file.txt': 'four\n', 'app/run.sh': 'true\n' })
  const four = await release(mine, '4.0.0')
  const live = await mine.call('diff', 'target=prod', 'release=latest')
  expect(live.last).toMatchObject({ release: { id: four }, with: { id: ids[2] }, added: 2, removed: 0, changed: 2 })
  expect(live.last['changes']).toContainEqual({ path: 'new file.txt', kind: 'added', from: null, to: 5, what: 'content' })
  // A machine that has built none of them asks the hosts.
  const other = await laptop()
  await other.configure({ prod: targetOn(hosts, 'compared') })
  const there = await other.call('diff', 'target=prod', 'release=1.0.0', 'with=previous')
  expect(there.last).toMatchObject({ release: { id: ids[0] }, with: { id: ids[1] }, added: 0, changed: 2, commits: null })
  const said = await mine.say('diff', 'release=1.0.0', 'with=4.0.0')
  expect(said.stdout).toMatch(/^4\.0\.0 \(.*\) -> 1\.0\.0 \(.*\)\n\n/)
  expect(said.stdout).toMatch(/\n- {2}new file\.txt +5 B\n/)
  expect((await mine.say('diff', 'release=1.0.0', 'with=1.0.0')).stdout).toMatch(/\n\nthe same files\n$/)
  expect(await mine.call('diff', 'release=1.0.0')).toMatchObject({ code: 9 })
})

it('a dry run tells what will travel, what room it takes, and which commits come', async () => {
  const mine = await laptop({ '.gitignore': 'out\n.releaser\n', 'app/big.bin': 'x'.repeat(50_000) })
  await mine.configure({ prod: targetOn(hosts, 'foretold', {}, ['h1']) })
  const git = (...words: string[]) => {
    const who = ['-c', 'user.name=Ann', '-c', 'user.email=ann@example.com', '-c', 'init.defaultBranch=main']
    execFileSync('git', [...who, ...words], { cwd: mine.dir, stdio: 'pipe' })
  }
  const commit = (subject: string) => {
    git('add', '-A')
    git('commit', '-q', '-m', subject)
  }
  git('init', '-q')
  commit('Begin')
  await release(mine, '1.0.0')
  const first = await mine.call(...DEPLOY, '--dry-run')
  expect(first.last).toMatchObject({ commits: null, plans: [{ forecast: { files: 3, of: 3, exact: true } }] })
  expect(await mine.call(...DEPLOY)).toMatchObject({ code: 0 })
  await mine.write({ 'app/more.txt': 'more\n' })
  commit('Say more')
  await release(mine, '2.0.0')
  const plan = (await mine.call(...DEPLOY, '--dry-run')).last
  // Its version is in two files.
  expect(plan).toMatchObject({ plans: [{ forecast: { files: 3, of: 4, bytes: 29, exact: true } }] })
  expect(plan['commits']).toMatchObject([{ subject: 'Say more', author: 'Ann' }])
  const said = await mine.say(...DEPLOY, '--dry-run')
  expect(said.stdout).toMatch(/\n {2}send 3 files of 4 files, 29 B; needs \S+ kB, .* free\n/)
  expect(said.stdout).toMatch(/\n1 commit:\n {2}[0-9a-f]{8} {2}Say more \(Ann\)\n$/)
  // Somebody whose store does not know what is there can only tell the most.
  const other = await laptop({ 'app/more.txt': 'more\n' })
  await other.configure({ prod: targetOn(hosts, 'foretold', {}, ['h1']) })
  await release(other, '3.0.0')
  expect((await other.say(...DEPLOY, '--dry-run')).stdout).toMatch(/\n {2}send at most 3 files of 3 files, /)
})

it('a saved plan is done exactly so, or not at all', async () => {
  const mine = await built(hosts, 'approved', { secrets: { TOKEN: { command: 'echo very-secret' } } })
  const file = join(mine.dir, 'plan.json')
  const save = (...words: string[]) => mine.call(...DEPLOY, '--dry-run', `--plan-out=${file}`, ...words)
  expect(await mine.call('deploy', 'target=prod', `--plan-out=${file}`)).toMatchObject({
    code: 2,
    last: { hint: 'add --dry-run' },
  })
  expect(await save()).toMatchObject({ code: 0 })
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect(await readFile(file, 'utf8')).not.toContain('very-secret')
  await release(mine, '2.0.0')
  expect(await mine.call('deploy', `plan=${file}`, 'target=prod')).toMatchObject({ code: 2 })
  expect(await mine.call('deploy', `plan=${file}`)).toMatchObject({ code: 0, last: { release: { version: '1.0.0' } } })
  const before = await serving(hosts, 'approved')

  const moved = await mine.call('deploy', `plan=${file}`)
  expect(moved).toMatchObject({ code: 6, last: { message: expect.stringContaining('h1: somebody has changed it since') } })
  await save()
  await mine.configure({ prod: targetOn(hosts, 'approved', { keep: 9, shared: { dirs: ['uploads'] } }) })
  const other = await mine.call('deploy', `plan=${file}`)
  expect(other).toMatchObject({ code: 6, last: { message: expect.stringContaining('its configuration has changed') } })
  await save()
  await mine.configure({ prod: targetOn(hosts, 'approved', { keep: 9, shared: { dirs: ['uploads'] } }, ['h1']) })
  const fewer = await mine.call('deploy', `plan=${file}`)
  expect(fewer).toMatchObject({ code: 6, last: { message: expect.stringContaining('prod/h2: it has left the target') } })
  await writeFile(file, '{}')
  expect(await mine.call('deploy', `plan=${file}`)).toMatchObject({ code: 2 })
  expect(await serving(hosts, 'approved')).toEqual(before)
  await expectClean(hosts, 'approved')
})

it('hosts tells whom a command would touch, and connects to nobody', async () => {
  const mine = await laptop()
  await mine.configure({
    prod: { hosts: ['deploy@web1.example.com:2222', { host: '::1', port: 22, name: 'six', tags: ['eu'] }], path: '/srv/shop' },
    staging: { hosts: ['web9.example.com'], path: '~/shop' },
  })
  expect((await mine.say('hosts', 'target=prod')).stdout).toMatchInlineSnapshot(`
    "target  host                   address                       path       tags
    prod    web1.example.com:2222  deploy@web1.example.com:2222  /srv/shop
    prod    six                    [::1]:22                      /srv/shop  eu
    "
  `)
  const answer = await mine.call('hosts', 'host=web*')
  expect(answer.last['hosts']).toMatchObject([
    { target: 'prod', user: 'deploy', port: 2222 },
    { target: 'staging', user: null },
  ])
})
