import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type Browser, type Page, startBrowser } from '../support/browser.ts'
import { CLI } from '../support/cli.ts'
import { DEPLOY, home, release } from '../support/fleet.ts'
import { startHosts, type TestHosts } from '../support/hosts.ts'
import { type Answer, type Laptop, laptop, targetOn } from '../support/laptop.ts'
import { openTerminal } from '../support/terminal.ts'

/** What a host may say of itself, once somebody is at it who should not be. */
const HOSTILE = '<script>document.title="caught"</script><img src="http://127.0.0.1:9/x" onerror="document.title=\'caught\'">'

/** Two hosts: two deploys, one that was taken back, a rollback, each three days apart; and a third host that nobody can reach. */
let hosts: TestHosts
let mine: Laptop
beforeAll(async () => {
  hosts = await startHosts(2)
  mine = await laptop({}, { keep: true })
  await mine.configure({ prod: targetOn(hosts, 'seen') })
  await release(mine, '1.0.0')
  const well = async (...words: readonly string[]) => {
    const { code, stderr } = await mine.call(...words)
    expect(code, stderr).toBe(0)
  }
  await well(...DEPLOY)
  await release(mine, '1.1.0')
  await well(...DEPLOY)
  await release(mine, '1.2.0')
  await mine.configure({ prod: targetOn(hosts, 'seen', { hooks: { 'post-activate': 'exit 3' } }) })
  expect(await mine.call(...DEPLOY)).toMatchObject({ code: 7 })
  const far = { host: '127.0.0.1', port: 9, user: 'nobody', name: 'far' }
  await mine.configure({ prod: targetOn(hosts, 'seen'), other: { ...targetOn(hosts, 'other'), hosts: [far] } })
  await well('rollback', 'target=prod')
  for (const index of [0, 1])
    await edit(index, 'history', (line, at, all) => {
      const [time, ...rest] = line.split('\t')
      return [Number(time) - (all - at - 1) * 3 * 86_400, ...rest].join('\t')
    })
})
afterAll(async () => {
  await hosts?.stop()
  if (mine) await rm(dirname(mine.dir), { recursive: true, force: true })
})

/** Rewrites the lines of a file of ours on a host. */
async function edit(host: number, file: string, rewrite: (line: string, at: number, all: number) => string): Promise<void> {
  const path = home(hosts, host, 'seen/.releaser', file)
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n')
  await writeFile(path, `${lines.map((line, at) => rewrite(line, at, lines.length)).join('\n')}\n`)
}

describe('on a terminal', () => {
  async function shown(columns: number, words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
    const { HOME = '', RELEASER_SSH_CONFIG = '' } = mine.env
    const argv = ['sh', '-c', 'TERM=$KIND; export TERM; exec "$@"', 'sh', process.execPath, CLI, ...words]
    const base = { HOME, RELEASER_SSH_CONFIG, SSH_AUTH_SOCK: '', LANG: 'C.UTF-8', LC_ALL: '', KIND: 'screen' }
    const terminal = await openTerminal(argv, { columns, rows: 60, cwd: mine.dir, env: { ...base, ...env } })
    onTestFinished(() => terminal.close())
    return terminal.shows(/^exit \d/m)
  }

  test.each([60, 200])('history draws when each host was switched, in %d columns', async (columns) => {
    const screen = await shown(columns, ['history', 'target=prod'])
    const lanes = screen.split('\n').filter((line) => /^h[12] {2}/.test(line))
    expect(lanes.length, screen).toBe(2)
    // The failure was on h1; h2 was not switched yet.
    expect(lanes.map((lane) => lane.replace(/─+/g, '─'))).toEqual(['h1  ●─●─×─◆  1.0.0', 'h2  ●─●─○─◆  1.0.0'])
    expect(lanes.map(({ length }) => length)).toEqual([columns, columns])
    expect(screen).toMatch(/^● deployed {2}◆ went back {2}○ failed, nothing changed\s+× failed, taken back$/m)
    // A row for each rollout; of hosts' names a narrow window shows the beginning.
    expect(screen.match(/^ *\d{4}-\d\d-\d\d \S+ +h1,( h2|…) +(deploy|rollback) /gm)?.length, screen).toBe(4)
    expect(screen.match(/^ +.*post-activate ended with exit code 3/gm)?.length).toBeGreaterThan(0)
  })

  test('a dumb terminal and one without UTF-8 get ASCII; a pipe gets the plain table', async () => {
    for (const env of [{ KIND: 'dumb' }, { LANG: 'C' }] as const) {
      const screen = await shown(80, ['history', 'target=prod'], env)
      expect(screen).toMatch(/^h1 {2}o-+o-+x-+< {2}1\.0\.0\nh2 {2}o-+o-+!-+< {2}1\.0\.0$/m)
      expect(screen).toMatch(/^[\n -~]*$/)
    }
    const { stdout } = await mine.say('history', 'target=prod')
    // A row for each rollout; with --verbose, for each host.
    expect(stdout.split('\n').length).toBe(6)
    expect(stdout).toMatch(/ h1, h2 +deploy .* h1 taken back: .*post-activate ended with exit code 3.*; h2 unchanged/)
    expect(stdout).not.toMatch(/─|deployed/)
    expect(
      (await mine.say('history', 'target=prod', '--verbose')).stdout.match(/^\d.* h[12] +(deploy|rollback) /gm)?.length,
    ).toBe(8)
  })

  test('status tells what is live where, target by target, and ends with 3 for a host that is silent', async () => {
    for (const columns of [60, 200]) {
      const screen = await shown(columns, ['status'])
      expect(screen).toMatch(/^● prod: 1\.0\.0 on all 2 hosts$/m)
      expect(screen).toMatch(/^ {2}h1 +1\.0\.0 +\S+/m)
      expect(screen).toMatch(/^● other: no answer from far$/m)
      expect(screen).toMatch(/^× far +unreachable$/m)
      expect(screen).toMatch(/exit 3$/)
    }
  })
})

