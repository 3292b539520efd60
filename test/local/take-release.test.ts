import { hash } from 'node:crypto'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { takeRelease } from '../../src/local/take-release.ts'
import { type Entry, encodeManifest } from '../../src/model/manifest.ts'
import { project } from '../support/project.ts'
import { type Member, pax, rawTar } from '../support/raw-tar.ts'
import { listTree } from '../support/tree.ts'

const file = (path: string, content = 'x'): Entry => ({
  ...{ type: 'file', path, mode: 0o644 },
  ...{ size: Buffer.byteLength(content), sha256: hash('sha256', content) },
})

/** Takes what a host hands over as a release with this list; nothing may lie outside of the folder for it afterwards. */
async function take(
  entries: readonly Entry[],
  archive: AsyncIterable<Buffer> | Buffer,
  lie: { listBytes?: number; digest?: string } = {},
) {
  const dir = await project({ 'canary/keep': 'kept' })
  const before = await listTree(dir)
  const list = Buffer.from(encodeManifest(entries))
  async function* bytes() {
    yield list
    if (Buffer.isBuffer(archive)) yield archive
    else yield* archive
  }
  const source = {
    bytes: bytes(),
    listBytes: list.length,
    digest: `sha256:${hash('sha256', list)}`,
    onProgress: () => {},
    ...lie,
  }
  const taken = await takeRelease(source, join(dir, 'tree')).catch((error: unknown) => error)
  expect((await listTree(dir)).filter((line) => !line.startsWith('tree'))).toEqual(before)
  if (taken instanceof Error) throw taken
  return taken as Awaited<ReturnType<typeof takeRelease>>
}

test.each([
  ['climbs', [file('../canary/x')]],
  ['is absolute', [file('/etc/x')]],
  ['lies in no folder of it', [file('a/b')]],
  ['stands there twice', [file('a'), file('a')]],
  ['holds an escape sequence', [file('a\u001b[2J')]],
  ['is too long', [file('x'.repeat(300))]],
] as const)('a list that has the right digest, and a path that %s, is refused', async (_, entries) => {
  await expect(take(entries, rawTar())).rejects.toMatchObject({
    ...{ code: 'INTEGRITY', exitCode: 11 },
    message: expect.stringMatching(/^the list of files there names what no release can hold: /),
  })
})

test('a list of another digest, or of another length than can be, is refused', async () => {
  await expect(take([file('a')], rawTar(), { digest: `sha256:${'0'.repeat(64)}` })).rejects.toMatchObject({ code: 'INTEGRITY' })
  for (const listBytes of [1e12, Number.NaN, Number.POSITIVE_INFINITY])
    await expect(take([file('a')], rawTar(), { listBytes })).rejects.toMatchObject({ code: 'INTEGRITY' })
})

test('what comes is held to the list: other files, links, sizes and contents are amiss, and none is written elsewhere', async () => {
  const bad: readonly Member[] = [
    { name: '../canary/x', body: 'x' },
    pax({ path: '/tmp/releaser-hit' }),
    { name: 'y', body: 'x' },
    { name: 'a', type: '2', link: '../canary' },
    { name: 'b', type: '1', link: '../canary/keep' },
    { name: 'c', body: 'longer' },
    { name: 'd', body: 'z' },
  ]
  const { amiss } = await take([file('a'), file('b'), file('c'), file('d'), file('e')], rawTar(...bad))
  expect(amiss.map(({ path, kind }) => `${kind} ${path}`).sort()).toEqual([
    'changed a',
    'changed b',
    'changed c',
    'changed d',
    'missing e',
  ])
})

test('a host that sends on and on is not heard to its end', async () => {
  async function* endless() {
    const more = rawTar({ name: 'other', body: Buffer.alloc(100_000) }).subarray(0, -1024)
    for (;;) yield more
  }
  await expect(take([file('a')], endless())).rejects.toMatchObject({
    ...{ code: 'INTEGRITY', message: 'the host sends more than the release has' },
  })
})
