import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type ArtifactOptions, artifactFolder } from '../../../src/local/build/artifact.ts'
import { project } from '../../support/project.ts'
import { listTree } from '../../support/tree.ts'

const OTP = { 'releases/start_erl.data': '13.1.5 1.0.0\n', 'bin/shop': '' }
const below = (folder: string) => Object.fromEntries(Object.entries(OTP).map(([path, text]) => [`${folder}/${path}`, text]))

/** The paths of the folder to pack. */
async function taken(
  files: Readonly<Record<string, string>>,
  written: string,
  more: Partial<ArtifactOptions> = {},
  make?: string,
) {
  const dir = await project(files)
  if (make !== undefined) execFileSync('sh', ['-c', make], { cwd: dir })
  const options = { name: 'site', app: 'shop', strip: undefined, absoluteLinks: [], scratch: await project(), ...more }
  const folder = await artifactFolder({ path: join(dir, written), written, hint: '' }, options)
  return (await listTree(folder)).map((line) => line.split(' ')[0]).filter((path) => !path?.endsWith('/'))
}
const wrong = (running: Promise<unknown>) =>
  running.then(
    () => undefined,
    ({ code, message }) => [code, message],
  )

const RELEASE = ['bin/shop', 'releases/start_erl.data']

test('a folder as it is, or the release that lies in it', async () => {
  expect(await taken({ 'out/top/a': '1' }, 'out')).toEqual(['top/a'])
  expect(await taken(below('out'), 'out')).toEqual(RELEASE)
  expect(await taken(below('out/any'), 'out')).toEqual(RELEASE)
  // Beside others it is a part of what was built.
  expect(await taken({ ...below('out/any'), 'out/b': '1' }, 'out')).toEqual(['any/bin/shop', 'any/releases/start_erl.data', 'b'])
  expect(await taken({ 'out/one/two/a': '1' }, 'out', { strip: 2 })).toEqual(['a'])
  expect(await wrong(taken({ 'out/one/a': '1', 'out/b': '1' }, 'out', { strip: 1 }))).toEqual([
    'BUILD',
    'the output out of builder "site": strip takes more folders away than stand alone: 2 entries are in one',
  ])
})

test('of several releases the one that is named as the app', async () => {
  const both = { ...below('out/shop'), ...below('out/admin') }
  expect(await taken(both, 'out')).toEqual(RELEASE)
  expect(await wrong(taken(both, 'out', { app: 'other' }))).toEqual([
    'BUILD',
    'the output out of builder "site": there are several releases, and none is called other: admin, shop',
  ])
})

test.each([
  ['plain', 'tar -cf'],
  ['gzip', 'tar -czf'],
  ['zstd', 'tar --zstd -cf'],
])('a tarball, %s, with or without a folder around the release', async (_, tar) => {
  expect(await taken(OTP, 'x.tar', {}, `${tar} x.tar bin releases`)).toEqual(RELEASE)
  expect(await taken(below('shop-1.0.0'), 'x.tar', {}, `${tar} x.tar shop-1.0.0`)).toEqual(RELEASE)
  expect(await taken({ ...below('shop'), ...below('admin') }, 'x.tar', {}, `${tar} x.tar shop admin`)).toEqual(RELEASE)
  expect(await taken({ 'top/a': '1' }, 'x.tar', {}, `${tar} x.tar top`)).toEqual(['top/a'])
  expect(await taken({ 'top/a': '1' }, 'x.tar', { strip: 1 }, `${tar} x.tar top`)).toEqual(['a'])
})

test('a single file, with its mode', async () => {
  const dir = await project({ server: '#!/bin/sh\n' })
  execFileSync('chmod', ['755', join(dir, 'server')])
  const folder = await artifactFolder(
    { path: join(dir, 'server'), written: 'server', hint: '' },
    { name: 'site', app: 'shop', strip: undefined, absoluteLinks: [], scratch: await project() },
  )
  expect((await listTree(folder)).map((line) => line.split(' ').slice(0, 2))).toEqual([
    ['server', expect.stringContaining('755')],
  ])
})

test('a damaged tarball is a build that failed', async () => {
  expect(await wrong(taken({ a: 'x'.repeat(20_000) }, 'x.tar.gz', {}, 'tar -czf x.tar.gz a && truncate -s 60 x.tar.gz'))).toEqual(
    ['BUILD', expect.stringMatching(/^the output x\.tar\.gz of builder "site": .*is damaged, or no tar archive/)],
  )
})
