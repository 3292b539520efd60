import { once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { CLI } from '../support/cli.ts'
import { home, release, serving } from '../support/fleet.ts'
import { startHosts, type TestHosts } from '../support/hosts.ts'
import { type Laptop, laptop, targetOn } from '../support/laptop.ts'
import { openTerminal, type Terminal } from '../support/terminal.ts'
import { until } from '../support/until.ts'

/** Sessions of `releaser manage` as a person has them: in a real terminal, with three hosts behind real sshd. */
let hosts: TestHosts
beforeAll(async () => {
  hosts = await startHosts(3)
})
afterAll(() => hosts?.stop())

interface Stage {
  readonly mine: Laptop
  /** Ids by version. */
  readonly ids: Readonly<Record<string, string>>
  manage(words?: readonly string[], options?: Parameters<typeof openTerminal>[1] & { readonly dumb?: boolean }): Promise<Terminal>
}

/** A laptop with these versions built, `deployed` of them on the hosts, in this order. */
async function stage(path: string, built: readonly string[], deployed: readonly string[] = [], more = {}): Promise<Stage> {
  const mine = await laptop()
  await mine.configure({ prod: targetOn(hosts, path, { keep: 9, ...more }), spare: targetOn(hosts, `${path}-spare`, {}, ['h1']) })
  const ids: Record<string, string> = {}
  for (const version of built) ids[version] = await release(mine, version)
  for (const version of deployed) {
    const { code, stderr } = await mine.call('deploy', 'target=prod', `release=${version}`, '--yes')
    expect(code, stderr).toBe(0)
  }
  return {
    mine,
    ids,
    async manage(words = [], { columns = 100, rows = 30, env = {}, dumb = false, ...options } = {}) {
      const { HOME = '', RELEASER_SSH_CONFIG = '' } = mine.env
      const terminal = await openTerminal([...(dumb ? ['env', 'TERM=dumb'] : []), process.execPath, CLI, 'manage', ...words], {
        cwd: mine.dir,
        columns,
        rows,
        env: { HOME, RELEASER_SSH_CONFIG, SSH_AUTH_SOCK: '', ...env },
        ...options,
      })
      onTestFinished(() => terminal.close())
      return terminal
    },
  }
}

/** The line for words with nothing typed, and the hint: whatever was asked for is done. */
const ready = (prompt: string) => new RegExp(`^${prompt}> _\\n[\\s\\S]*Enter: what to do with it`, 'm')
const LOCAL = ready('local')
const PROD = ready('prod')
/** An open question; one that is answered has lines below it. */
const SURE = /\(y\/N\) \S no$/

const onDisk = async (path: string) =>
  Promise.all(hosts.hosts.map(async (_, index) => (await readdir(home(hosts, index, path, 'releases'))).sort()))

describe('the store', { timeout: 180_000 }, () => {
  test('prune shows what goes and what stays, and why; then it asks', async () => {
    const { mine, ids, manage } = await stage('local', ['1.0.0', '1.1.0', '1.2.0', '1.3.0'])
    const terminal = await manage()
    expect(await terminal.shows(LOCAL)).toMatch(
      /^the store of shop: 4 releases, .*\nlocal> _\n +version .*\n> +1\.3\.0 .* latest .*\n +1\.2\.0 /m,
    )
    await terminal.type('prune', 'Enter')
    await terminal.shows(/How many are to stay\?/)
    await terminal.type('BSpace', '2', 'Enter')
    const asked = await terminal.shows(SURE)
    expect(asked).toMatch(new RegExp(`here +1\\.0\\.0 +${ids['1.0.0']} +would go`))
    expect(asked).toMatch(new RegExp(`here +1\\.3\\.0 +${ids['1.3.0']} +stays +latest`))
    expect(asked).toContain('Remove 2 releases for good?')
    await terminal.type('n')
    await terminal.shows(LOCAL)
    expect((await mine.call('releases')).last['releases']).toHaveLength(4)
    await terminal.type('prune 2', 'Enter')
    await terminal.shows(SURE)
    await terminal.type('y')
    expect(await terminal.shows(/^the store of shop: 2 releases/m)).toContain('$ releaser prune keep=2')
    expect((await mine.call('releases')).last['releases']).toMatchObject([{ version: '1.3.0' }, { version: '1.2.0' }])
  })

  test('several are marked and deleted together; show, tag, verify and import from the menu and the line', async () => {
    const { mine, ids, manage } = await stage('marks', ['1.0.0', '1.1.0', '1.2.0'])
    const terminal = await manage()
    await terminal.shows(LOCAL)
    await terminal.type('Down', 'Tab', 'Tab')
    await terminal.shows(/2 of 3 marked/)
    await terminal.type('Enter')
    await terminal.shows(/^2 releases: _\n> +compare them\n +delete them/m)
    await terminal.type('Down', 'Enter')
    expect(await terminal.shows(SURE)).toMatch(/Delete shop 1\.1\.0 \(.*\), shop 1\.0\.0 \(.*\) from the store/)
    await terminal.type('y')
    await terminal.shows(/^the store of shop: 1 release,/m)
    await terminal.type('Enter')
    await terminal.shows(/^1\.2\.0 \(.*\): _\n> +show all about it/m)
    await terminal.type('tag', 'Enter')
    await terminal.shows(/Which tag\?/)
    await terminal.type('golden', 'Enter')
    await terminal.shows(/^> +1\.2\.0 .* latest, golden/m)
    await terminal.type('info golden', 'Enter')
    expect(await terminal.shows(/\$ releaser show release=golden\n[\s\S]*local> _/)).toContain(ids['1.2.0'])
    await terminal.type('integrity', 'Enter')
    await terminal.shows(/\$ releaser verify\n[\s\S]*1 release in the store[\s\S]*local> _/)
    await mine.write({ 'lib/a.txt': 'a' })
    await terminal.type('pack lib', 'Enter')
    await terminal.shows(/^the store of shop: 2 releases/m)
  })

  test('a session that is a dry run changes nothing, and asks for nothing', async () => {
    const { mine, manage } = await stage('dry', ['1.0.0', '1.1.0', '1.2.0'], ['1.0.0', '1.1.0'])
    const before = await serving(hosts, 'dry')
    const terminal = await manage(['--dry-run'], { rows: 50 })
    await terminal.shows(LOCAL)
    await terminal.type('prune 1', 'Enter')
    await terminal.shows(/here +1\.0\.0 +\S+ +would go[\s\S]*local> _[\s\S]*Enter/)
    await terminal.type('deploy prod 1.2.0', 'Enter')
    await terminal.shows(/prod h3: deploy shop 1\.2\.0[\s\S]*local> _[\s\S]*Enter/)
    expect(await serving(hosts, 'dry')).toEqual(before)
    expect((await mine.call('releases')).last['releases']).toHaveLength(3)
  })

  test('wrong words are told before anything is shown', async () => {
    const { manage } = await stage('wrong', [])
    const alone = await manage(['host=h1'])
    expect(await alone.shows(/^exit 2$/m)).toContain('hint: say whose: target=NAME host=h1')
    const nobody = await manage(['target=prod', 'host=nope'])
    expect(await nobody.shows(/^exit 2$/m)).toMatch(/error: no host fits host=nope[\s\S]*hint: there is: h1, h2, h3/)
  })

  test('a mistyped word is told with a hint, and so is a release that is not there', async () => {
    const { manage } = await stage('words', ['1.0.0'])
    const terminal = await manage()
    await terminal.shows(LOCAL)
    await terminal.type('conect prod', 'Enter')
    await terminal.shows(/error: "conect" is no word here\n.*hint: did you mean "connect"\?/)
    await terminal.type('delete 9.9.9', 'Enter')
    await terminal.shows(/error: no release "9\.9\.9"[\s\S]*local> _/)
    await terminal.type('h', 'Enter')
    expect(await terminal.shows(/prune \[APP \| N\] +drop old releases/)).toMatch(/\\q +leave/)
    await terminal.type('Escape')
    await terminal.shows(/Esc once more leaves/)
    await terminal.type('Escape')
    await terminal.shows(/^exit 0$/m)
  })
})

describe('hosts', { timeout: 180_000 }, () => {
  test('connect, activate, pin, compare, download, history', async () => {
    const { mine, ids, manage } = await stage('hosts', ['1.0.0', '1.1.0', '1.2.0'], ['1.0.0', '1.1.0', '1.2.0'])
    const terminal = await manage()
    await terminal.shows(LOCAL)
    await terminal.type('connect', 'Enter')
    await terminal.shows(/^connect to which target\? _\n> +prod\n +spare/m)
    await terminal.type('Enter')
    const seen = await terminal.shows(PROD)
    for (const host of ['h1', 'h2', 'h3'])
      expect(seen).toMatch(new RegExp(`^${host}: 1\\.2\\.0, since .* by \\S+, .* free$`, 'm'))
    expect(seen).toMatch(/^> +1\.2\.0 +good +current +.*\n +1\.1\.0 +good +previous +.*\n +1\.0\.0 +good/m)
    // By the menu.
    await terminal.type('1.0.0')
    await terminal.shows(/^prod> 1\.0\.0_\n.*\n> +1\.0\.0/m)
    await terminal.type('Enter')
    await terminal.shows(/^> +switch current to it/m)
    await terminal.type('Enter')
    expect(await terminal.shows(/Do that\?/)).toMatch(/h1: +1\.2\.0 -> 1\.0\.0\nh2: +1\.2\.0 -> 1\.0\.0\nh3: +1\.2\.0 -> 1\.0\.0/)
    await terminal.type('y')
    await terminal.shows(/shop 1\.0\.0 is live on prod[\s\S]*prod> _[\s\S]*Enter/, 30)
    expect(new Set(await serving(hosts, 'hosts'))).toEqual(new Set([`releases/${ids['1.0.0']}`]))
    // By Deployer's words.
    await terminal.type('ln 1.1.0', 'Enter')
    await terminal.shows(/1\.0\.0 -> 1\.1\.0[\s\S]*Do that\?/)
    await terminal.type('Enter')
    await terminal.shows(/shop 1\.1\.0 is live on prod[\s\S]*prod> _[\s\S]*Enter/, 30)
    await terminal.type('ln 1.1.0', 'Enter')
    await terminal.shows(/serves shop 1\.1\.0 already: nothing to do[\s\S]*prod> _[\s\S]*Enter/)
    await terminal.type('pin', 'Enter')
    await terminal.shows(/^ +1\.1\.0 +good +current, pinned/m, 20)
    await terminal.type('diff 1.2.0', 'Enter')
    await terminal.shows(/~ +version\.txt[\s\S]*prod> _[\s\S]*Enter/)
    await mine.call('delete', 'release=1.0.0', '--yes')
    await terminal.type('download 1.0.0', 'Enter')
    await terminal.shows(/downloaded shop 1\.0\.0[\s\S]*prod> _[\s\S]*Enter/)
    await terminal.type('history 9', 'Enter')
    await terminal.shows(/activate +1\.1\.0[\s\S]*prod> _[\s\S]*Enter/)
    await terminal.type('info', 'Enter')
    await terminal.shows(/prod: 1\.1\.0 on all 3 hosts[\s\S]*prod> _[\s\S]*Enter/)
    await terminal.type('local', 'Enter')
    await terminal.shows(LOCAL)
    await terminal.type('\\q', 'Enter')
    await terminal.shows(/^exit 0$/m)
  })

  test('prune on three hosts; delete is refused for what is current, and takes several others', async () => {
    const versions = ['1.0.0', '1.1.0', '1.2.0', '1.3.0', '1.4.0', '1.5.0']
    const { mine, ids, manage } = await stage('prune', versions, versions)
    await mine.call('tag', 'release=1.0.0', 'tag=golden')
    const terminal = await manage(['target=prod'], { rows: 60 })
    await terminal.shows(PROD)
    await terminal.type('prune 4', 'Enter')
    const asked = await terminal.shows(SURE)
    expect(asked).toMatch(/^h1, h2, h3 +1\.1\.0 +\S+ +would go/m)
    expect(asked).toMatch(/^h1, h2, h3 +1\.0\.0 +\S+ +stays +tagged golden/m)
    expect(asked).toContain('Remove 3 releases for good?')
    await terminal.type('y')
    await terminal.shows(/\$ releaser prune target=prod keep=4[\s\S]*prod> _[\s\S]*Enter/)
    const left = ['1.0.0', '1.2.0', '1.3.0', '1.4.0', '1.5.0'].map((version) => ids[version])
    expect(await onDisk('prune')).toEqual([left, left, left])
    await terminal.type('delete current', 'Enter')
    await terminal.shows(/error: h1: 1\.5\.0 \(.*\) is current there[\s\S]*prod> _[\s\S]*Enter/)
    await terminal.type('Enter')
    expect(await terminal.shows(/^1\.5\.0 \(.*\): _/m)).not.toContain('delete it')
    await terminal.type('Escape')
    await terminal.shows(PROD)
    await terminal.type('Down', 'Down', 'Tab', 'Tab', 'delete ', 'Enter')
    await terminal.shows(/Delete 1\.3\.0 \(.*\), 1\.2\.0 \(.*\) on h1, h2, h3/)
    await terminal.type('y')
    await terminal.shows(/deleted 1\.3\.0[\s\S]*prod> _[\s\S]*Enter/)
    const rest = ['1.0.0', '1.4.0', '1.5.0'].map((version) => ids[version])
    expect(await onDisk('prune')).toEqual([rest, rest, rest])
    // With one host alone: what was edited by hand is found and mended, and a freeze is seen and lifted.
    await terminal.type('host h2', 'Enter')
    await terminal.shows(ready('prod h2'))
    await writeFile(home(hosts, 1, 'prune', 'current', 'version.txt'), 'edited')
    await terminal.type('integrity', 'Enter')
    await terminal.shows(/h2 +\S+ +version\.txt +changed[\s\S]*prod h2> _[\s\S]*Enter/)
    await terminal.type('integrity -f', 'Enter')
    await terminal.shows(/\$ releaser verify target=prod host=h2 --fix[\s\S]*prod h2> _[\s\S]*Enter/, 30)
    expect(await readFile(home(hosts, 1, 'prune', 'current', 'version.txt'), 'utf8')).toBe('1.5.0')
    await terminal.type('lock counting the money', 'Enter')
    await terminal.shows(/^h2: 1\.5\.0, frozen by .*counting the money/m)
    await terminal.type('unlock', 'Enter')
    await terminal.shows(/^h2: 1\.5\.0, since .* free$[\s\S]*prod h2> _/m)
    await terminal.type('rollback', 'Enter')
    await terminal.shows(/^h2: +1\.5\.0 -> 1\.4\.0$[\s\S]*Do that\?/m)
    await terminal.type('n')
    await terminal.shows(ready('prod h2'))
    expect((await serving(hosts, 'prune'))[0]).toBe(`releases/${ids['1.5.0']}`)
  })

  test('a host that cannot be reached is told; where none can, the session offers to try again', async () => {
    const { manage } = await stage('lost', ['1.0.0'], ['1.0.0'])
    const [first, , third] = hosts.hosts
    const terminal = await manage(['target=prod'])
    await terminal.shows(PROD)
    await third?.stopSshd()
    await terminal.type('host all', 'Enter')
    await terminal.shows(/^h3: unreachable, [\s\S]*^prod> _/m)
    await third?.startSshd()
    await first.stopSshd()
    await first.cut()
    await terminal.type('host h1', 'Enter')
    expect(await terminal.shows(/^prod cannot be seen\. _\n> +try again/m)).toContain('releaser: error: ')
    await first.startSshd()
    await terminal.type('Enter')
    await terminal.shows(ready('prod h1'))
  })

  test('Ctrl-C while a host says nothing goes back to the store at once', async () => {
    const mute = createServer().listen(0, '127.0.0.1')
    await once(mute, 'listening')
    onTestFinished(() => void mute.close())
    const { port } = mute.address() as AddressInfo
    const { mine, manage } = await stage('mute', ['1.0.0'])
    const [{ configEntry }] = hosts.hosts
    const target = { ...targetOn(hosts, 'mute', { connectTimeout: '50s' }), hosts: [{ ...configEntry, port }] }
    await mine.configure({ prod: target })
    const terminal = await manage()
    await terminal.shows(LOCAL)
    await terminal.type('connect prod', 'Enter')
    await terminal.shows(/h1 +reading facts/)
    await terminal.type('C-c')
    await terminal.shows(LOCAL)
    await terminal.type('C-d')
    await terminal.shows(/^exit 0$/m)
  })
})

describe('the terminal', { timeout: 180_000 }, () => {
  test('Esc goes back one step at each prompt, and nothing is done', async () => {
    const { mine, manage } = await stage('esc', ['1.0.0', '1.1.0'], ['1.1.0', '1.0.0', '1.1.0'])
    const before = await serving(hosts, 'esc')
    const terminal = await manage()
    /** Each way to a prompt, and how the screen ends then: what is answered has lines below it, and a list is gone. */
    const list = (prompt: string) => new RegExp(`^${prompt}.* _\\n[\\s\\S]*Enter: choose   Esc: back   type to search$`, 'm')
    const here: readonly (readonly [line: string, asks: RegExp])[] = [
      ['', list('1\\.1\\.0')],
      ['connect', list('connect to which target')],
      ['deploy', list('deploy: which target')],
      ['deploy spare', /Deploy shop 1\.1\.0, built .*\(Y\/n\) \S yes$/],
      ['delete 1.0.0', SURE],
      ['delete ', list('delete: which release')],
      ['prune', /How many are to stay\?[^\n]*$/],
      ['import', /Which file\?[^\n]*$/],
      ['tag 1.0.0', /Which tag\?[^\n]*$/],
    ]
    const there: readonly (readonly [line: string, asks: RegExp])[] = [
      ['', list('1\\.1\\.0')],
      ['ln 1.0.0', /Do that\? \(Y\/n\) \S yes$/],
      ['rollback', /Do that\? \(Y\/n\) \S yes$/],
      ['delete 1.0.0', SURE],
      ['ln', list('activate: which release')],
      ['host', list('which host')],
    ]
    for (const [prompt, ways] of [
      [LOCAL, here],
      [PROD, there],
    ] as const) {
      if (prompt === PROD) await terminal.type('connect prod', 'Enter')
      for (const [line, asks] of ways)
        for (const back of ['Escape', 'C-c']) {
          await terminal.shows(prompt)
          await terminal.type(line, 'Enter')
          await terminal.shows(asks)
          await terminal.type(back)
        }
    }
    await terminal.shows(PROD)
    await terminal.type('C-c')
    await terminal.shows(LOCAL)
    await terminal.type('C-d')
    await terminal.shows(/^exit 0$/m)
    await terminal.type('cooked', 'Enter')
    await terminal.shows(/^cooked\ncooked$/m)
    expect(await serving(hosts, 'esc')).toEqual(before)
    expect((await mine.call('releases')).last['releases']).toHaveLength(2)
  })

  test('Ctrl-C in the middle of a deploy: the hosts go back, and the session goes on', async () => {
    const slow = { hooks: { 'pre-activate': { run: 'if [ -e ../../slow ]; then touch ../../waits; sleep 30; fi' } } }
    const { mine, ids, manage } = await stage('middle', ['1.0.0', '1.1.0'], ['1.0.0'], slow)
    for (const { name } of hosts.hosts) {
      const { code } = await mine.call('exec', 'target=prod', `host=${name}`, '--', 'touch', '../../slow')
      expect(code).toBe(0)
    }
    const terminal = await manage(['target=prod'])
    await terminal.shows(PROD)
    await terminal.type('deploy 1.1.0', 'Enter')
    await terminal.shows(/1\.0\.0 -> 1\.1\.0[\s\S]*Do that\?/)
    await terminal.type('y')
    const waits = () =>
      readFile(home(hosts, 0, 'middle', 'waits')).then(
        () => true,
        () => false,
      )
    await until(waits)
    await terminal.type('C-c')
    const screen = await terminal.shows(
      /stopping safely[\s\S]*every host serves what it served before[\s\S]*prod> _[\s\S]*Enter/,
      40,
    )
    expect(screen).toMatch(/^h1: 1\.0\.0, since/m)
    expect(new Set(await serving(hosts, 'middle'))).toEqual(new Set([`releases/${ids['1.0.0']}`]))
    await terminal.type('\\q', 'Enter')
    await terminal.shows(/^exit 0$/m)
  })

  test.each([
    { columns: 60, rows: 20 },
    { columns: 200, rows: 50 },
  ])('a window of $columns×$rows, and one that is dragged while a list is open', async ({ columns, rows }) => {
    const versions = Array.from({ length: 12 }, (_, n) => `1.${n}.0`)
    const { manage } = await stage(`window-${columns}`, versions, ['1.0.0'])
    const terminal = await manage([], { columns, rows })
    // What was drawn for another size may be seen for a moment, but is gone then: the line for words is there once.
    const fits = async (wide: number, high: number) => {
      const lines = (
        await terminal.shows(/^(?:(?!local>)[\s\S])*local> _\n +version(?![\s\S]*local>)[\s\S]*Enter: what to do with it/)
      ).split('\n')
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(wide)
      expect(lines.length).toBeLessThanOrEqual(high)
    }
    await fits(columns, rows)
    await terminal.type('End')
    await terminal.shows(/^> +1\.0\.0 /m)
    await terminal.resize(80, 15)
    await terminal.shows(/of 12 rows/)
    await fits(80, 15)
    await terminal.resize(columns, rows)
    await terminal.type('Home')
    await terminal.shows(/^> +1\.11\.0 /m)
    await fits(columns, rows)
    await terminal.type('connect prod', 'Enter')
    const seen = await terminal.shows(PROD)
    expect(Math.max(...seen.split('\n').map((line) => line.length))).toBeLessThanOrEqual(columns)
  })

  test('NO_COLOR: no colour at all, in no prompt', async () => {
    const { manage } = await stage('grey', ['1.0.0'])
    const terminal = await manage([], { env: { NO_COLOR: '1' } })
    await terminal.shows(LOCAL)
    await terminal.type('delete 1.0.0', 'Enter')
    await terminal.shows(SURE)
    expect(await terminal.painted()).toBe(false)
    const other = await manage([], {})
    await other.shows(LOCAL)
    expect(await other.painted()).toBe(true)
  })

  test('a dumb terminal: the same in whole lines', async () => {
    const { ids, manage } = await stage('dumb', ['1.0.0', '1.1.0'], ['1.0.0'])
    const terminal = await manage([], { dumb: true })
    await terminal.shows(/^1 +1\.1\.0 [\s\S]*^2 +1\.0\.0 [\s\S]*^local>$/m)
    await terminal.type('1', 'Enter')
    await terminal.shows(/^ *\d +delete it[\s\S]*^1\.1\.0 \(.*\):$/m)
    await terminal.type('deploy prod', 'Enter')
    await terminal.shows(/^local>$/m)
    await terminal.type('deploy prod 1.1.0', 'Enter')
    await terminal.shows(/Do that\? \[Y\/n\]/)
    await terminal.type('y', 'Enter')
    await terminal.shows(/shop 1\.1\.0 is live on prod[\s\S]*^local>$/m, 30)
    expect(new Set(await serving(hosts, 'dumb'))).toEqual(new Set([`releases/${ids['1.1.0']}`]))
    await terminal.type('delete 1.0.0', 'Enter')
    await terminal.shows(/\[y\/N\]/)
    await terminal.type('C-c')
    await terminal.shows(/nothing was done[\s\S]*^local>$/m)
    await terminal.type('C-d')
    await terminal.shows(/^local> ?exit 0$/m)
  })

  test('in a pipe it says what to use instead', async () => {
    const { mine } = await stage('pipe', ['1.0.0'])
    const { code, stderr } = await mine.say('manage')
    expect(code).toBe(2)
    expect(stderr).toMatch(/manage needs a terminal[\s\S]*hint: in a script/)
  })
})
