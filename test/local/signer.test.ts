import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { signDigest } from '../../src/local/sign.ts'
import { demandSigner, isGenuine, signerOf } from '../../src/local/signer.ts'
import { allowedSignersFile, armoured, blobOf, readSignature, readSigner, type Signature } from '../../src/model/signature.ts'
import { makeKey, type TestKey } from '../support/keys.ts'
import { project } from '../support/project.ts'

const DIGEST = `sha256:${'3f'.repeat(32)}`
const { signal } = new AbortController()

let dir = ''
let ana: TestKey
beforeEach(async () => {
  dir = await project()
  ana = makeKey(dir, 'ana')
  vi.stubEnv('SSH_AUTH_SOCK', undefined)
  return () => vi.unstubAllEnvs()
})

const sign = (key: string, digest = DIGEST, passphrase?: string) => signDigest({ key, digest, passphrase, signal })
const demand = (signature: Signature | undefined, allowed: readonly string[], digest = DIGEST) =>
  demandSigner({ release: '1.0.0', digest, signature, target: 'prod', allowed, signal })

test('what a key of any kind has signed, and is allowed to, passes; and ssh-keygen reads it by hand', async () => {
  const keys = [
    ana,
    makeKey(dir, 'rsa', ['-t', 'rsa', '-b', '2048', '-N', '']),
    makeKey(dir, 'ecdsa', ['-t', 'ecdsa', '-b', '521', '-N', '']),
  ]
  for (const key of keys) {
    const signature = await sign(key.file)
    expect(signerOf(signature)).toEqual({
      fingerprint: key.fingerprint,
      type: key.line.split(' ')[0],
      comment: key.line.split(' ')[2],
    })
    await demand(
      signature,
      keys.map(({ line }) => line),
    )
    expect(await isGenuine(signature, DIGEST, signal)).toBe(true)
    expect(blobOf(armoured(signature))).toBe(signature.blob)
  }
  writeFileSync(join(dir, 'x.sig'), armoured(await sign(ana.file)))
  writeFileSync(join(dir, 'allowed'), `me ${ana.line}\n`)
  const words = ['-Y', 'verify', '-f', 'allowed', '-I', 'me', '-n', 'releaser', '-s', 'x.sig']
  expect(execFileSync('ssh-keygen', words, { cwd: dir, input: `${DIGEST}\n`, encoding: 'utf8' })).toMatch(
    /^Good "releaser" signature/,
  )
})

