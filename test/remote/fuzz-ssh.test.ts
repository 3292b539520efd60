import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { ReleaserError } from '../../src/model/errors.ts'
import type { Host } from '../../src/model/target.ts'
import { sshTarget } from '../../src/remote/connect.ts'
import { checkHostKey, readKnown } from '../../src/remote/host-key.ts'
import { seeded } from '../fault/random.ts'
import { listTree } from '../support/tree.ts'

const random = seeded('fuzzed configurations and keys')
const dir = mkdtempSync(join(tmpdir(), 'releaser-fuzz-'))
afterAll(() => rmSync(dir, { recursive: true }))

const some = (most: number): number => Math.floor(random() * (most + 1))
const pick = <T>(list: readonly T[]): T => list[some(list.length - 1)] as T
const bytes = (most: number): string => Array.from({ length: some(most) }, () => String.fromCharCode(1 + some(254))).join('')

const KEYS = [
  ...'Host Match HostName User Port IdentityFile IdentitiesOnly IdentityAgent UserKnownHostsFile GlobalKnownHostsFile'.split(' '),
  ...'HostKeyAlias ProxyJump ProxyCommand ConnectTimeout ServerAliveInterval AddressFamily Include CertificateFile SetEnv'.split(
    ' ',
  ),
  ...'StrictHostKeyChecking CanonicalizeHostname KnownHostsCommand PKCS11Provider LocalCommand PermitLocalCommand'.split(' '),
]
const VALUES = [
  ...[
    '*',
    '!web1',
    'web1',
    'none',
    'yes',
    'no',
    'accept-new',
    '22',
    '-1',
    '99999999999999999999',
    '~/x',
    '%h %% %n',
    '%',
    '"',
    "'",
    '\\',
  ],
  ...[
    '$(touch hit)',
    '`touch hit`',
    '; touch hit',
    `\${HOME}`,
    `\${`,
    '-oProxyCommand=touch hit',
    'all',
    'canonical',
    'x'.repeat(2000),
  ],
]
/** What takes nearly any value. */
const TOLERANT = 'Host IdentityFile HostKeyAlias UserKnownHostsFile GlobalKnownHostsFile LocalCommand'.split(' ')

