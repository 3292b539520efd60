import { readdir, readFile, stat } from 'node:fs/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { DEPLOY, expectClean, home } from '../support/fleet.ts'
import { startHosts, type TestHosts } from '../support/hosts.ts'
import { laptop, targetOn } from '../support/laptop.ts'

/** Files of a release with the app's environment in them, from the configuration to the host and back again. */
let hosts: TestHosts
beforeAll(async () => {
  hosts = await startHosts(2)
})
afterAll(() => hosts?.stop())

it('are rendered on each host from its own environment, and anew where that changes', async () => {
  const mine = await laptop({ 'secret.txt': 'p4ss&w\\ord\n' })
  // biome-ignore lint/suspicious/noTemplateCurlyInString: so it is written in templates
  const text = 'name=${NAME}\nhost=${RELEASER_HOST}\nkey=${KEY}\nmode=${MODE:-plain}\n$${NAME}\n'
  const configure = (env: Record<string, string>, more = {}) => {
    const named = hosts.hosts.map(({ configEntry }, index) => ({ ...configEntry, env: { NAME: `n${index + 1}` } }))
    const templates = [{ from: './conf//app.tmpl', to: 'conf/app.conf' }]
    const secrets = { KEY: { file: 'secret.txt' } }
    return mine.configure({ prod: { ...targetOn(hosts, 'rendered'), hosts: named, env, secrets, templates, ...more } })
  }
  const build = async (version: string) => {
    await mine.write({ 'app/conf/app.tmpl': text, 'app/package.json': JSON.stringify({ version }) })
    expect(await mine.call('build')).toMatchObject({ code: 0 })
  }
  const content = (index: number) => readFile(home(hosts, index, 'rendered/current/conf/app.conf'), 'utf8')
  await configure({})
  await build('1.0.0')

  const dry = await mine.say('deploy', 'target=prod', '--dry-run')
  expect(dry.stdout).toMatch(/render in releases\/\d{14}-[0-9a-f]{8}: conf\/app\.conf from conf\/app\.tmpl/)
  const plans = await mine.call('deploy', 'target=prod', '--dry-run')
  expect(plans.last).toMatchObject({ plans: [{ appEnv: { NAME: 'n1', KEY: '***' } }, { appEnv: { NAME: 'n2', KEY: '***' } }] })
  const first = await mine.say(...DEPLOY)
  expect(first.code, first.stderr).toBe(0)
  const filled = (index: number, mode = 'plain') =>
    `name=n${index + 1}\nhost=h${index + 1}\nkey=p4ss&w\\ord\nmode=${mode}\n\${NAME}\n`
  expect([await content(0), await content(1)]).toEqual([filled(0), filled(1)])
  expect((await stat(home(hosts, 0, 'rendered/current/conf/app.conf'))).mode & 0o777).toBe(0o600)
  expect(`${dry.stdout}${plans.stdout}${first.stdout}${first.stderr}`).not.toContain('p4ss')
  expect(await mine.call(...DEPLOY)).toMatchObject({ code: 0, last: { changed: false } })

  await configure({ MODE: 'other' })
  expect(await mine.call(...DEPLOY)).toMatchObject({ code: 0, last: { changed: true } })
  expect([await content(0), await content(1)]).toEqual([filled(0, 'other'), filled(1, 'other')])
  await build('2.0.0')
  expect(await mine.call(...DEPLOY)).toMatchObject({ code: 0, last: { changed: true } })

  // A rollback is to today's environment.
  await configure({ MODE: 'today' })
  const back = await mine.call('rollback', 'target=prod', '--yes')
  expect(back, back.stderr).toMatchObject({ code: 0, last: { changed: true, hosts: [{ sentBytes: expect.any(Number) }, {}] } })
  expect([await content(0), await content(1)]).toEqual([filled(0, 'today'), filled(1, 'today')])

  const before = await readdir(home(hosts, 0, 'rendered/releases'))
  await configure({}, { secrets: {} })
  const unset = await mine.call(...DEPLOY, 'release=2.0.0')
  expect(unset).toMatchObject({
    code: 6,
    last: {
      code: 'NOT_CHANGED',
      message: 'h1: render: conf/app.tmpl needs what is not set: KEY (line 3) (nothing was changed on any host)',
      hint: expect.stringContaining('set it in env, envFile or secrets of the target'),
    },
  })
  expect([await content(0), await content(1)]).toEqual([filled(0, 'today'), filled(1, 'today')])
  expect(await readdir(home(hosts, 0, 'rendered/releases'))).toEqual(expect.arrayContaining(before))
  await expectClean(hosts, 'rendered')
})
