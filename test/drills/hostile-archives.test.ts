import { execFileSync } from 'node:child_process'
import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test, vi } from 'vitest'
import { importTarball } from '../../src/local/import.ts'
import { ReleaserError } from '../../src/model/errors.ts'
import { runCli } from '../support/cli.ts'
import { laptop } from '../support/laptop.ts'
import { project } from '../support/project.ts'
import { base256, type Member, pax, rawHeader, rawMember, rawTar } from '../support/raw-tar.ts'
import { listTree } from '../support/tree.ts'

// Many calls of the command line; on a busy machine each takes seconds.
vi.setConfig({ testTimeout: 300_000 })

const ZSTD = execFileSync('sh', ['-c', 'command -v zstd'], { encoding: 'utf8' }).trim()
const zstd = (bytes: Buffer): Buffer => execFileSync('zstd', ['-qc'], { input: bytes, maxBuffer: 1e9 })
const FILE: Member = { name: 'file', body: 'content' }
const LONG = 'long/'.repeat(600)

/** Imports an archive in a folder of its own: whatever comes of it, nothing but the store's own tarball may lie anywhere else than before. */
async function take(bytes: Buffer, limits?: Parameters<typeof importTarball>[0]['limits']) {
  const dir = await project({ 'canary/keep': 'kept', 'etc/passwd': 'kept' })
  const file = join(dir, 'x.tar')
  await writeFile(file, bytes)
  await mkdir(join(dir, 'store'))
  const before = await listTree(dir)
  const packed = await importTarball({ file, storeDir: join(dir, 'store'), app: 'shop', ...(limits && { limits }) }).catch(
    (error: unknown) => error,
  )
  const left = await readdir(join(dir, 'store/tmp')).catch(() => [])
  if (packed instanceof Error) expect(left).toEqual([])
  else expect(left).toHaveLength(1)
  const outside = (await listTree(dir)).filter((line) => !line.includes('store/tmp'))
  expect(outside).toEqual(before)
  if (packed instanceof Error) throw packed
  return packed as Awaited<ReturnType<typeof importTarball>>
}

/** Refused as plain tar, as gzip and as zstd, with exit code 2 and a hint. */
async function refusal(bytes: Buffer): Promise<string> {
  const messages: string[] = []
  for (const form of [bytes, gzipSync(bytes, { level: 1 }), zstd(bytes)]) {
    const error: unknown = await take(form).then(
      () => new Error('it was taken'),
      (refused: unknown) => refused,
    )
    if (!(error instanceof ReleaserError)) throw error
    expect(error).toMatchObject({ code: 'USAGE', exitCode: 2, hint: expect.any(String) })
    messages.push(error.message.replace(/^.*\/x\.tar is/, 'it is'))
  }
  expect(new Set(messages).size).toBe(1)
  return messages[0] ?? ''
}

const DAMAGED = /^it is damaged, or no tar archive/

