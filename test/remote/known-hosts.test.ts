import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { algorithms, checkHostKey, judge, type Known, readKnown, type Trust } from '../../src/remote/host-key.ts'
import { fingerprint, type HostKey, hostKey, namesMatch, parseKnownHosts } from '../../src/remote/known-hosts.ts'

const dir = mkdtempSync(join(tmpdir(), 'releaser-known-'))
const keys: Record<string, string> = {}
const file = join(dir, 'known_hosts')

beforeAll(() => {
  for (const [name, type] of [
    ['ed', 'ed25519'],
    ['other', 'ed25519'],
    ['rsa', 'rsa'],
    ['ec', 'ecdsa'],
  ] as const) {
    execFileSync('ssh-keygen', ['-q', '-t', type, ...(type === 'rsa' ? ['-b', '2048'] : []), '-N', '', '-f', join(dir, name)])
    keys[name] = readFileSync(join(dir, `${name}.pub`), 'utf8')
      .split(' ')
      .slice(0, 2)
      .join(' ')
      .trim()
  }
})
afterAll(() => rmSync(dir, { recursive: true }))

function key(name: string): HostKey {
  const parsed = hostKey(Buffer.from(keys[name]?.split(' ')[1] ?? '', 'base64'))
  if (!parsed) throw new Error(`no key ${name}`)
  return parsed
}

const trust = (over: Partial<Trust> = {}): Trust => ({
  host: 'web1.example.com',
  port: 22,
  alias: undefined,
  files: [file],
  pins: [],
  ...over,
})

function known(text: string, over: Partial<Trust> = {}): Promise<Known> {
  writeFileSync(file, text)
  return readKnown(trust(over))
}

async function verdict(text: string, shown: string, over: Partial<Trust> = {}): Promise<string> {
  return judge(await known(text, over), key(shown)).kind
}

describe('who is meant by a line', () => {
  test('the same as ssh-keygen -F finds', () => {
    const label = fc.constantFrom('web1', 'web2', 'web*', 'w?b1', '*', 'db', 'WEB1')
    const domain = fc.constantFrom('', '.example.com', '.*', '.example.*', '.org')
    const pattern = fc.tuple(fc.constantFrom('', '', '!'), label, domain).map((parts) => parts.join(''))
    const name = fc.constantFrom('web1', 'web1.example.com', 'web2.example.com', 'db.org', '[web1]:2222')
    fc.assert(
      fc.property(fc.array(pattern, { minLength: 1, maxLength: 4 }), name, (patterns, wanted) => {
        writeFileSync(file, `${patterns.join(',')} ${keys['ed']}\n`)
        const { status } = spawnSync('ssh-keygen', ['-F', wanted, '-f', file])
        expect(namesMatch(patterns.join(','), wanted)).toBe(status === 0)
      }),
      { numRuns: 200 },
    )
  })

  test.each([
    ['web1.example.com', 'web1.example.com', true],
    ['WEB1.example.COM', 'web1.example.com', true],
    ['web1', 'web1.example.com', false],
    ['*.example.com', 'web1.example.com', true],
    ['*.example.com', 'example.com', false],
    ['web?.example.com', 'web1.example.com', true],
    ['web?.example.com', 'web12.example.com', false],
    ['*.example.com,!web1.example.com', 'web1.example.com', false],
    ['!web1.example.com,*.example.com', 'web1.example.com', false],
    ['!web2.example.com', 'web1.example.com', false],
    ['a,b,web1.example.com', 'web1.example.com', true],
    ['[web1.example.com]:2222', '[web1.example.com]:2222', true],
    ['[web1.example.com]:2222', 'web1.example.com', false],
    ['[*]:2222', '[web1.example.com]:2222', true],
    ['*', '[::1]:2222', true],
    ['::1', '::1', true],
    ['', 'web1', false],
    ['|1|broken', 'web1', false],
    ['|2|aaaa|bbbb', 'web1', false],
  ])('%s for %s: %s', (names, name, means) => {
    expect(namesMatch(names, name)).toBe(means)
  })

  test('a hostile pattern takes no time', () => {
    expect(namesMatch(`${'*a'.repeat(2000)}b`, 'a'.repeat(5000))).toBe(false)
  })
})

