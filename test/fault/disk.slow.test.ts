import { execFileSync } from 'node:child_process'
import { readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { CASES, digestsOf, runOut, smallHost } from './disk.ts'
import { leftovers, violations } from './invariants.ts'
import { plant } from './power-loss.ts'

// The rest of the cases is in test/drills/disk.test.ts.
it.each(CASES.filter(([, stage]) => stage === 'after the upload'))(
  'keeps its promises where there is no %s %s',
  { timeout: 60_000 },
  async (shortage, stage, code, message) => {
    expect(await runOut(shortage, stage)).toEqual({ code, message, violations: [] })
  },
)

it.each(['space', 'inodes'] as const)('goes back, twice, where there is no %s', { timeout: 60_000 }, async (shortage) => {
  const host = await smallHost()
  onTestFinished(() => host.remove())
  const releases = [await host.pack('a'), await host.pack('b'), await host.pack('c')] as const
  for (const release of releases) await host.on().roll(release)
  await host.strike(shortage)
  const [a, b, c] = releases
  const digests = digestsOf(releases)
  expect(await host.on().roll(b, { action: 'rollback' })).toMatchObject([{ ok: true, previous: c.id, current: b.id }])
  expect(await violations(host.path, { before: c.id, after: b.id, reported: 'done', digests })).toEqual([])
  expect(await host.on().roll(a, { action: 'rollback' })).toMatchObject([{ ok: true, previous: b.id, current: a.id }])
  expect(await violations(host.path, { before: b.id, after: a.id, reported: 'done', digests })).toEqual([])
  expect(await leftovers(host.path)).toEqual([])
  expect((await host.on().facts()).state).toMatchObject({ served: [a.id], pinned: [a.id] })
})

it('bites: an agent that lays nothing by cannot go back where no inode is free', { timeout: 60_000 }, async () => {
  const host = await smallHost()
  onTestFinished(() => host.remove())
  const [a, b] = [await host.pack('a'), await host.pack('b')]
  await plant(host.path, (script) => script.replace(/^lay_by\(\).*$/m, 'lay_by() { :; }'))
  await host.on().roll(a)
  await host.on().roll(b)
  await host.strike('inodes')
  await expect(host.on().roll(a, { action: 'rollback' })).rejects.toMatchObject({ code: 'NOT_CHANGED' })
})

it('is refused before anything is sent where space or inodes do not suffice, and says where', { timeout: 60_000 }, async () => {
  const host = await smallHost('size=2m,nr_inodes=200')
  onTestFinished(() => host.remove())
  const [a, big] = [await host.pack('a'), await host.pack('b', 4_000_000)]
  await host.on().roll(a)
  const refused = await host
    .on()
    .roll(big)
    .catch((error: Error) => error)
  expect(refused).toMatchObject({ code: 'NOT_CHANGED' })
  expect(String(refused)).toMatch(
    new RegExp(`no space on h1: ${host.path} needs 4\\.5 MB, 1\\.\\d MB are free on ${host.disk.dir}$`),
  )
  await host.strike('inodes')
  const without = await host
    .on()
    .roll(await host.pack('c'))
    .catch((error: Error) => error)
  expect(without).toMatchObject({ code: 'NOT_CHANGED' })
  expect(String(without)).toMatch(new RegExp(`no inodes on h1: ${host.path} needs 13\\d, 0 are free on ${host.disk.dir}$`))
  expect(await readlink(join(host.path, 'current'))).toBe(`releases/${a.id}`)
  expect(await leftovers(host.path)).toEqual([])
})

it('stays green where an old release cannot be removed', { timeout: 60_000 }, async () => {
  const host = await smallHost()
  const [a, b, c] = [await host.pack('a'), await host.pack('b'), await host.pack('c')]
  await host.on({}, 2).roll(a)
  const stuck = join(host.path, 'releases', a.id, 'lib')
  execFileSync('mount', ['--bind', stuck, stuck])
  const freed = { mounted: true }
  const free = async () => {
    if (freed.mounted)
      execFileSync('sh', [
        '-c',
        `for at in $(awk -v d=${host.disk.dir}/ 'index($2, d) == 1 { print $2 }' /proc/mounts); do umount "$at"; done`,
      ])
    freed.mounted = false
  }
  onTestFinished(async () => {
    await free()
    await host.remove()
  })
  await host.on({}, 2).roll(b)
  const third = host.on({}, 2)
  expect(await third.roll(c)).toMatchObject([{ ok: true, current: c.id }])
  expect(third.progress).toContainEqual({ event: 'note', host: 'h1', message: `could not remove releases/${a.id}` })
  await free()
  expect(await host.on({}, 2).roll(b)).toMatchObject([{ ok: true, current: b.id }])
  expect(await leftovers(host.path)).toEqual([])
})