test.each<[string, readonly Member[], string | RegExp]>([
  ['a path that a pax header makes climb', [pax({ path: '../../canary/x' }), FILE], /"..\/..\/canary\/x" climbs out/],
  ['a path that a pax header makes absolute', [pax({ path: '/tmp/x' }), FILE], 'the path "/tmp/x" is absolute'],
  ['a path with a NUL in a pax header', [pax({ path: 'a\0b' }), FILE], 'the name of "a\\u0000b" holds a control character'],
  ['a path with a newline in a pax header', [pax({ path: 'a\nb' }), FILE], 'the name of "a\\nb" holds a control character'],
  ['a global pax path', [pax({ path: '../x' }, 'g'), pax({ comment: '' }), FILE], 'the path "../x" climbs out of its folder'],
  [
    'a link that a pax header leads out',
    [pax({ linkpath: '/etc' }), { name: 'l', type: '2', link: 'file' }],
    /out of the archive, to "\/etc"/,
  ],
  ['a pax size that is negative', [pax({ size: '-1' }), FILE], DAMAGED],
  ['a pax size that is no number', [pax({ size: 'many' }), FILE], DAMAGED],
  ['a pax size of nothing', [pax({ size: '0' }), { ...FILE, body: 'x'.repeat(600) }], DAMAGED],
  ['a pax size of 100 GB', [pax({ size: '100000000000' }), FILE], /more than 1000000000 bytes/],
  ['a pax header of 5 MB', [{ name: 'p', type: 'x', body: 'x'.repeat(5e6) }, FILE], DAMAGED],
  ['a pax header with a negative size', [{ name: 'p', type: 'x', size: base256(-5n) }, FILE], DAMAGED],
  ['a pax path of 1 MB', [pax({ path: 'x/'.repeat(500_000) }), FILE], /^the path "x\/.*"… is longer than 3000 bytes$/],
  [
    'a long name of GNU that climbs',
    [
      {
        name: 'L',
        type: 'L',
        body: `${LONG.slice(0, 200)}../../../../../../../../../../../../../../../../../../../../../../../../../../../../../../../../../../../../../../../../../../x\0`,
      },
      FILE,
    ],
    /climbs out of its folder$/,
  ],
  ['a long name of GNU of 4 MB', [{ name: 'L', type: 'L', body: 'x'.repeat(4e6) }, FILE], /longer than 3000 bytes$/],
  [
    'a long link of GNU that leads out',
    [
      { name: 'K', type: 'K', body: `/${LONG.slice(0, 120)}\0` },
      { name: 'l', type: '2', link: 'file' },
    ],
    /^the link "l" leads out/,
  ],
  [
    'a symlink to a name of 4 kB',
    [pax({ linkpath: LONG + LONG }), { name: 'l', type: '2', link: 'x' }],
    /^the link "l" points to .* longer than 3000 bytes$/,
  ],
  ['a name of 256 bytes', [pax({ path: `d/${'é'.repeat(128)}` }), FILE], /is longer than 255 bytes$/],
  ['a name of invalid UTF-8', [{ ...FILE, name: Buffer.from([0x61, 0xff, 0xfe]) }], /is not valid UTF-8$/],
  ['a name that clears the screen', [{ ...FILE, name: '\x1b[2J\x1b]0;x\x07' }], /holds a control character$/],
  ['a name with a C1 control', [pax({ path: 'a\u009b31m' }), FILE], /"a\\u009b31m" holds a control character$/],
  ['a tab in a name', [{ ...FILE, name: 'a\tb' }], 'the name of "a\\tb" holds a control character'],
  [
    'a file through a symlink',
    [
      { name: 'l', type: '2', link: 'd' },
      { name: 'd', type: '5' },
      { name: 'l/x', body: 'x' },
    ],
    '"l/x" lies below "l", which is a symlink',
  ],
  [
    'a symlink that is replaced by a folder',
    [
      { name: 'l', type: '2', link: '/etc' },
      { name: 'l/', type: '5' },
    ],
    'the archive holds "l" twice',
  ],
  [
    'a hard link through a symlink',
    [
      { name: 's', type: '2', link: '/etc' },
      { name: 'h', type: '1', link: 's/passwd' },
    ],
    /which is no file before it/,
  ],
  ['a hard link to the outside', [{ name: 'h', type: '1', link: '../etc/passwd' }], /climbs out of its folder$/],
  ['a sparse file of old GNU tar', [{ ...FILE, type: 'S' }], '"file" is a thing of an unknown kind'],
  [
    'a sparse file of new GNU tar',
    [pax({ 'GNU.sparse.major': '1', 'GNU.sparse.realsize': '99999999999' }), FILE],
    '"file" is a sparse file',
  ],
  ['a contiguous file', [{ ...FILE, type: '7' }], '"file" is a contiguous-file'],
  ['a piece of another volume', [{ ...FILE, type: 'M' }], '"file" is a thing of an unknown kind'],
  ['a volume label', [{ name: 'label', type: 'V' }, FILE], '"label" is a thing of an unknown kind'],
  ['a character device', [{ name: 'null', type: '3' }], '"null" is a character-device'],
  ['a block device', [{ name: 'sda', type: '4' }], '"sda" is a block-device'],
  ['a FIFO', [{ name: 'pipe', type: '6' }], '"pipe" is a fifo'],
  ['a size that is negative', [{ ...FILE, size: base256(-512n) }], DAMAGED],
  ['a size of 2^90', [{ ...FILE, size: base256(1n << 80n) }], /more than 1000000000 bytes/],
  ['a size that is no number', [{ ...FILE, size: Buffer.from('9x9999999999') }], DAMAGED],
  ['a folder with a content', [{ name: 'd', type: '5', body: 'x'.repeat(600) }, FILE], DAMAGED],
  ['a wrong sum', [{ ...FILE, sum: '0001234\0' }], DAMAGED],
  ['a path of `.` alone', [{ ...FILE, name: './.' }], 'a file of the archive has no name'],
  ['a name of nothing', [{ ...FILE, name: '' }], 'a file of the archive has no name'],
])('refuses %s', async (_, members, message) => {
  const told = await refusal(rawTar(...members))
  expect(told).toMatch(message)
  expect(told.length).toBeLessThan(1200)
})

