import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { buildLaptop, comesToRest } from '../support/build-host.ts'
import { home } from '../support/fleet.ts'
import { startHosts, type TestHosts } from '../support/hosts.ts'
import { type Laptop, laptop } from '../support/laptop.ts'

/** An umbrella of two apps with a release each, of which one holds both: `mix release NAME`, here and on a build host. */
let hosts: TestHosts
beforeAll(async () => {
  hosts = await startHosts(1)
})
afterAll(() => hosts?.stop())

const app = (name: string, module: string, needs: string): Record<string, string> => ({
  [`apps/${name}/mix.exs`]: `defmodule ${module}.MixProject do
  use Mix.Project
  def project do
    [app: :${name}, version: "0.1.0", elixir: "~> 1.14", build_path: "../../_build", config_path: "../../config/config.exs",
     deps_path: "../../deps", lockfile: "../../mix.lock", start_permanent: true, deps: [${needs}]]
  end
  def application, do: [extra_applications: [:logger]]
end
`,
  [`apps/${name}/lib/${name}.ex`]: `defmodule ${module} do
  def hello, do: "${name} is here"
end
`,
})
const UMBRELLA = {
  'mix.exs': `defmodule Umbrella.MixProject do
  use Mix.Project
  def project do
    [apps_path: "apps", version: "0.1.0", start_permanent: true, deps: [],
     releases: [shop: [version: "1.4.0", applications: [shop: :permanent]],
                desk: [version: "2.0.0", applications: [desk: :permanent, shop: :permanent]]]]
  end
end
`,
  'config/config.exs': 'import Config\n',
  ...app('shop', 'Shop', ''),
  ...app('desk', 'Desk', '{:shop, in_umbrella: true}'),
}
const RUN = 'export MIX_ENV=prod LC_ALL=C.UTF-8; mix release "$RELEASER_APP" --overwrite --quiet'
const APPS = { app: undefined, apps: { shop: { builder: 'far' }, desk: { builder: 'far' } } }
const run = promisify(execFile)

/** What the newest release of an app says when it is called. */
async function says({ dir, env }: Laptop, name: string, id: string, expression: string): Promise<string> {
  const into = await mkdtemp(join(tmpdir(), 'releaser-umbrella-'))
  onTestFinished(() => rm(into, { recursive: true, force: true }))
  await run('sh', ['-c', 'tar -xf ".releaser/releases/$1/$2".tar.* -C "$3"', '-', name, id, into], { cwd: dir })
  const { stdout } = await run(join(into, 'bin', name), ['eval', expression], {
    env: { PATH: process.env['PATH'], HOME: env['HOME'], LC_ALL: 'C.UTF-8', RELEASE_DISTRIBUTION: 'none' },
  })
  return stdout.trim()
}

async function expectBoth(mine: Laptop): Promise<void> {
  for (const [name, version, module] of [
    ['shop', '1.4.0', 'Shop'],
    ['desk', '2.0.0', 'Desk'],
  ] as const) {
    const { last, stderr } = await mine.call('build', `app=${name}`)
    expect(last, stderr).toMatchObject({ ok: true, release: { app: name, version } })
    const { id } = last['release'] as { readonly id: string }
    expect(await says(mine, name, id, `IO.puts(${module}.hello())`)).toBe(`${name} is here`)
    expect(await says(mine, name, id, 'IO.puts(Code.ensure_loaded?(Desk))')).toBe(String(name === 'desk'))
  }
}

test('each app of an umbrella is built from its own release, by `command`', async () => {
  const mine = await laptop(UMBRELLA)
  await mine.configure({}, { ...APPS, builders: { far: { type: 'command', run: RUN, output: '_build/prod/rel' } } })
  await expectBoth(mine)
}, 180_000)

test('and on a build host, where what is compiled is kept', async () => {
  const mine = await buildLaptop(hosts, { run: RUN, output: '_build/prod/rel', clean: ['_build/prod/rel'] }, UMBRELLA)
  await mine.builder({}, APPS)
  mine.git('commit', '-qam', 'x')
  await expectBoth(mine)
  expect(await readdir(home(hosts, 0, 'builds/work/_build/prod/rel'))).toEqual(['desk'])
  await comesToRest(hosts)
}, 180_000)
