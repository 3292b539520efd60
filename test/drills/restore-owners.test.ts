import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Target } from '../../src/model/config.ts'
import { type Embedded, generateKeyPair, startEmbedded } from '../../src/remote/embedded.ts'
import { release } from '../support/fleet.ts'
import { type Laptop, laptop } from '../support/laptop.ts'
import { oddTree } from '../support/timer-host.ts'

/** A host where we log in as who runs these tests: as root, everybody's files come back as they were. */
const ROOT = process.getuid?.() === 0
const home = mkdtempSync(join(tmpdir(), 'releaser-restore-'))
const away = existsSync('/dev/shm') ? mkdtempSync('/dev/shm/releaser-restore-') : undefined
let server: Embedded
let keys: { readonly publicKey: string; readonly privateKey: string }
beforeAll(async () => {
  keys = await generateKeyPair('test')
  server = await startEmbedded({ home, authorizedKey: keys.publicKey, hostKey: (await generateKeyPair('test')).privateKey })
})
afterAll(async () => {
  await server?.close()
  for (const dir of [home, away]) if (dir) rmSync(dir, { recursive: true, force: true })
})

const at = (...path: string[]) => join(home, 'app', ...path)
/** Every entry with its owner, mode, links, time and content. */
const listed = (dir: string): string =>
  execFileSync(
    'sh',
    [
      '-c',
      `cd "$1/." && find . -printf '%p %y %U:%G %m %n %s %Ts %l\\0' | LC_ALL=C sort -z | tr '\\0' '|'; find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum -z`,
      'sh',
      dir,
    ],
    { encoding: 'utf8' },
  )

async function target(mine: Laptop, more: Partial<Target>): Promise<Target> {
  writeFileSync(join(mine.dir, 'key'), keys.privateKey, { mode: 0o600 })
  writeFileSync(join(mine.dir, 'known'), `[127.0.0.1]:${server.port} ${server.hostPublicKey}\n`)
  const entry = { host: '127.0.0.1', port: server.port, user: 'me', name: 'h1' }
  return { hosts: [entry], path: at(), identity: join(mine.dir, 'key'), knownHosts: join(mine.dir, 'known'), ...more }
}

it('brings a tree back byte for byte, whoever owns it and wherever it lies', { timeout: 300_000 }, async () => {
  const mine = await laptop()
  const paths = ['shared/up loads', 'shared/file', 'shared/linked', ...(away ? ['shared/away'] : [])]
  await mine.configure({ prod: await target(mine, { backup: { paths } }) })
  await release(mine, '1.0.0')
  expect(await mine.call('deploy', 'target=prod', '--yes')).toMatchObject({ code: 0 })
  oddTree(at('shared/up loads'))
  writeFileSync(at('shared/up loads/sparse'), '')
  truncateSync(at('shared/up loads/sparse'), 20_000_000)
  for (const [n, name] of ['hard', 'deep/hard too'].entries())
    execFileSync('ln', [at('shared/up loads/readonly'), at('shared/up loads', `${name} ${n}`)])
  writeFileSync(at('shared/file'), 'a file', { mode: 0o604 })
  mkdirSync(join(home, 'elsewhere'))
  writeFileSync(join(home, 'elsewhere/x'), 'linked')
  symlinkSync(join(home, 'elsewhere'), at('shared/linked'))
  if (away) {
    oddTree(join(away, 'data'))
    symlinkSync(join(away, 'data'), at('shared/away'))
  }
  if (ROOT) {
    execFileSync('chown', [
      '-h',
      '1234:4321',
      at('shared/up loads/readonly'),
      at('shared/up loads/dangling'),
      at('shared/up loads/deep'),
    ])
    execFileSync('chown', ['nobody', at('shared/file')])
  }
  execFileSync('sh', [
    '-c',
    'chmod 2750 "$1/deep" && chmod 0500 "$1/deep/er empty" && find "$1" -exec touch -h -d "2001-02-03 04:05:06" {} +',
    'sh',
    at('shared/up loads'),
  ])
  execFileSync('chmod', ['0500', at('shared/up loads')])
  const all = () =>
    paths.map((path) =>
      path === 'shared/file' ? execFileSync('stat', ['-c', '%u:%g %a %Y', at(path)], { encoding: 'utf8' }) : listed(at(path)),
    )
  const was = all()
  expect(await mine.call('backup', 'target=prod')).toMatchObject({ code: 0 })
  expect(await mine.call('backup-verify', 'target=prod')).toMatchObject({ code: 0 })

  execFileSync('sh', [
    '-c',
    'chmod -R u+w "$1"; rm -r "$1/deep"; echo more >>"$1/copy"; chmod 0500 "$1"; rm "$2"',
    'sh',
    at('shared/up loads'),
    at('shared/file'),
  ])
  writeFileSync(join(home, 'elsewhere/x'), 'changed')
  if (away) rmSync(join(away, 'data/deep'), { recursive: true })
  const spoiled = listed(at('shared/up loads'))

  // Something fails behind it: each place has again what it had.
  await mine.configure({ prod: await target(mine, { backup: { paths, restore: 'exit 3' } }) })
  expect(await mine.call('restore', 'target=prod', '--yes')).toMatchObject({ code: 7 })
  expect(listed(at('shared/up loads'))).toBe(spoiled)
  expect([existsSync(at('shared/file')), readFileSync(join(home, 'elsewhere/x'), 'utf8')]).toEqual([false, 'changed'])

  await mine.configure({ prod: await target(mine, { backup: { paths, restore: 'test -d "$RELEASER_UNPACKED"' } }) })
  expect(await mine.call('restore', 'target=prod', '--yes')).toMatchObject({ code: 0 })
  expect(all()).toEqual(was)
  for (const dir of [...(away ? [away] : []), join(home, 'elsewhere'), at('shared'), at('.releaser/restore'), at('.releaser/tx')])
    expect(readdirSync(dir).filter((name) => name.startsWith('.') || dir.endsWith('restore') || dir.endsWith('tx'))).toEqual([])
})
