import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEPLOY, home } from '../support/fleet.ts'
import { startHosts, type TestHosts } from '../support/hosts.ts'
import { type Laptop, laptop, targetOn } from '../support/laptop.ts'
import { pathOf, SHELLS } from '../support/shells.ts'

interface Shown {
  readonly id: string
  readonly digest: string
  readonly version: string
  readonly createdAt: string
}

/** Odd names, modes, links, content that is seeded into shared/, and a file that a rendered one lies over. */
async function fill(mine: Laptop): Promise<void> {
  const names = [
    '-n',
    `it's "quoted"`,
    'back\\slash',
    'grün ✓',
    ' leading',
    'a b  c',
    `${'long/'.repeat(30)}name`,
    'same',
    'same too',
  ]
  await mine.write(
    Object.fromEntries(names.map((name) => [`app/${name}`, name.startsWith('same') ? 'same' : `content of ${name}`])),
  )
  // biome-ignore lint/suspicious/noTemplateCurlyInString: so it is written in templates
  await mine.write({ 'app/uploads/seed': 'a seed', 'app/uploads/deep/er': 'deeper', 'app/conf/app.conf': 'name=${NAME}' })
  await mine.write({ 'app/run': '#!/bin/sh\n', 'app/private': 'mine', 'app/empty': '' })
  await chmod(join(mine.dir, 'app/run'), 0o755)
  await chmod(join(mine.dir, 'app/private'), 0o600)
  await symlink('a b  c', join(mine.dir, 'app/link'))
  await symlink('nowhere', join(mine.dir, 'app/dangling'))
}

const configure = (mine: Laptop, hosts: TestHosts, path: string) =>
  mine.configure({
    prod: targetOn(hosts, path, {
      shared: { dirs: ['uploads'] },
      templates: [{ from: 'conf/app.conf', to: 'conf/app.conf' }],
      env: { NAME: 'n1' },
      reuse: 'hardlink',
    }),
  })

async function deployed(mine: Laptop, version: string): Promise<Shown> {
  await mine.write({ 'app/package.json': JSON.stringify({ version }) })
  const built = await mine.call('build')
  expect(built, built.stderr).toMatchObject({ code: 0 })
  const done = await mine.call(...DEPLOY)
  expect(done, done.stderr).toMatchObject({ code: 0 })
  return built.last['release'] as Shown
}

describe.each(SHELLS)('download where sh is %s', (shell) => {
  let tools = ''
  let hosts: TestHosts
  beforeAll(async () => {
    tools = await mkdtemp('/var/tmp/releaser-tools-')
    await chmod(tools, 0o755)
    hosts = await startHosts(1, { sshdConfig: [`SetEnv PATH=${pathOf(shell, join(tools, 'bin'))}`] })
  })
  afterAll(async () => {
    await hosts?.stop()
    await rm(tools, { recursive: true, force: true })
  })

  it("takes another machine's release as it was packed, and deploys it elsewhere", async () => {
    const theirs = await laptop()
    await configure(theirs, hosts, 'there')
    await fill(theirs)
    const first = await deployed(theirs, '1.0.0')
    await deployed(theirs, '2.0.0')

    const mine = await laptop()
    await configure(mine, hosts, 'there')
    const got = await mine.call('download', 'target=prod', 'release=previous')
    expect(got, got.stderr).toMatchObject({
      code: 0,
      last: {
        ok: true,
        changed: true,
        host: 'h1',
        release: { id: first.id, digest: first.digest, version: '1.0.0', app: 'shop' },
      },
    })
    const { createdAt } = got.last['release'] as Shown
    expect(createdAt.replace(/[-:T]|\..*$/g, '')).toBe(first.id.slice(0, 14))
    expect(await mine.call('verify')).toMatchObject({ code: 0, last: { findings: [] } })
    expect(await readdir(join(mine.dir, '.releaser/tmp'))).toEqual([])
    expect(await mine.call('download', 'target=prod', 'release=1.0.0')).toMatchObject({
      code: 0,
      last: { changed: false, host: null, release: { id: first.id } },
    })

    await configure(mine, hosts, 'elsewhere')
    const deploy = await mine.call(...DEPLOY, `release=${first.id}`)
    expect(deploy, deploy.stderr).toMatchObject({ code: 0, last: { release: { digest: first.digest } } })
    expect(await mine.call('verify', 'target=prod')).toMatchObject({ code: 0, last: { findings: [] } })
  })
})

