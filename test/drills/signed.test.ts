import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmod, cp, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Release } from '../../src/model/release.ts'
import { runCli } from '../support/cli.ts'
import { DEPLOY, expectClean, home, release, serving } from '../support/fleet.ts'
import { startHosts, type TestHosts } from '../support/hosts.ts'
import { makeKey, type TestKey } from '../support/keys.ts'
import { type Json, type Laptop, laptop, targetOn } from '../support/laptop.ts'

/** Releases that are signed, and hosts that take no others. The first host has ssh-keygen, the second has not. */
let hosts: TestHosts
let bare: TestHosts
let ana: TestKey
let eve: TestKey
beforeAll(async () => {
  hosts = await startHosts(1)
  const bin = join(hosts.dir, 'bin')
  await mkdir(bin, { mode: 0o755 })
  for (const name of await readdir('/usr/bin')) if (name !== 'ssh-keygen') await symlink(`/usr/bin/${name}`, join(bin, name))
  await chmod(hosts.dir, 0o755)
  bare = await startHosts(1, { sshdConfig: [`SetEnv PATH=${bin}`] })
  ana = makeKey(hosts.dir, 'ana')
  eve = makeKey(hosts.dir, 'eve')
})
afterAll(async () => {
  await Promise.all([hosts?.stop(), bare?.stop()])
})

const signing = (mine: Laptop, by: TestKey | null, path: string, signers: readonly TestKey[] | null, more: Json = {}) =>
  mine.configure(
    { prod: targetOn(hosts, path, { ...(signers && { allowedSigners: signers.map(({ line }) => line) }), ...more }) },
    by ? { sign: { key: by.file } } : {},
  )
const there = (path: string, ...rest: string[]) => home(hosts, 0, path, '.releaser', ...rest)
const deploy = (mine: Laptop, id: string) => mine.call(...DEPLOY, `release=${id}`)
const refusal = (message: RegExp) => ({
  code: 11,
  last: { event: 'error', code: 'INTEGRITY', message: expect.stringMatching(message), hint: expect.any(String) },
})

/** The releases of a store, to change what it says of one. */
async function tamper(mine: Laptop, id: string, change: (release: Release) => Release): Promise<() => Promise<void>> {
  const file = join(mine.dir, '.releaser/db.json')
  const before = await readFile(file, 'utf8')
  const data = JSON.parse(before) as { releases: Release[] }
  const releases = data.releases.map((one) => (one.id === id ? change(one) : one))
  await writeFile(file, JSON.stringify({ ...data, releases }))
  return () => writeFile(file, before)
}

it('a signed release is deployed, and everybody sees who signed it', async () => {
  const mine = await laptop()
  await signing(mine, ana, 'seen', [eve, ana])
  const id = await release(mine, '1.0.0')
  const store = join(mine.dir, '.releaser/releases/shop')
  expect(await readFile(join(store, `${id}.sig`), 'utf8')).toMatch(/^-----BEGIN SSH SIGNATURE-----\n/)
  const signer = { type: 'ssh-ed25519', fingerprint: ana.fingerprint, comment: 'ana' }
  expect((await mine.call('show', 'release=latest')).last).toMatchObject({ release: { signer }, genuine: true })
  expect((await mine.say('show', 'release=latest')).stdout).toContain(`  signed   by ana, ssh-ed25519 ${ana.fingerprint}\n`)
  expect((await mine.call('releases')).last).toMatchObject({ releases: [{ signer }] })
  expect((await mine.say('releases')).stdout).toMatch(/ signed +tags\n.* ana +latest/)
  expect((await mine.say('deploy', 'target=prod', '--dry-run')).stdout).toContain(
    `verify that one of 2 allowed keys has signed ${id}`,
  )
  const { code, events, stderr } = await deploy(mine, id)
  expect(code, stderr).toBe(0)
  expect(events.filter(({ step }) => step === 'signed').map(({ state }) => state)).toEqual(['start', 'ok'])
  expect(events.filter(({ event }) => event === 'note')).toEqual([])
  expect(await readFile(there('seen', 'signatures', id), 'utf8')).toMatch(/^[A-Za-z0-9+/=]+\tana\n$/)
  expect((await mine.call('verify')).code).toBe(0)

  // Who has no store takes it, with who signed it, from the host; and may deploy it, as nobody else's word is needed.
  const other = await laptop()
  await signing(other, null, 'seen', [ana])
  expect((await other.call('download', 'target=prod', `release=${id}`)).last).toMatchObject({ release: { id, signer } })
  expect((await other.call(...DEPLOY, '--force')).code).toBe(0)

  // What is pruned leaves no signature.
  await signing(mine, ana, 'seen', [ana], { keep: 1 })
  const next = [await release(mine, '1.1.0'), await release(mine, '1.2.0')]
  for (const one of next) expect((await deploy(mine, one)).code).toBe(0)
  expect(await readdir(there('seen', 'signatures'))).toEqual(next)
  expect((await mine.call('delete', `release=${id}`, '--yes')).code).toBe(0)
  expect((await readdir(store)).filter((name) => name.startsWith(id))).toEqual([])
})