function fuzzedLine(keys: readonly string[]): string {
  if (keys !== TOLERANT && random() < 0.1) return bytes(40).replaceAll('\n', ' ')
  const any = random() < 0.7 ? pick(VALUES) : bytes(20)
  // Quotes that do not end and values that are none end it all, which the other files show.
  const value = keys === TOLERANT ? any.replaceAll(/["'\\#=%${}\s]/g, '') || 'x' : any
  const text = `${pick(keys)}${pick([' ', '=', '\t', '  '])}${value}`.replaceAll('\n', ' ')
  // What ssh -G itself would run is ssh's own business, and not what is looked at here.
  return /match.*exec/i.test(text) ? '' : text
}

const host: Host = {
  name: 'web1',
  host: 'web1',
  user: undefined,
  port: undefined,
  path: 'x',
  env: {},
  tags: [],
  identity: undefined,
}

/** What is made of a configuration: words of ours, or a refusal in words. */
async function made(options: Parameters<typeof sshTarget>[2]): Promise<'resolved' | 'refused'> {
  try {
    const target = await sshTarget(host, {}, options)
    expect([typeof target.hostname, [0, 4, 6].includes(target.family)]).toEqual(['string', true])
    return 'resolved'
  } catch (error) {
    if (error instanceof ReleaserError && error.code === 'CONFIG') return 'refused'
    throw error
  }
}

test('5,000 fuzzed lines of ssh_config, and as many of what ssh says of them: resolved, or refused in words', async () => {
  const ends = { resolved: 0, refused: 0 }
  const [configFile, answer, ssh] = [join(dir, 'config'), join(dir, 'answer'), join(dir, 'ssh')]
  writeFileSync(ssh, `#!/bin/sh\nexec cat '${answer}'\n`)
  chmodSync(ssh, 0o755)
  const before = (await listTree(dir)).map((line) => line.split(' ')[0])
  for (let file = 0; file < 100; file++) {
    // ssh stops at the first line that is wrong.
    const lines = Array.from({ length: 50 }, () => fuzzedLine(file % 4 === 0 ? KEYS : TOLERANT))
    writeFileSync(configFile, `Host ${pick(['other', 'web1', '*'])}\n${lines.join('\n')}\n`)
    ends[await made({ configFile })]++
    if (file % 2 === 0) continue
    writeFileSync(answer, Array.from({ length: 100 }, () => fuzzedLine(KEYS)).join('\n'))
    ends[await made({ configFile: '/dev/null', ssh })]++
  }
  console.log('fuzzed configurations:', ends)
  expect(ends.resolved).toBeGreaterThan(60)
  expect(ends.refused).toBeGreaterThan(5)
  const left = (await listTree(dir)).map((line) => line.split(' ')[0])
  expect(left.filter((name) => !before.includes(name))).toEqual(['answer', 'config'])
})

test('5,000 fuzzed host keys, and 5,000 fuzzed lines of known_hosts: none is accepted but the key that is known', async () => {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(dir, 'key')])
  const [type = '', base64 = ''] = readFileSync(join(dir, 'key.pub'), 'utf8').split(' ')
  const key = Buffer.from(base64, 'base64')
  const trust = { host: 'web1', port: 22, alias: undefined, files: [join(dir, 'known')], pins: [] }
  const bent = (blob: Buffer): Buffer => {
    const other = Buffer.from(blob)
    for (let times = 1 + some(3); times > 0; times--) other[some(other.length - 1)] = some(255)
    if (other.equals(blob)) other[0] = 255
    return pick([other, other, other.subarray(0, some(other.length)), Buffer.concat([other, Buffer.from(bytes(8), 'latin1')])])
  }
  writeFileSync(trust.files[0] ?? '', `web1 ${type} ${base64}\n`)
  const known = await readKnown(trust)
  expect(checkHostKey('web1', trust, known, key)).toBeUndefined()
  for (let turn = 0; turn < 5000; turn++) {
    const shown = turn % 10 === 0 ? Buffer.from(bytes(80), 'latin1') : bent(key)
    const refused = checkHostKey('web1', trust, known, shown)
    if (!shown.equals(key)) expect(refused).toMatchObject({ code: 'HOST_KEY', exitCode: 3 })
  }
  const line = (): string => {
    const names = pick(['web1', '*', 'web1,!web1', '|1|a|b', '|1||', '[web1]:22', '!*', 'w?b1', '@revoked', bytes(10)])
    const blob = pick([
      bent(key).toString('base64'),
      base64.slice(1 + some(19)),
      `${base64.slice(0, -some(8) - 1)}`,
      bytes(60),
      `${base64}=A`,
    ])
    return [
      ...(random() < 0.2 ? [pick(['@cert-authority', '@revoked', '@', '#'])] : []),
      names,
      pick([type, 'ssh-rsa', bytes(5)]),
      blob,
    ].join(pick([' ', '\t', '  ']))
  }
  for (let file = 0; file < 50; file++) {
    writeFileSync(trust.files[0] ?? '', Buffer.from(Array.from({ length: 100 }, line).join('\n'), 'latin1'))
    const read = await readKnown(trust)
    expect(checkHostKey('web1', trust, read, key)).toMatchObject({ code: 'HOST_KEY' })
    for (let turn = 0; turn < 5; turn++) {
      const shown = bent(key)
      // A bent key may stand in the file as it is; that is chance, and not looked for.
      if (!read.lines.some(({ key: { blob } }) => blob.equals(shown)))
        expect(checkHostKey('web1', trust, read, shown)).toMatchObject({ code: 'HOST_KEY' })
    }
  }
})