test('names are hashed as ssh-keygen hashes them', () => {
  writeFileSync(file, `web1.example.com ${keys['ed']}\n[web2.example.com]:2222 ${keys['rsa']}\n`)
  execFileSync('ssh-keygen', ['-q', '-H', '-f', file], { stdio: 'ignore' })
  const text = readFileSync(file, 'utf8')
  expect(text).not.toContain('example.com')
  const lines = parseKnownHosts(text, 'f')
  expect(
    lines.map(({ names }) =>
      ['web1.example.com', 'WEB1.example.com', '[web2.example.com]:2222', 'web2.example.com'].map((name) =>
        namesMatch(names, name),
      ),
    ),
  ).toEqual([
    [true, true, false, false],
    [false, false, true, false],
  ])
})

test('the fingerprint is what ssh-keygen -l says', () => {
  expect(execFileSync('ssh-keygen', ['-lf', join(dir, 'ed.pub')], { encoding: 'utf8' })).toContain(
    ` ${fingerprint(key('ed').blob)} `,
  )
})

test('comments, markers, several keys, several files, odd and broken lines', () => {
  const text = [
    '# web1.example.com ssh-ed25519 AAAA',
    '',
    `web1.example.com,10.0.0.1\t${keys['ed']} a comment with spaces`,
    `  web1.example.com ${keys['rsa']}\r`,
    `@revoked * ${keys['other']}`,
    `@cert-authority *.example.com ${keys['ec']}`,
    `@unknown web1.example.com ${keys['ed']}`,
    'web1.example.com 1024 35 1234567890', // protocol 1
    'web1.example.com ssh-ed25519',
    'web1.example.com ssh-ed25519 AAAA',
    `web1.example.com ssh-rsa ${keys['ed']?.split(' ')[1]}`, // the type is another one
    `web1.example.com ssh-ed25519 *${keys['ed']?.split(' ')[1]}`,
  ].join('\n')
  expect(parseKnownHosts(text, 'f').map(({ line, marker, names, key: { type } }) => [line, marker, names, type])).toEqual([
    [3, 'none', 'web1.example.com,10.0.0.1', 'ssh-ed25519'],
    [4, 'none', 'web1.example.com', 'ssh-rsa'],
    [5, 'revoked', '*', 'ssh-ed25519'],
    [6, 'cert-authority', '*.example.com', 'ecdsa-sha2-nistp256'],
  ])
})

describe('the verdict', () => {
  test('only a key that stands there is known', async () => {
    expect(await verdict(`web1.example.com ${keys['ed']}\n`, 'ed')).toBe('known')
    expect(await verdict(`web1.example.com ${keys['ed']}\n`, 'other')).toBe('changed')
    expect(await verdict(`web1.example.com ${keys['rsa']}\n`, 'ed')).toBe('other-type')
    expect(await verdict(`web2.example.com ${keys['ed']}\n`, 'ed')).toBe('unknown')
    expect(await verdict('', 'ed')).toBe('unknown')
  })

  test('one of several keys is enough', async () => {
    const text = `web1.example.com ${keys['other']}\nweb1.example.com ${keys['rsa']}\nweb1.example.com ${keys['ed']}\n`
    expect(await verdict(text, 'ed')).toBe('known')
    expect(await verdict(text, 'rsa')).toBe('known')
  })

  test('a revoked key is refused even where it is known', async () => {
    expect(await verdict(`web1.example.com ${keys['ed']}\n@revoked * ${keys['ed']}\n`, 'ed')).toBe('revoked')
    expect(await verdict(`@revoked * ${keys['other']}\nweb1.example.com ${keys['ed']}\n`, 'ed')).toBe('known')
  })

  test('a certificate authority vouches for no plain key', async () => {
    const found = judge(await known(`@cert-authority *.example.com ${keys['ed']}\n`), key('ed'))
    expect(found).toEqual({ kind: 'unknown' })
  })

  test('another port is another host, and a line without port vouches for it as it does for ssh', async () => {
    expect(await verdict(`[web1.example.com]:2222 ${keys['ed']}\n`, 'ed', { port: 2222 })).toBe('known')
    expect(await verdict(`[web1.example.com]:2222 ${keys['ed']}\n`, 'ed')).toBe('unknown')
    expect(await verdict(`web1.example.com ${keys['ed']}\n`, 'ed', { port: 2222 })).toBe('known')
    expect(await verdict(`web1.example.com ${keys['ed']}\n`, 'other', { port: 2222 })).toBe('unknown')
    expect(
      await verdict(`web1.example.com ${keys['ed']}\n[web1.example.com]:2222 ${keys['other']}\n`, 'ed', { port: 2222 }),
    ).toBe('changed')
  })

  test('HostKeyAlias is looked up instead, without a port', async () => {
    expect(await verdict(`shop ${keys['ed']}\n`, 'ed', { alias: 'shop', port: 2222 })).toBe('known')
    expect(await verdict(`[web1.example.com]:2222 ${keys['ed']}\n`, 'ed', { alias: 'shop', port: 2222 })).toBe('unknown')
  })

  test('a file that is not there says nothing, one that cannot be read ends it', async () => {
    expect(await readKnown(trust({ files: [join(dir, 'nowhere')] }))).toEqual({ lines: [], portless: [] })
    await expect(readKnown(trust({ files: [dir] }))).rejects.toMatchObject({
      code: 'HOST_KEY',
      message: `cannot read ${dir} (EISDIR)`,
    })
  })
})