it('a job of CI signs with an encrypted key, which the environment opens', async () => {
  const mine = await laptop()
  const locked = makeKey(mine.dir, 'locked', ['-t', 'ed25519', '-N', 'open sesame'])
  await signing(mine, locked, 'locked', [locked])
  await mine.write({ 'app/version.txt': '1.0.0' })
  const pack = (env: Readonly<Record<string, string>>) =>
    runCli(['pack', 'dir=app', 'version=1.0.0'], { cwd: mine.dir, env: { ...mine.env, ...env } })
  const refused = await pack({})
  expect({ code: refused.code, hint: refused.stderr.split('\n').at(-2) }).toEqual({
    code: 5,
    hint: expect.stringMatching(/or set RELEASER_KEY_PASSPHRASE$/),
  })
  expect(await pack({ RELEASER_KEY_PASSPHRASE: 'open sesame' })).toMatchObject({ code: 0 })
  expect((await mine.call('releases')).last).toMatchObject({ releases: [{ signer: { fingerprint: locked.fingerprint } }] })
})

it('what is not signed by an allowed key is refused before anything is sent', async () => {
  const mine = await laptop()
  await signing(mine, ana, 'strict', [ana])
  const good = await release(mine, '1.0.0')
  expect((await deploy(mine, good)).code).toBe(0)
  const untouched = async () => {
    expect(await serving(hosts, 'strict')).toEqual([`releases/${good}`])
    expect(await readdir(home(hosts, 0, 'strict', 'releases'))).toEqual([good])
    expect(await readFile(there('strict', 'seq'), 'utf8')).toBe(seq)
  }
  const seq = await readFile(there('strict', 'seq'), 'utf8')

  await signing(mine, null, 'strict', [ana])
  const bare = await release(mine, '1.1.0')
  expect(await deploy(mine, bare)).toMatchObject(
    refusal(/^1\.1\.0 is not signed, and prod takes what an allowed key has signed$/),
  )
  expect(await mine.call('deploy', 'target=prod', `release=${bare}`, '--dry-run')).toMatchObject(refusal(/is not signed/))
  await signing(mine, eve, 'strict', [ana])
  const evil = await release(mine, '1.2.0')
  expect(await deploy(mine, evil)).toMatchObject(
    refusal(/^1\.2\.0 was signed by SHA256:\S+ \(eve\), who is not allowed on prod$/),
  )

  await signing(mine, ana, 'strict', [ana])
  const next = await release(mine, '1.3.0')
  const folder = join(mine.dir, '.releaser/releases/shop')
  const found = (await readdir(folder)).filter((name) => name.startsWith(next) && name.includes('.tar'))
  const [tarball, list] = [join(folder, found[0] ?? ''), join(folder, `${next}.manifest`)]

  // A signature of another release, one that is none, and none at all.
  const { signature } = (JSON.parse(await readFile(join(folder, `${good}.json`), 'utf8')) as Release) ?? {}
  for (const [change, says] of [
    [(one: Release) => ({ ...one, ...(signature && { signature }) }), /is not one of its digest/],
    [(one: Release) => ({ ...one, signature: { blob: 'AAAA', comment: 'ana' } }), /is none of ssh-keygen/],
    [({ signature: _, ...one }: Release) => one, /is not signed/],
  ] as const) {
    const mend = await tamper(mine, next, change)
    expect(await deploy(mine, next)).toMatchObject(refusal(says))
    await mend()
  }
  // Another list of files, with its digest in the record: what was signed is another.
  const [listed, whole] = [await readFile(list), await readFile(tarball)]
  const bent = listed.toString().replace(/\t0644\t/, '\t0755\t')
  await writeFile(list, bent)
  let mend = await tamper(mine, next, (one) => ({ ...one, digest: `sha256:${createHash('sha256').update(bent).digest('hex')}` }))
  expect(await deploy(mine, next)).toMatchObject(refusal(/is not one of its digest/))
  await mend()
  expect(await deploy(mine, next)).toMatchObject(refusal(/the manifest .* is damaged/))
  await writeFile(list, listed)
  // Another tarball, with all its sums in the record: the list of files, which was signed, does not know what is in it.
  execFileSync(
    'sh',
    ['-c', `echo evil >app/evil && tar -C app -c . | ${tarball.endsWith('zst') ? 'zstd -qc' : 'gzip -c'} >"$1"`, 'sh', tarball],
    { cwd: mine.dir },
  )
  const fake = await readFile(tarball)
  const sums = {
    sha256: createHash('sha256').update(fake).digest('hex'),
    md5: createHash('md5').update(fake).digest('hex'),
    bytes: fake.length,
  }
  mend = await tamper(mine, next, (one) => ({ ...one, ...sums }))
  expect(await deploy(mine, next)).toMatchObject(refusal(/^1\.3\.0 in the store is not what was signed: /))
  await mend()
  await writeFile(tarball, whole)
  await untouched()
  expect((await deploy(mine, next)).code).toBe(0)
  await expectClean(hosts, 'strict', [0])
})