describe('refused', () => {
  const refused = (message: RegExp, hint: RegExp) =>
    expect.objectContaining({
      code: 'INTEGRITY',
      exitCode: 11,
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    })

  test('what nobody has signed', async () => {
    await expect(demand(undefined, [ana.line])).rejects.toEqual(
      refused(/^1\.0\.0 is not signed, and prod takes/, /^sign what is built/),
    )
  })

  test('a key that is not allowed, which is named', async () => {
    const eve = makeKey(dir, 'eve')
    await expect(demand(await sign(eve.file), [ana.line])).rejects.toEqual(
      refused(
        /^1\.0\.0 was signed by SHA256:\S+ \(eve\), who is not allowed on prod$/,
        /add their public key to allowedSigners of prod/,
      ),
    )
  })

  test('another digest, and a signature in which a byte was changed', async () => {
    const signature = await sign(ana.file)
    const other = `sha256:${'40'.repeat(32)}`
    await expect(demand(signature, [ana.line], other)).rejects.toEqual(
      refused(/is not one of its digest sha256:4040/, /do not deploy it/),
    )
    const bytes = Buffer.from(signature.blob, 'base64')
    for (const at of [bytes.length - 1, bytes.length - 40]) {
      const bent = Buffer.from(bytes)
      bent.writeUInt8(bent.readUInt8(at) ^ 1, at)
      const blob = bent.toString('base64')
      await expect(demand({ blob, comment: 'ana' }, [ana.line])).rejects.toEqual(
        refused(/is not one of its digest/, /do not deploy it/),
      )
      expect(await isGenuine({ blob, comment: '' }, DIGEST, signal)).toBe(false)
    }
  })

  test("an allowed key's name on another's signature", async () => {
    // The key in the signature is replaced by an allowed one of the same length.
    const eve = makeKey(dir, 'eve')
    const signature = await sign(eve.file)
    const [mine, theirs] = [ana, eve].map(({ line }) => Buffer.from(line.split(' ')[1] ?? '', 'base64').toString('latin1'))
    const forged = Buffer.from(signature.blob, 'base64')
      .toString('latin1')
      .replace(theirs ?? '', mine ?? '')
    const blob = Buffer.from(forged, 'latin1').toString('base64')
    expect(signerOf({ blob, comment: '' })?.fingerprint).toBe(ana.fingerprint)
    await expect(demand({ blob, comment: 'ana' }, [ana.line])).rejects.toEqual(
      refused(/is not one of its digest/, /do not deploy it/),
    )
  })

  test('what was signed for something else, as a file or a commit of git', async () => {
    const by = ['-Y', 'sign', '-n', 'git', '-f', ana.file]
    const blob =
      blobOf(execFileSync('ssh-keygen', by, { input: `${DIGEST}\n`, encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'] })) ?? ''
    await expect(demand({ blob, comment: '' }, [ana.line])).rejects.toEqual(
      refused(/was made for "git", and not for "releaser"$/, /build it again/),
    )
  })

  test('a certificate, also one that has expired, of an allowed key', async () => {
    const authority = makeKey(dir, 'authority')
    for (const [name, valid] of [
      ['good', '-1d:+1d'],
      ['late', '20200101:20200102'],
    ] as const) {
      const key = makeKey(dir, name)
      execFileSync('ssh-keygen', ['-q', '-s', authority.file, '-I', name, '-n', 'releaser', '-V', valid, `${key.file}.pub`])
      const signature = await sign(`${key.file}-cert.pub`)
      expect(readSignature(signature)?.type).toBe('ssh-ed25519-cert-v01@openssh.com')
      await expect(demand(signature, [key.line, authority.line])).rejects.toEqual(
        refused(/was signed with a certificate of/, /sign with the key itself/),
      )
    }
  })

  test('what is no signature at all', async () => {
    for (const blob of ['', 'AAAA', Buffer.from('SSHSIG and nothing else, but long enough').toString('base64')])
      await expect(demand({ blob, comment: 'ana' }, [ana.line])).rejects.toEqual(
        refused(/is none of ssh-keygen$/, /build it again/),
      )
  })
})

describe('signing', () => {
  test('an encrypted key is opened by what is given, or by nobody', async () => {
    const locked = makeKey(dir, 'locked', ['-t', 'ed25519', '-N', 'open sesame'])
    const failure = (hint: RegExp) =>
      expect.objectContaining({
        code: 'BUILD',
        message: expect.stringMatching(/^the release cannot be signed with .*locked: ./),
        hint: expect.stringMatching(hint),
      })
    await expect(sign(locked.file)).rejects.toEqual(failure(/ssh-add .*locked, or set RELEASER_KEY_PASSPHRASE$/))
    await demand(await sign(locked.file, DIGEST, 'open sesame'), [locked.line])
    await expect(sign(locked.file, DIGEST, 'wrong')).rejects.toEqual(failure(/try it by hand: ssh-keygen -y -f .*locked$/))
  })

  test('a key of the agent signs by its public half', async () => {
    const locked = makeKey(dir, 'held', ['-t', 'ed25519', '-N', ''])
    const socket = join(dir, 'agent')
    const said = execFileSync('ssh-agent', ['-a', socket, '-s'], { encoding: 'utf8' })
    try {
      vi.stubEnv('SSH_AUTH_SOCK', socket)
      execFileSync('ssh-add', ['-q', locked.file], { env: { ...process.env, SSH_AUTH_SOCK: socket } })
      await demand(await sign(`${locked.file}.pub`), [locked.line])
    } finally {
      process.kill(Number(/SSH_AGENT_PID=(\d+)/.exec(said)?.[1]))
    }
  })

  test('no key, and no ssh-keygen or one from before signatures, are told', async () => {
    await expect(sign(join(dir, 'gone'))).rejects.toMatchObject({
      code: 'CONFIG',
      message: `sign.key names ${join(dir, 'gone')}, which cannot be read`,
    })
    const signature = await sign(ana.file)
    vi.stubEnv('PATH', join(dir, 'bin'))
    for (const wrong of [() => sign(ana.file), () => demand(signature, [ana.line])])
      await expect(wrong()).rejects.toMatchObject({
        code: 'CONFIG',
        message: expect.stringMatching(/there is no ssh-keygen here/),
        hint: expect.stringMatching(/openssh-client/),
      })
    await mkdir(join(dir, 'bin'))
    writeFileSync(join(dir, 'bin/ssh-keygen'), '#!/bin/sh\necho "ssh-keygen: unknown option -- Y" >&2; exit 1\n')
    await chmod(join(dir, 'bin/ssh-keygen'), 0o755)
    vi.stubEnv('PATH', `${join(dir, 'bin')}:/usr/bin:/bin`)
    await expect(demand(signature, [ana.line])).rejects.toMatchObject({
      code: 'CONFIG',
      message: expect.stringMatching(/older than signatures/),
    })
  })
})

test('lines of allowedSigners are keys and nothing else, and what they allow is in one file', () => {
  expect(readSigner(ana.line)).toEqual({ type: 'ssh-ed25519', key: ana.line.split(' ')[1] })
  const file = allowedSignersFile([ana.line])
  expect(file).toBe(`releaser namespaces="releaser" ${ana.line.split(' ').slice(0, 2).join(' ')}\n`)
  const says: readonly (readonly [string, string])[] = [
    ['', 'does not begin with the type of a public key'],
    [`cert-authority ${ana.line}`, 'does not begin with the type of a public key'],
    [`* ${ana.line}`, 'does not begin with the type of a public key'],
    [`ssh-dss ${ana.line.split(' ')[1]}`, 'does not begin with the type of a public key'],
    ['ssh-ed25519-cert-v01@openssh.com AAAA', 'is a certificate, and not a key'],
    [`ssh-rsa ${ana.line.split(' ')[1]}`, 'holds no ssh-rsa key'],
    ['ssh-ed25519 AAAA', 'holds no ssh-ed25519 key'],
    ['ssh-ed25519', 'holds no ssh-ed25519 key'],
    [`${ana.line}\n* ${ana.line}`, 'has more than one line'],
  ]
  for (const [line, why] of says) expect([line, readSigner(line)]).toEqual([line, { says: why }])
})
