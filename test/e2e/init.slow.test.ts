import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DEPLOY, home } from '../support/fleet.ts'
import { startHosts, type TestHosts } from '../support/hosts.ts'
import { laptop } from '../support/laptop.ts'

/** What `init` writes is deployed as it is; test/drills has the templates whose apps run: elixir.test.ts, gap.test.ts. */
let hosts: TestHosts
beforeAll(async () => {
  hosts = await startHosts(1)
})
afterAll(() => hosts?.stop())

test.each([
  ['generic', 'VERSION', /^site 1\.0 \n$/],
  ['static', 'index.html', /<html/],
])('%s', async (template, file, content) => {
  const [mine, [host]] = [await laptop(), hosts.hosts]
  const words = [`template=${template}`, 'name=site', `host=${host.user}@127.0.0.1:${host.port}`, `path=${template}`]
  expect(await mine.call('init', ...words)).toMatchObject({
    code: 0,
    last: { next: ['releaser build', 'releaser deploy target=prod'] },
  })
  const config = join(mine.dir, 'releaser.config.ts')
  const text = await readFile(config, 'utf8')
  const keys = `identity: '${hosts.identity}', knownHosts: '${hosts.knownHosts}',`
  await writeFile(config, text.replace("// identity: '~/.ssh/id_ed25519',", keys))
  expect(await mine.call('build', 'version=1.0')).toMatchObject({ code: 0 })
  const { code, stderr } = await mine.call(...DEPLOY)
  expect(code, stderr).toBe(0)
  expect(await readFile(home(hosts, 0, template, 'current', file), 'utf8')).toMatch(content)
  expect((await mine.call('status')).last['hosts']).toMatchObject([{ app: null, healthy: null, appProblem: null }])
})
