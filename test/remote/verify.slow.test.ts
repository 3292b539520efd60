import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { processRemote } from '../../src/remote/process.ts'
import type { Remote } from '../../src/remote/remote.ts'
import { lookClosely } from '../../src/remote/verify.ts'
import { counting } from '../support/counting.ts'
import { driver } from '../support/driver.ts'

let base = ''
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'releaser-verify-'))
})
afterAll(() => rm(base, { recursive: true, force: true }))

it('looks at 10,000 files in one exec, and tells only where they differ', async () => {
  const root = join(base, 'app')
  const d = driver({ hosts: [{ connect: async () => processRemote(), path: root }] })
  const dir = join(base, 'tree')
  for (let folder = 0; folder < 100; folder++) {
    await mkdir(join(dir, `folder ${folder}`), { recursive: true })
    for (let file = 0; file < 100; file++) await writeFile(join(dir, `folder ${folder}`, `file ${file}`), `${folder} ${file}`)
  }
  const release = await d.pack(dir)
  await d.roll(release)
  const spoilt = join(root, 'releases', release.id, 'folder 7')
  await writeFile(join(spoilt, 'file 7'), 'x')
  await rm(join(spoilt, 'file 8'))
  let bytes = 0
  const line = counting(async () => told(processRemote(), (chunk) => (bytes += chunk.length)))
  const remote = await line.connect()
  const { signal } = new AbortController()
  const began = Date.now()
  const looked = await lookClosely(remote, root, [{ id: release.id, dir: release.id }], signal)
  expect(Date.now() - began).toBeLessThan(30_000)
  expect(looked.differences).toEqual(
    expect.arrayContaining([
      { dir: release.id, kind: 'changed', path: 'folder 7/file 7', why: 'content' },
      { dir: release.id, kind: 'missing', path: 'folder 7/file 8', why: '' },
    ]),
  )
  expect(looked.differences).toHaveLength(2)
  expect(looked.lists.get(release.id)).toBe(release.digest.replace('sha256:', ''))
  expect(line.execs()).toBe(1)
  expect(bytes).toBeLessThan(1000)
  await remote.close()
})

it('ends what it has started on the host when nobody wants it any more', async () => {
  const remote = processRemote()
  const stop = new AbortController()
  const [id = ''] = await readdir(join(base, 'app/releases'))
  const often = Array.from({ length: 50 }, () => ({ id, dir: id }))
  const looking = lookClosely(remote, join(base, 'app'), often, stop.signal)
  await expect.poll(() => remote.groups().length).toBe(1)
  const [group = 0] = remote.groups()
  expect(lives(group)).toBe(true)
  setTimeout(() => stop.abort(), 500)
  await expect(looking).rejects.toMatchObject({ code: 'INTERRUPTED' })
  await expect.poll(() => lives(group), { timeout: 5000 }).toBe(false)
  await remote.close()
})

/** Whether any process of a group does. */
function lives(group: number): boolean {
  try {
    return process.kill(-group, 0)
  } catch {
    return false
  }
}

/** Hears what a host says, beside whoever asked it. */
function told(remote: Remote, hear: (chunk: Buffer) => void): Remote {
  return {
    ...remote,
    exec: async (command) => {
      const channel = await remote.exec(command)
      channel.stdout.on('data', hear)
      return channel
    },
  }
}
