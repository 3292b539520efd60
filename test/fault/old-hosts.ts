import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { processRemote } from '../../src/remote/process.ts'
import { driver } from '../support/driver.ts'
import { pathOf } from '../support/shells.ts'
import { leftovers, violations } from './invariants.ts'

/** A host that lacks something, and how it ends there: it works, or it is refused by name before anything is touched. */
export interface OldHost {
  readonly name: string
  readonly without?: readonly string[]
  /** Tools that are there and can do less: what stands before the real one is called. */
  readonly weaker?: Readonly<Record<string, string>>
  readonly shell?: readonly [string, ...string[]]
  readonly busybox?: boolean
  readonly ends: RegExp | 'works'
}

const REFUSES = (words: string) => `for word; do case $word in ${words}) echo "usage" >&2; exit 1 ;; esac; done`
const NO_PROC = '/usr/bin/mount -t tmpfs none /proc && exec sh -c "$1"'
const lacks = (tool: string): OldHost => ({ name: `no ${tool}`, without: [tool], ends: new RegExp(`^h1 lacks ${tool}$`) })

export const OLD_HOSTS: readonly OldHost[] = [
  { name: 'busybox only', busybox: true, ends: 'works' },
  { name: 'no flock', without: ['flock'], ends: 'works' },
  { name: 'no setsid', without: ['setsid'], ends: 'works' },
  { name: 'no zstd', without: ['zstd'], ends: 'works' },
  { name: 'no df, no du', without: ['df', 'du'], ends: 'works' },
  { name: 'no sha256sum', without: ['sha256sum'], ends: 'works' },
  { name: 'nothing but openssl to hash with', without: ['sha256sum', 'shasum'], ends: 'works' },
  {
    name: 'nothing to hash with',
    without: ['sha256sum', 'shasum', 'openssl'],
    ends: /^h1 lacks sha256sum or shasum or openssl$/,
  },
  { name: 'a sync without operands', weaker: { sync: REFUSES('*') }, ends: 'works' },
  { name: 'an mv like BSD', weaker: { mv: REFUSES('-T|-t|--*') }, ends: 'works' },
  { name: 'a cp without --reflink', weaker: { cp: REFUSES('--*') }, ends: 'works' },
  { name: 'a sleep without fractions', weaker: { sleep: REFUSES('*.*') }, ends: 'works' },
  { name: 'a head without -c', weaker: { head: REFUSES('-c') }, ends: /^h1 lacks head -c$/ },
  { name: 'an xargs without -0', weaker: { xargs: REFUSES('-0') }, ends: /^h1 lacks xargs -0$/ },
  { name: 'no /proc', shell: ['/usr/bin/unshare', '-m', 'sh', '-c', NO_PROC, 'sh'], ends: 'works' },
  // Without dd the agent itself cannot arrive.
  { name: 'no dd', without: ['dd'], ends: /^h1: the host lacks dd$/ },
  ...'awk cat chmod cmp cp cut date find grep gzip ln ls mkdir mkfifo mv readlink rm rmdir sed sleep sort sync tail tar tr wc'
    .split(' ')
    .map(lacks),
]

/** Deploys twice and goes back there. Returns what is wrong; nothing is to be. */
export async function tryOldHost(old: OldHost): Promise<string[]> {
  const base = await mkdtemp(join(tmpdir(), 'releaser-old-'))
  try {
    const env = { PATH: old.busybox ? pathOf('busybox', join(base, 'bin')) : await toolsOf(join(base, 'bin'), old), HOME: base }
    const path = join(base, 'app')
    const connect = async () => processRemote({ env, cwd: base, shell: old.shell ?? [join(base, 'bin/sh'), '-c'] })
    const d = driver({ hosts: [{ connect, path }], target: { hooks: { 'post-activate': 'cat version' } } })
    const [a, b] = [await d.pack(await tree(base, 'a')), await d.pack(await tree(base, 'b'))]
    const told = await d.roll(a).then(
      () => 'works',
      (error: Error) => error.message,
    )
    if (old.ends !== 'works') {
      const touched = existsSync(path) ? [`${path} was touched`] : []
      return old.ends.test(told) ? touched : [told, ...touched]
    }
    if (told !== 'works') return [told]
    await d.roll(b)
    await d.roll(a, { action: 'rollback' })
    return [...(await violations(path, { before: b.id, after: a.id, reported: 'done' })), ...(await leftovers(path))]
  } catch (error) {
    return [(error as Error).message]
  } finally {
    await rm(base, { recursive: true, force: true })
  }
}

/** What the agent may use, here as it is on this machine. */
const TOOLS =
  'awk cat chmod cmp cp cut date dd df du find flock grep gzip head ln ls mkdir mkfifo mv openssl readlink rm rmdir sed setsid sh sha256sum shasum sleep sort sync tail tar tr uname wc xargs zstd'

async function toolsOf(dir: string, { without = [], weaker = {} }: OldHost): Promise<string> {
  await mkdir(dir)
  for (const tool of TOOLS.split(' ')) {
    if (without.includes(tool)) continue
    const real = execFileSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).trim()
    const first = weaker[tool]
    if (first === undefined) await symlink(real, join(dir, tool))
    else {
      await writeFile(join(dir, tool), `#!/bin/sh\n${first}\nexec ${real} "$@"\n`)
      await chmod(join(dir, tool), 0o755)
    }
  }
  return dir
}

async function tree(base: string, version: string): Promise<string> {
  const dir = await mkdtemp(join(base, 'build-'))
  await mkdir(join(dir, 'a folder'))
  await writeFile(join(dir, 'version'), version)
  for (const name of ['-n', 'back\\slash', 'grün ✓', 'same']) await writeFile(join(dir, 'a folder', name), `content of ${name}`)
  await symlink('version', join(dir, 'link'))
  return dir
}