test('a hard link costs an archive nothing and a release a whole file: they count as files', async () => {
  const links = Array.from({ length: 50 }, (_, n): Member => ({ name: `h${n}`, type: '1', link: 'file' }))
  const bytes = gzipSync(rawTar({ name: 'file', body: Buffer.alloc(100_000) }, ...links))
  const limits = { entries: 100, bytes: 4e6, ratio: 200 }
  await expect(take(bytes, limits)).rejects.toMatchObject({ message: /^the archive would unpack to more than 4000000 bytes/ })
  expect((await take(bytes, { ...limits, bytes: 6e6 })).unpackedBytes).toBe(5_100_000)
})

test('what no entry counts is counted too: headers of headers, and what lies behind the end', async () => {
  const limits = { entries: 100, bytes: 3e6, ratio: 20 }
  const headers = Array.from({ length: 40 }, () => pax({ comment: 'x'.repeat(100_000) }, 'g'))
  for (const bytes of [rawTar(...headers, FILE), Buffer.concat([rawTar(FILE), Buffer.alloc(4e6)])])
    await expect(take(gzipSync(bytes), limits)).rejects.toMatchObject({
      message: /^the archive would unpack to more than 3000000/,
    })
})

test('links that are made to be followed for ever are followed for a moment', async () => {
  const chain = Array.from({ length: 300 }, (_, n) => [
    pax({ path: `l${n}`, linkpath: `${'d/'.repeat(1200)}../${'d/'.repeat(200)}l` }),
    { name: 'l', type: '2', link: 'x' },
  ])
  const end = [pax({ path: `${'d/'.repeat(1399)}l`, linkpath: `${'d/'.repeat(1300)}l` }), { name: 'l', type: '2', link: 'x' }]
  await expect(take(gzipSync(rawTar(...chain.flat(), ...end)))).rejects.toMatchObject({ message: /cannot be followed in any/ })
})

test('names that are one to some hosts are taken, with a warning', async () => {
  const { warnings, files } = await take(
    rawTar(FILE, { ...FILE, name: 'FILE' }, pax({ path: 'caf\u00e9' }), FILE, pax({ path: 'cafe\u0301' }), FILE),
  )
  expect(files).toBe(4)
  expect(warnings).toHaveLength(2)
})

test('setuid, setgid and sticky bits go, whatever else a mode says', async () => {
  const { manifest } = await take(rawTar({ ...FILE, mode: 0o7777 }, { name: 'd', type: '5', mode: 0o7777 }))
  expect(manifest.map((entry) => 'mode' in entry && entry.mode.toString(8))).toEqual(['755', '755'])
})