test('pins of the config stand above known_hosts, but not above @revoked', async () => {
  const pins = [fingerprint(key('ed').blob)]
  const check = async (text: string, shown: string): Promise<string | undefined> =>
    checkHostKey('web1', trust({ pins }), await known(text), key(shown).blob)?.code
  expect(await check('', 'ed')).toBe(undefined)
  expect(await check(`web1.example.com ${keys['other']}\n`, 'other')).toBe('HOST_KEY')
  expect(await check(`@revoked * ${keys['ed']}\n`, 'ed')).toBe('HOST_KEY')
})

test('the types that are known are asked for first, RSA with SHA-2 only', async () => {
  const rest = ['ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521']
  expect(algorithms(await known(''))).toEqual(['ssh-ed25519', ...rest, 'rsa-sha2-512', 'rsa-sha2-256'])
  expect(algorithms(await known(`web1.example.com ${keys['rsa']}\n`))).toEqual([
    'rsa-sha2-512',
    'rsa-sha2-256',
    'ssh-ed25519',
    ...rest,
  ])
  expect(algorithms(await known(`@revoked * ${keys['rsa']}\n`))[0]).toBe('ssh-ed25519')
})

describe('rubbish', () => {
  const field = fc.oneof(
    fc.constantFrom('web1.example.com', '*', '!*', '|1|a|b', '@revoked', '@cert-authority', 'ssh-ed25519', 'ssh-rsa', '#'),
    fc.string({ maxLength: 20 }),
  )
  const line = fc.oneof(
    fc.array(field, { maxLength: 5 }).map((fields) => fields.join(' ')),
    fc.array(fc.oneof(field, fc.constant('KEY')), { maxLength: 5 }).map((fields) => fields.join(' ')),
    fc.string({ unit: 'binary', maxLength: 60 }),
  )

  test('no line that ssh-keygen would not find makes a key known', () => {
    // What is true of each line: it is accepted only where it holds the whole key, under a name that matches.
    const blob = key('ed').blob.toString('base64')
    fc.assert(
      fc.property(line, (text) => {
        const written = text.replaceAll('KEY', blob)
        const lines = parseKnownHosts(written, 'f')
        const accepted = lines.some(
          (one) => one.marker === 'none' && namesMatch(one.names, 'web1.example.com') && one.key.blob.equals(key('ed').blob),
        )
        // As for OpenSSH, there may be many blanks between two fields.
        if (accepted) expect(written.split(/[ \t]+/).join(' ')).toContain(`ssh-ed25519 ${blob}`)
      }),
      { numRuns: 5000 },
    )
  })

  test('a key that lost or changed one character is another one, or none', () => {
    const [type, base64 = ''] = keys['ed']?.split(' ') ?? []
    for (let at = 0; at < base64.length; at++) {
      const mangled = `${base64.slice(0, at)}${base64[at] === 'A' ? 'B' : 'A'}${base64.slice(at + 1)}`
      const found = parseKnownHosts(
        `web1.example.com ${type} ${mangled}\nweb1.example.com ${type} ${base64.slice(0, at)}${base64.slice(at + 1)}`,
        'f',
      )
      expect(found.some((one) => one.key.blob.equals(key('ed').blob))).toBe(false)
    }
  })

  test('bytes that a stranger shows as a key reach no terminal', () => {
    const type = Buffer.from('\x1b[31mssh')
    const length = Buffer.alloc(4)
    length.writeUInt32BE(type.length)
    const error = checkHostKey('web1', trust(), { lines: [], portless: [] }, Buffer.concat([length, type, Buffer.alloc(32)]))
    expect(error).toMatchObject({ code: 'HOST_KEY', message: 'web1 shows a host key that is none' })
  })
})
