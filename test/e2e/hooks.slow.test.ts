import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { CLI } from '../support/cli.ts'
import { built, DEPLOY, expectClean, home, release, serving } from '../support/fleet.ts'
import { startHosts, type TestHosts } from '../support/hosts.ts'
import { type Laptop, targetOn } from '../support/laptop.ts'
import { openTerminal } from '../support/terminal.ts'

/** Hooks that choose their place, and the question before a rollback across migrations. */
let hosts: TestHosts
beforeAll(async () => {
  hosts = await startHosts(2)
})
afterAll(() => hosts?.stop())

const told = async (mine: Laptop) => (await readFile(join(mine.dir, 'told'), 'utf8')).split('\n').slice(0, -1)

describe('a hook of hosts that runs here', () => {
  const here = (name: string, more = '') => ({
    [name]: { run: `echo "$RELEASER_HOOK $RELEASER_HOST" >>told; cat >>said; ${more}`, on: 'local' as const },
  })

  it('does so once, when every host is ready, and when every host is switched', async () => {
    const on = (host: string) => ({ run: `echo "$RELEASER_HOOK" >>"$RELEASER_PATH/told"; true ${host}`, on: 'first' as const })
    const hooks = {
      ...Object.assign(
        {},
        ...['post-upload', 'post-configure', 'pre-stop', 'pre-activate', 'post-activate'].map((name) => here(name)),
      ),
      ...here(
        'post-start',
        `test "$(ls ${hosts.hosts.map(({ home }) => `${home}/placed/current/version.txt`).join(' ')} | wc -l)" = 2`,
      ),
      'post-stop': on(''),
      'pre-start': on(''),
    }
    const mine = await built(hosts, 'placed', { hooks })
    const dry = await mine.say('deploy', 'target=prod', '--dry-run')
    expect(dry.stdout).toMatch(
      /^here:\n {2}post-upload of prod: echo .*\n(.*\n){4} {2}post-start of prod: .*\n\nprod h1: deploy shop 1\.0\.0\n/,
    )
    const { code, last, stderr } = await mine.call(...DEPLOY)
    expect(code, stderr).toBe(0)
    const names = ['post-upload', 'post-configure', 'pre-stop', 'pre-activate', 'post-activate', 'post-start']
    expect(await told(mine)).toEqual(names.map((name) => `${name} h1,h2`))
    const { id, version, digest } = last['release'] as Record<string, string>
    const said = (await readFile(join(mine.dir, 'said'), 'utf8')).split('\n')
    expect(JSON.parse(said[5] ?? '')).toEqual({
      hook: 'post-start',
      action: 'deploy',
      app: 'shop',
      target: 'prod',
      group: null,
      release: { id, version, digest },
      dryRun: false,
      hosts: ['h1', 'h2'].map((host) => ({ target: 'prod', host, previous: null })),
    })
  })

  it('changes nothing where it fails before the switch, and takes all back after it', async () => {
    const mine = await built(hosts, 'failing')
    await mine.call(...DEPLOY)
    const before = await serving(hosts, 'failing')
    await release(mine, '2.0.0')
    for (const [name, code] of [
      ['pre-activate', 6],
      ['post-activate', 7],
    ] as const) {
      await mine.configure({ prod: targetOn(hosts, 'failing', { hooks: here(name, 'exit 3') }) })
      const answer = await mine.call(...DEPLOY)
      expect(answer).toMatchObject({
        code,
        last: { message: expect.stringContaining(`the hook ${name} ended with exit code 3`) },
      })
      expect(await serving(hosts, 'failing')).toEqual(before)
      await expectClean(hosts, 'failing')
    }
  })
})

describe('a rollback across a release that migrated', () => {
  const migrate = { run: 'echo "$(cat version.txt)" >>"$RELEASER_PATH/migrated"' }
  const QUESTION = /Can 1\.0\.0 work with what they have made of the data\? Go back all the same\?/

  /** Both hosts serve 2.0.0, and have migrated for it. */
  async function migrated(path: string): Promise<Laptop> {
    const mine = await built(hosts, path)
    await mine.call(...DEPLOY)
    await release(mine, '2.0.0')
    await mine.configure({ prod: targetOn(hosts, path, { migrate }) })
    expect((await mine.say('deploy', 'target=prod', '--dry-run')).stdout).toContain('migrate: echo "$(cat version.txt)"')
    expect(await mine.call(...DEPLOY)).toMatchObject({ code: 0 })
    return mine
  }

  it('is refused where nobody can be asked, and goes through with --yes', async () => {
    const mine = await migrated('asked')
    const before = await serving(hosts, 'asked')
    const refused = await mine.say('rollback', 'target=prod')
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') })
    expect(refused.stderr).toMatch(/this goes back across the migrations of 2\.0\.0 \(\d{14}-[0-9a-f]{8}\), which are not undone/)
    expect(await serving(hosts, 'asked')).toEqual(before)
    // Both hosts know, also the one that has not run it.
    expect(await mine.call('rollback', 'target=prod', 'host=h2')).toMatchObject({ code: 2, last: { code: 'USAGE' } })
    const dry = await mine.call('rollback', 'target=prod', '--dry-run')
    expect(dry).toMatchObject({ code: 0, last: { plans: [{ across: [expect.any(String)] }, { across: [expect.any(String)] }] } })
    expect((await mine.say('rollback', 'target=prod', '--dry-run')).stdout).toContain('across the migrations of ')
    expect(await mine.call('rollback', 'target=prod', '--yes')).toMatchObject({ code: 0, last: { changed: true } })
    // Forth again nothing is asked, and each deploy migrates once, on one host.
    expect(await mine.call('rollback', 'target=prod', 'release=2.0.0')).toMatchObject({ code: 0, last: { changed: true } })
    expect(await readFile(home(hosts, 0, 'asked/migrated'), 'utf8')).toBe('2.0.0\n')
    expect(await readdir(home(hosts, 1, 'asked'))).not.toContain('migrated')
    const { deployments } = JSON.parse(await readFile(join(mine.dir, '.releaser/db.json'), 'utf8'))
    expect(deployments.map(({ action, migrated }: Record<string, unknown>) => [action, migrated])).toEqual([
      ['deploy', undefined],
      ['deploy', true],
      ['rollback', undefined],
      ['rollback', undefined],
    ])
  })

  it('asks a person', async () => {
    const mine = await migrated('person')
    const open = async (...words: readonly string[]) => {
      const terminal = await openTerminal([process.execPath, CLI, ...words], {
        cwd: mine.dir,
        columns: 120,
        env: { HOME: mine.env['HOME'] ?? '', RELEASER_SSH_CONFIG: '/dev/null' },
      })
      onTestFinished(() => terminal.close())
      await terminal.shows(QUESTION, 30)
      return terminal
    }
    const before = await serving(hosts, 'person')
    const no = await open('rollback', 'target=prod')
    await no.type('n', 'Enter')
    expect(await no.shows(/exit \d+/, 30)).toMatch(/nothing was done[\s\S]*exit 130/)
    expect(await serving(hosts, 'person')).toEqual(before)
    const yes = await open('rollback', 'target=prod')
    await yes.type('y')
    await yes.shows(/exit 0/, 30)
    expect(await serving(hosts, 'person')).not.toEqual(before)
  })
})