test('an archive of nothing is empty, whatever it is made of', async () => {
  expect(await refusal(rawTar())).toBe('the archive is empty')
  expect(await refusal(Buffer.alloc(100 * 512))).toBe('the archive is empty')
  expect(await refusal(rawTar({ name: './', type: '5' }, pax({ comment: 'x' })))).toBe('the archive is empty')
})

test('several members and frames are one archive; rubbish behind it is refused', async () => {
  const bytes = rawTar(FILE, { name: 'second', body: 'x'.repeat(3000) })
  const { digest } = await take(bytes)
  const [a, b] = [bytes.subarray(0, 700), bytes.subarray(700)]
  expect((await take(Buffer.concat([gzipSync(a), gzipSync(b)]))).digest).toBe(digest)
  expect((await take(Buffer.concat([zstd(a), zstd(b)]))).digest).toBe(digest)
  const rubbish = Buffer.from('rubbish'.repeat(300))
  const odds = [
    [gzipSync(bytes), rubbish],
    [zstd(bytes), rubbish],
    [bytes, rubbish],
    [gzipSync(bytes), gzipSync(rubbish)],
  ]
  for (const odd of odds.map((parts) => Buffer.concat(parts)))
    await expect(take(odd)).rejects.toMatchObject({ code: 'USAGE', message: /is damaged, or no tar archive/ })
  // A second archive behind the first is held to the same rules.
  await expect(take(Buffer.concat([bytes, rawTar({ name: '../x', body: 'x' })]))).rejects.toMatchObject({ message: /climbs/ })
})

/** Prints at the end how much memory the process had at most, in kB. */
const PEAK = "process.on('exit', () => process.stderr.write('peak ' + process.resourceUsage().maxRSS + '\\n'))"
/** Nothing that unpacks gets more than this, in kB. */
const ROOM = 400_000

test('bombs are refused by what they would become, and nobody needs much memory for that', async () => {
  const mine = await laptop({ 'peak.mjs': PEAK, 'bin/zstd': `#!/bin/sh\nulimit -v ${ROOM}\nexec ${ZSTD} "$@"\n` })
  await mine.configure({})
  await chmod(join(mine.dir, 'bin/zstd'), 0o755)
  const path = `${join(mine.dir, 'bin')}:${process.env['PATH']}`
  const zeros = Buffer.alloc(10e6)
  // 10 GB each, of pieces that were compressed once.
  const repeated = (pack: (bytes: Buffer) => Buffer, head: Buffer, body: Buffer, times: number): Buffer => {
    const [first, then] = [pack(head), pack(body)]
    return Buffer.concat([first, ...Array.from({ length: times }, () => then)])
  }
  const whole = rawHeader({ name: 'zeros', size: base256(10n ** 10n) })
  const files = Buffer.concat(Array.from({ length: 10 }, (_, n) => rawMember({ name: `z${n}`, body: zeros.subarray(0, 1e6) })))
  const headers = rawMember(pax({ comment: 'x'.repeat(3e6) }, 'g'))
  const bombs: Readonly<Record<string, readonly [() => Buffer, RegExp]>> = {
    'one file.tar.gz': [() => repeated(gzipSync, whole, zeros, 1000), /would unpack to more than 1000000000 bytes/],
    'one file.tar.zst': [() => repeated(zstd, whole, zeros, 1000), /would unpack to more than 1000000000 bytes/],
    'behind its end.tar.gz': [() => repeated(gzipSync, rawTar(FILE), zeros, 1000), /would unpack to more than 1000000000 bytes/],
    'headers.tar.zst': [() => repeated(zstd, headers, headers, 3333), /would unpack to more than 1000000000 bytes/],
    'twice.tar.zst': [() => repeated(zstd, files, files, 1000), /holds "z0" twice/],
    '2 GB window.tar.zst': [
      () => execFileSync('sh', ['-c', 'cat | zstd -qc --ultra --long=31'], { input: rawTar(FILE) }),
      /too much memory|memory limit|window/i,
    ],
    '10 million entries.tar.zst': [() => millions(), /holds more than 1000000 entries/],
  }
  const before = (await listTree(mine.dir)).filter((line) => !line.startsWith('bomb'))
  const peaks: Record<string, number> = {}
  for (const [name, [make, message]] of Object.entries(bombs)) {
    await writeFile(join(mine.dir, 'bomb'), make())
    const { code, stdout, stderr } = await runCli(['import', 'file=bomb', 'app=shop', '--json'], {
      cwd: mine.dir,
      env: { ...mine.env, PATH: path },
      node: ['--import', join(mine.dir, 'peak.mjs')],
    })
    peaks[name] = Number(/^peak (\d+)$/m.exec(stderr)?.[1])
    expect([name, code, JSON.parse(stdout.trim().split('\n').at(-1) ?? '')]).toMatchObject([
      name,
      2,
      { code: 'USAGE', message: expect.stringMatching(message), hint: expect.any(String) },
    ])
  }
  await rm(join(mine.dir, 'bomb'))
  const kept = (await listTree(mine.dir)).filter((line) => !line.startsWith('.releaser'))
  expect(kept).toEqual(before.filter((line) => !line.startsWith('.releaser')))
  expect((await listTree(join(mine.dir, '.releaser'))).filter((line) => line.includes('tar'))).toEqual([])
  for (const [name, peak] of Object.entries(peaks))
    expect([name, peak < (name.startsWith('10 million') ? 2 : 1) * ROOM]).toEqual([name, true])
})