describe('report', () => {
  let browser: Browser
  let file: string
  let first: Answer
  beforeAll(async () => {
    file = join(mine.dir, 'deploys.html')
    await edit(1, 'history', (line, at) => {
      const fields = line.split('\t')
      return (
        at === 0 ? fields.with(5, HOSTILE).with(6, HOSTILE) : at === 2 ? fields.with(9, `unchanged: ${HOSTILE}`) : fields
      ).join('\t')
    })
    // That is no version: it is not even read.
    await edit(1, 'state', (line) => line.replace(/^(release\t\S+\t\S+\t)1\.0\.0\t/, (_, head) => `${head}${HOSTILE}\t`))
    first = await mine.call('report', 'html=deploys.html')
    browser = await startBrowser()
  })
  afterAll(() => browser?.close())

  test('is written though a host is silent, and ends with 3; over its own page, and nothing else', async () => {
    const reachable = (host: string) => ({ host, reachable: host !== 'far' })
    const told = { event: 'error', code: 'CONNECTION', file, hosts: ['h1', 'h2', 'far'].map(reachable) }
    expect(first).toMatchObject({ code: 3, last: told })
    const { mode, ino } = await stat(file)
    expect(mode & 0o777).toBe(0o666 & ~process.umask())
    const skipping = await mine.say('report', 'html=deploys.html', '--skip-unreachable')
    expect(skipping).toMatchObject({ code: 0, stdout: `${file}: 2 targets, 3 hosts, 1 of them without an answer\n` })
    expect((await stat(file)).ino).not.toBe(ino)
    for (const other of ['releaser.config.json', 'app', 'nowhere/page.html']) {
      expect(await mine.call('report', `html=${other}`)).toMatchObject({ code: 2, last: { code: 'USAGE' } })
    }
    expect(JSON.parse(await readFile(join(mine.dir, 'releaser.config.json'), 'utf8'))).toMatchObject({ app: 'shop' })
  })

  test.each([
    { scheme: 'light', width: 1280 },
    { scheme: 'dark', width: 1280 },
    { scheme: 'light', width: 375 },
    { scheme: 'dark', width: 375 },
  ] as const)('is well to read: $scheme, $width pixels wide', async ({ scheme, width }) => {
    const page = await browser.open(file, { scheme, width })
    // For eyes: PICTURES_DIR=DIR keeps what the browser shows.
    const picture = process.env['PICTURES_DIR']
    if (picture) await page.picture(join(picture, `report-${scheme}-${width}.png`))
    expect(await page.ask('colours')).toEqual(
      scheme === 'light'
        ? { page: 'rgb(244, 245, 248)', text: 'rgb(27, 34, 48)' }
        : { page: 'rgb(16, 20, 26)', text: 'rgb(231, 235, 241)' },
    )
    expect(await page.ask('faint')).toEqual([])
    expect(await page.ask('beyond')).toEqual([])
    expect(await page.ask('marks')).toEqual({ live: 4, 'taken-back': 1, unchanged: 1, back: 2 })
    expectQuiet(page)
  })

  test('has an order that can be heard, and is light on paper', async () => {
    const page = await browser.open(file, { scheme: 'dark', width: 1280, media: 'print' })
    expect(await page.ask('outline')).toEqual({
      language: 'en',
      title: 'Deploys of shop',
      headings: ['Deploys of shop', 'prod', 'other', 'Releases of shop'],
      captions: [
        'The hosts of prod',
        'What happened on prod, newest first',
        'The hosts of other',
        'The releases of shop in the store, newest first',
      ],
      times: true,
      unnamed: 0,
      badHeads: 0,
    })
    expect(await page.ask('colours')).toMatchObject({ text: 'rgb(27, 34, 48)' })
    expectQuiet(page)
  })

  test('shows hostile words as they are; and were one obeyed, no script, picture or style would come in', async () => {
    const page = await browser.open(file, { scheme: 'light', width: 1280 })
    expect(await page.ask('strangers')).toEqual([])
    expect(String(await page.ask('text')).split(HOSTILE).length - 1).toBeGreaterThan(3)
    expect(await page.ask('outline')).toMatchObject({ title: 'Deploys of shop' })
    expectQuiet(page)
    expect(await page.ask('letsIn')).toEqual({ script: false, picture: false, style: false })
    expect(page.complaints.length).toBeGreaterThan(0)
  })

  function expectQuiet(page: Page): void {
    expect(page.requests).toEqual([])
    expect(page.complaints).toEqual([])
  }
})