describe('download', () => {
  let hosts: TestHosts
  beforeAll(async () => {
    hosts = await startHosts(2)
  })
  afterAll(() => hosts?.stop())

  it('takes the first host that has it whole, and refuses by name what no host has', async () => {
    const theirs = await laptop()
    await configure(theirs, hosts, 'damaged')
    await fill(theirs)
    const { id, digest } = await deployed(theirs, '1.0.0')
    const mine = await laptop()
    await configure(mine, hosts, 'damaged')
    const tree = (index: number) => home(hosts, index, 'damaged/releases', id)
    await writeFile(join(tree(0), 'private'), 'edited')
    await writeFile(home(hosts, 0, 'damaged/shared/uploads/seed'), 'used by the app')
    const second = await mine.call('download', 'target=prod', 'release=current')
    expect(second, second.stderr).toMatchObject({ code: 0, last: { host: 'h2', release: { id, digest } } })

    await rm(join(mine.dir, '.releaser'), { recursive: true })
    await rename(join(tree(1), 'run'), join(tree(1), 'ran'))
    await rm(join(tree(1), 'link'))
    await symlink('/etc/passwd', join(tree(1), 'link'))
    const none = await mine.call('download', 'target=prod', 'release=current')
    expect(none).toMatchObject({
      code: 11,
      last: {
        code: 'INTEGRITY',
        message:
          'no host has the release as it was sent: h1: private was changed, uploads/seed was changed in shared/; h2: link was changed, run is missing',
        findings: [
          { host: 'h1', release: id, path: 'private', kind: 'changed' },
          { host: 'h1', path: 'uploads/seed' },
          { host: 'h2', path: 'link' },
          { host: 'h2', path: 'run', kind: 'missing' },
        ],
      },
    })
    expect(await mine.call('releases')).toMatchObject({ last: { releases: [] } })
    expect(await readdir(join(mine.dir, '.releaser/tmp'))).toEqual([])
    expect(await mine.call('download', 'target=prod', 'release=9.9.9')).toMatchObject({ code: 9 })

    // A list of files that was edited on the host is nobody's release.
    const list = home(hosts, 0, 'damaged/.releaser/manifests', id)
    await writeFile(list, `releaser-manifest\t1\n../../evil\tf\t0644\t0\t${'0'.repeat(64)}\n`)
    const evil = await mine.call('download', 'target=prod', 'release=current', 'host=h1')
    expect(evil).toMatchObject({ code: 11, last: { message: 'h1: the list of files there is not that of the release' } })
  })

  it('takes a release whose host has lost its memory, and one with thousands of files, and can be stopped', async () => {
    const theirs = await laptop()
    await configure(theirs, hosts, 'many')
    const names = Array.from({ length: 5000 }, (_, index) => `app/folder ${index % 50}/a file with a rather long name ${index}`)
    await theirs.write(Object.fromEntries(names.map((name) => [name, name])))
    await writeFile(join(theirs.dir, 'app/big'), randomBytes(60 << 20))
    await fill(theirs)
    const { id, digest } = await deployed(theirs, '1.0.0')
    for (const index of [0, 1]) await rm(home(hosts, index, 'many/.releaser/state'))
    const mine = await laptop()
    await configure(mine, hosts, 'many')

    const cut = mine.start('download', 'target=prod', `release=${id}`)
    const begun = setInterval(() => {
      if (!cut.said().includes('"event":"progress"')) return
      clearInterval(begun)
      cut.kill('SIGINT')
    }, 5)
    expect(await cut.ended).toMatchObject({ code: 130, last: { code: 'INTERRUPTED' } })
    expect(await readdir(join(mine.dir, '.releaser/tmp'))).toEqual([])

    const got = await mine.call('download', 'target=prod', `release=${id}`)
    expect(got, got.stderr).toMatchObject({ code: 0, last: { release: { id, digest, version: '1.0.0' } } })
  })
})