/** More than ten million empty files, compressed: the first million and a bit have names of their own, nobody gets to see the others. */
function millions(): Buffer {
  const block = rawHeader({ name: 'n0000000' })
  const sum = block.reduce((all, byte) => all + byte, 0) - block.subarray(148, 156).reduce((all, byte) => all + byte, 0) + 8 * 32
  const pieces = Array.from({ length: 11 }, (_, piece) => {
    const many = Buffer.alloc(100_000 * 512)
    for (let n = 0; n < 100_000; n++) {
      const digits = String(piece * 100_000 + n).padStart(7, '0')
      block.write(digits, 1, 'latin1')
      const more = [...digits].reduce((all, digit) => all + Number(digit), 0)
      block.write(`${(sum + more).toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
      block.copy(many, n * 512)
    }
    return zstd(many)
  })
  return Buffer.concat(Array.from({ length: 110 }, (_, index) => pieces[index % pieces.length] ?? Buffer.alloc(0)))
}

test('cut or with one bit turned, wherever: refused, or what it was', async () => {
  const plain = rawTar(FILE, { name: 'second', body: Buffer.from(Array.from({ length: 3000 }, (_, n) => (n * n * 7) % 251)) })
  const { digest } = await take(plain)
  for (const bytes of [gzipSync(plain), zstd(plain)]) {
    const every = Math.ceil(bytes.length / 25)
    for (let at = 1; at < bytes.length; at += every) {
      const flipped = Buffer.from(bytes)
      flipped.writeUInt8((flipped[at] ?? 0) ^ (1 << (at % 8)), at)
      for (const damaged of [flipped, bytes.subarray(0, at)]) {
        const ended = await take(damaged).catch((error: unknown) => error)
        // The head of a gzip says when it was made, and on what.
        if (ended instanceof Error) expect(ended).toMatchObject({ code: 'USAGE', hint: expect.any(String) })
        else expect(ended).toMatchObject({ digest })
      }
    }
  }
  const one = rawTar(FILE)
  const same = (await take(one)).digest
  for (let at = 0; at < 512; at += 7) {
    const flipped = Buffer.from(one)
    flipped.writeUInt8((flipped[at] ?? 0) ^ 1, at)
    const ended = await take(flipped).catch((error: unknown) => error)
    // Nobody reads what stands behind the digits of the sum.
    if (ended instanceof Error) expect(ended).toMatchObject({ code: 'USAGE' })
    else expect([at, ended]).toMatchObject([154, { digest: same }])
  }
})
