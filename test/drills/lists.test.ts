import { spawn } from 'node:child_process'
import { chmod, cp, mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openStore } from '../../src/local/store.ts'
import { type CountedTools, countedTools } from '../support/counted-tools.ts'
import { startHosts, type TestHosts } from '../support/hosts.ts'
import { type Answer, type Laptop, laptop, targetOn } from '../support/laptop.ts'
import { fillHost, fillStore, makeReleases } from '../support/many.ts'
import { pathOf, SHELLS } from '../support/shells.ts'

/**
 * Thousands of releases here and hundreds on a host: the commands and programs that it takes there to list and to prune them do not
 * grow with their number. How long it takes is printed; `npm run bench lists` measures it. The bound in here only catches what hangs.
 */
const [HERE, THERE, FEW, KEEP] = [2000, 200, 12, 10]
const FAR_TOO_LONG_MS = 20_000

let hosts: TestHosts
let dir = ''
let counted: CountedTools
beforeAll(async () => {
  dir = await mkdtemp('/var/tmp/releaser-counted-')
  await chmod(dir, 0o755)
  counted = countedTools(dir)
  hosts = await startHosts(1, { sshdConfig: counted.sshdConfig })
})
afterAll(async () => {
  await hosts?.stop()
  await rm(dir, { recursive: true, force: true })
})

/** Calls the command line, and tells what it started on the host. */
async function call(mine: Laptop, ...words: readonly string[]): Promise<Answer & ReturnType<CountedTools['started']>> {
  counted.started()
  const begun = Date.now()
  const answer = await mine.call(...words)
  const took = Date.now() - begun
  const { commands, tools } = counted.started()
  process.stderr.write(`${words.join(' ')}: ${took} ms, ${commands} commands and ${tools.length} programs on the host\n`)
  expect(answer, answer.stderr).toMatchObject({ code: 0 })
  expect(took).toBeLessThan(FAR_TOO_LONG_MS)
  return { ...answer, commands, tools }
}

it('lists 2,000 releases here and 200 on a host, and prunes 190 there in one command', { timeout: 300_000 }, async () => {
  const [host] = hosts.hosts
  const all = makeReleases(HERE)
  const ids = all.map(({ release }) => release.id).reverse()
  const owner = await stat(host.home)
  fillHost(join(host.home, 'many'), all.slice(-THERE), owner)
  fillHost(join(host.home, 'few'), all.slice(-FEW), owner)
  const mine = await laptop()
  await mine.configure({ prod: targetOn(hosts, 'many') })
  await mine.write({ 'few.json': JSON.stringify({ app: 'shop', targets: { prod: targetOn(hosts, 'few') } }) })
  fillStore(join(mine.dir, '.releaser'), all, host.name)

  const here = await call(mine, 'releases')
  const listed = here.last['releases'] as readonly { readonly id: string; readonly live: readonly unknown[] }[]
  expect(listed.map(({ id }) => id)).toEqual(ids)
  expect(listed.filter(({ live }) => live.length > 0)).toMatchObject([{ id: ids[0], live: [{ target: 'prod', host: 'h1' }] }])
  expect([here.commands, here.tools]).toEqual([0, []])

  const few = await call(mine, 'releases', 'target=prod', 'config=few.json')
  const there = await call(mine, 'releases', 'target=prod')
  const [shown] = there.last['hosts'] as readonly {
    readonly current: string
    readonly releases: readonly { readonly id: string }[]
  }[]
  expect(shown?.releases.map(({ id }) => id)).toEqual(ids.slice(0, THERE))
  expect(shown).toMatchObject({ current: ids[0], previous: ids[1] })
  expect([there.commands, there.tools.length]).toEqual([1, few.tools.length])

  // What was laid out here is what deploys would have left.
  const store = await openStore(join(mine.dir, '.releaser'))
  expect(store.warnings).toEqual([])
  for (const id of [ids[0], ids.at(-1)]) await store.check(store.find(id ?? ''))
  expect(await mine.call('verify', 'target=prod', `release=${ids[THERE - 1]}`)).toMatchObject({ code: 0, last: { findings: [] } })

  const little = await call(mine, 'prune', 'target=prod', `keep=${KEEP}`, 'config=few.json')
  const pruned = await call(mine, 'prune', 'target=prod', `keep=${KEEP}`)
  expect(pruned.last['removed']).toHaveLength(THERE - KEEP)
  expect((await readdir(join(host.home, 'many/releases'))).reverse()).toEqual(ids.slice(0, KEEP))
  expect((await readdir(join(host.home, 'many/.releaser/manifests'))).reverse()).toEqual(ids.slice(0, KEEP))
  expect((await readdir(join(host.home, 'many/.releaser/overlays'))).reverse()).toEqual(ids.slice(0, KEEP))
  // It asks, removes, and looks: one command each. A hundred directories and more are a second step of it.
  expect([pruned.commands, little.commands]).toEqual([3, 3])
  expect(pruned.tools.length).toBeLessThanOrEqual(little.tools.length + 8)
  expect(await mine.call('verify', 'target=prod')).toMatchObject({ code: 0, last: { findings: [] } })
})

describe.each(SHELLS)('prune where sh is %s', (shell) => {
  it('takes many together, and leaves what is in use with all that belongs to it', async () => {
    const tools = await mkdtemp('/var/tmp/releaser-tools-')
    await chmod(tools, 0o755)
    const hosts = await startHosts(1, { sshdConfig: [`SetEnv PATH=${pathOf(shell, join(tools, 'bin'))}`] })
    const [host] = hosts.hosts
    const root = join(host.home, 'many')
    const all = makeReleases(FEW)
    const ids = all.map(({ release }) => release.id)
    const again = `${ids[0]}~2`
    fillHost(root, all, await stat(host.home))
    await cp(join(root, 'releases', ids[0] ?? ''), join(root, 'releases', again), { recursive: true })
    const living = spawn('sleep', ['600'], { cwd: join(root, 'releases', again), uid: host.uid, stdio: 'ignore' })
    try {
      const mine = await laptop()
      await mine.configure({ prod: targetOn(hosts, 'many') })
      const { code, last, stderr } = await mine.call('prune', 'target=prod', 'keep=3')
      expect(code, stderr).toBe(0)
      expect((last['removed'] as readonly { readonly id: string }[]).map(({ id }) => id).sort()).toEqual(ids.slice(0, -3))
      expect((await readdir(join(root, 'releases'))).sort()).toEqual([again, ...ids.slice(-3)])
      expect((await readdir(join(root, '.releaser/manifests'))).sort()).toEqual([ids[0], ...ids.slice(-3)])
      for (const room of ['trash', 'lock', 'journal', 'tx'])
        expect(await readdir(join(root, '.releaser', room)), room).toEqual([])
    } finally {
      living.kill()
      await hosts.stop()
      await rm(tools, { recursive: true, force: true })
    }
  })
})