it('going back asks who signed as well, by what the host has kept', async () => {
  const mine = await laptop()
  await signing(mine, null, 'back', null)
  const bare = await release(mine, '1.0.0')
  expect((await deploy(mine, bare)).code).toBe(0)
  await signing(mine, ana, 'back', [ana])
  const one = await release(mine, '1.1.0')
  expect((await deploy(mine, one)).code).toBe(0)
  expect(await mine.call('rollback', 'target=prod', '--yes')).toMatchObject(refusal(/^1\.0\.0 is not signed/))
  const two = await release(mine, '1.2.0')
  expect((await deploy(mine, two)).code).toBe(0)

  // Somebody else, whose store knows nothing.
  const other = await laptop()
  await signing(other, null, 'back', [ana])
  const kept = there('back', 'signatures', one)
  const words = await readFile(kept, 'utf8')
  await writeFile(kept, await readFile(there('back', 'signatures', two), 'utf8'))
  expect(await other.call('rollback', 'target=prod', '--yes')).toMatchObject(refusal(/is not one of its digest/))
  await rm(kept)
  expect(await other.call('activate', 'target=prod', `release=${one}`, '--yes')).toMatchObject(refusal(/is not signed/))
  await writeFile(kept, words)

  // The host's own list of files is what it goes by: one that was changed is not what was signed.
  const list = there('back', 'manifests', one)
  const listed = await readFile(list, 'utf8')
  await writeFile(list, listed.replace('\t0644\t', '\t0755\t'))
  expect(await other.call('rollback', 'target=prod', '--yes')).toMatchObject(
    refusal(
      /^h1: signed: the list of files of \S+ on this host is not the one that was signed \(nothing was changed on any host\)$/,
    ),
  )
  await writeFile(list, listed)
  expect(await serving(hosts, 'back')).toEqual([`releases/${two}`])
  expect((await other.call('rollback', 'target=prod', '--yes')).code).toBe(0)
  expect(await serving(hosts, 'back')).toEqual([`releases/${one}`])
})

it('the host verifies by itself, before anything of the release has run there; without ssh-keygen it says so', async () => {
  const mine = await laptop()
  await signing(mine, ana, 'self', [ana], { hooks: { 'pre-configure': 'touch "$RELEASER_PATH/ran"' } })
  const id = await release(mine, '1.0.0')
  const bend = ({ signature, ...one }: Release): Release => {
    const bytes = Buffer.from(signature?.blob ?? '', 'base64')
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1)
    return { ...one, signature: { blob: bytes.toString('base64'), comment: 'ana' } }
  }
  // Here somebody has put a tool in place that finds everything well.
  const lies = await laptop({ 'bin/ssh-keygen': '#!/bin/sh\nexit 0\n' })
  await chmod(join(lies.dir, 'bin/ssh-keygen'), 0o755)
  await cp(mine.dir, lies.dir, { recursive: true })
  await tamper(lies, id, bend)
  Object.assign(lies.env, { PATH: `${join(lies.dir, 'bin')}:${process.env['PATH']}` })
  expect(await deploy(lies, id)).toMatchObject(
    refusal(/^h1: signed: nobody who is allowed has signed \S+: \S.* \(nothing was changed/),
  )
  expect(await readdir(home(hosts, 0, 'self'))).not.toContain('ran')
  expect(await readdir(home(hosts, 0, 'self', 'releases'))).toEqual([])
  await expectClean(hosts, 'self', [0])
  expect((await deploy(mine, id)).code).toBe(0)

  await mine.configure({ prod: targetOn(bare, 'self', { allowedSigners: [ana.line] }) }, { sign: { key: ana.file } })
  const { code, events, stderr } = await deploy(mine, id)
  expect(code, stderr).toBe(0)
  expect(events.filter(({ event }) => event === 'note')).toEqual([
    expect.objectContaining({
      message: expect.stringMatching(
        /^there is no ssh-keygen here that knows signatures: who signed \S+ was verified only where/,
      ),
    }),
  ])
})
