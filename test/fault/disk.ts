import { execFile, execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { ErrorCode, ReleaserError } from '../../src/model/errors.ts'
import { processRemote } from '../../src/remote/process.ts'
import { memoryDisk } from '../support/disk.ts'
import { driver, type TestRelease } from '../support/driver.ts'
import { until } from '../support/until.ts'
import { leftovers, type Reported, violations } from './invariants.ts'

const run = promisify(execFile)

/** What the disk has no more of, as shell commands that bring it about and end it. */
const SHORTAGES = {
  space: {
    strike: (dir: string) => `head -c 100000000 /dev/zero >${dir}/ballast 2>/dev/null; true`,
    cure: (dir: string) => `rm -f ${dir}/ballast`,
  },
  inodes: {
    strike: (dir: string) => `mkdir ${dir}/many; n=0; while { true >${dir}/many/$n; } 2>/dev/null; do n=$((n + 1)); done; true`,
    cure: (dir: string) => `rm -rf ${dir}/many`,
  },
  writing: {
    strike: (dir: string) => `mount -o remount,ro ${dir}`,
    cure: (dir: string) => `mount -o remount,rw ${dir}`,
  },
} as const
export type Shortage = keyof typeof SHORTAGES

/** When it strikes: all plans are made by then, so that no check before the deploy can see it coming. */
export type Stage = 'before the upload' | 'after the upload' | 'before the switch' | 'after the switch' | 'in a hook that fails'

const SPACE = 'No space left on device, 0 kB are free on DISK'
const INODES = 'No space left on device, no inodes are free on DISK'
const WRITING = 'Read-only file system on DISK'
const UNTOUCHED = ' (nothing was changed on any host)'
const BACK = 'h1: post-activate ended with exit code 1 (every host serves what it served before)'

/** How each ends, and what is told. From after the switch nobody can go back where nothing can be written: that is told too. */
export const CASES: readonly (readonly [Shortage, Stage, ErrorCode | 'OK', string])[] = [
  ['space', 'before the upload', 'NOT_CHANGED', `h1: cannot write in DISK/app/.releaser: ${SPACE}${UNTOUCHED}`],
  ['space', 'after the upload', 'NOT_CHANGED', `h1: link: cannot link log: ${SPACE}${UNTOUCHED}`],
  ['space', 'before the switch', 'OK', ''],
  ['space', 'after the switch', 'OK', ''],
  ['space', 'in a hook that fails', 'ROLLED_BACK', BACK],
  ['inodes', 'before the upload', 'NOT_CHANGED', `h1: cannot write in DISK/app/.releaser: ${INODES}${UNTOUCHED}`],
  ['inodes', 'after the upload', 'NOT_CHANGED', `h1: receive: cannot write in .releaser: ${INODES}${UNTOUCHED}`],
  ['inodes', 'before the switch', 'NOT_CHANGED', `h1: activate: cannot write the way back: ${INODES}${UNTOUCHED}`],
  ['inodes', 'after the switch', 'OK', ''],
  ['inodes', 'in a hook that fails', 'ROLLED_BACK', BACK],
  ['writing', 'before the upload', 'NOT_CHANGED', `h1: cannot write in DISK/app/.releaser: ${WRITING}${UNTOUCHED}`],
  ['writing', 'after the upload', 'NOT_CHANGED', `h1: receive: cannot write in .releaser: ${WRITING}${UNTOUCHED}`],
  ['writing', 'before the switch', 'NOT_CHANGED', `h1: activate: cannot write the way back: ${WRITING}${UNTOUCHED}`],
  [
    'writing',
    'after the switch',
    'PARTIAL',
    `h1: it could not be confirmed any more; h1: could not go back (cannot write in .releaser: ${WRITING})`,
  ],
]

export interface DiskResult {
  readonly code: ErrorCode | 'OK'
  readonly message: string
  readonly violations: readonly string[]
}

/** A host on a small disk of its own. */
export async function smallHost(options = 'size=20m,nr_inodes=600') {
  const base = await mkdtemp(join(tmpdir(), 'releaser-small-'))
  const disk = await memoryDisk(options)
  const path = join(disk.dir, 'app')
  const connect = async () => processRemote({ env: { ...disk.env, PATH: '/usr/bin:/bin', HOME: base }, cwd: base })
  const shared = { dirs: ['log'], files: ['etc/app.conf'] }
  const on = (hooks = {}, keep = 5) => driver({ hosts: [{ connect, path }], target: { shared, hooks, keep } })
  const packer = on()
  return {
    disk,
    path,
    on,
    pack: async (version: string, bytes?: number) => packer.pack(await tree(base, version, bytes), version),
    strike: (shortage: Shortage) => run('sh', ['-c', SHORTAGES[shortage].strike(disk.dir)]),
    cure: (shortage: Shortage) => run('sh', ['-c', SHORTAGES[shortage].cure(disk.dir)]),
    remove: async () => {
      await disk.remove()
      await rm(base, { recursive: true, force: true })
    },
  }
}
type SmallHost = Awaited<ReturnType<typeof smallHost>>

/** A deploy over one that serves, during which the disk runs out of something; then it is cured, and deployed again. */
export async function runOut(shortage: Shortage, stage: Stage): Promise<DiskResult> {
  const host = await smallHost()
  try {
    const [a, b] = [await host.pack('a'), await host.pack('b', 1_000_000)]
    await host.on().roll(a)
    const found: string[] = []
    const judge = async (reported: Reported) =>
      void found.push(...(await violations(host.path, { before: a.id, after: b.id, reported, digests: digestsOf([a, b]) })))
    const { code, message } = await strikeDuring(host, b, shortage, stage)
    await judge(code === 'OK' ? 'done' : code === 'PARTIAL' ? 'unknown' : 'kept')
    await host.cure(shortage)
    // What the worker could not settle, the watchdog tries once more.
    await until(async () => (await host.on().facts()).lock === null)
    try {
      await host.on().roll(b)
      await judge('done')
      found.push(...(await leftovers(host.path)))
    } catch (error) {
      found.push(`the rerun failed: ${(error as Error).message}`)
    }
    return { code, message: message.replaceAll(host.disk.dir, 'DISK'), violations: found }
  } finally {
    await host.remove()
  }
}

async function strikeDuring(host: SmallHost, release: TestRelease, shortage: Shortage, stage: Stage) {
  const words = SHORTAGES[shortage].strike(host.disk.dir)
  const strike = () => void execFileSync('sh', ['-c', words])
  const hooks = stage === 'in a hook that fails' ? { 'post-activate': `${words}; exit 1` } : {}
  // At the end of each of these the host waits for a word of ours, and we for the disk.
  const last = { 'after the upload': 'send', 'before the switch': 'publish', 'after the switch': 'activate' }
  const after = stage in last ? last[stage as keyof typeof last] : undefined
  try {
    await host.on(hooks).roll(release, {
      moment: async (moment) => {
        if (moment === 'sending' && stage === 'before the upload') strike()
      },
      watch: (event) => {
        if (event.event === 'step' && event.step === after && event.state === 'ok') strike()
      },
    })
    return { code: 'OK' as const, message: '' }
  } catch (error) {
    const { code, message } = error as ReleaserError
    return { code, message }
  }
}

/** The digests by id, as the invariants want them. */
export function digestsOf(releases: readonly TestRelease[]): ReadonlyMap<string, string> {
  return new Map(releases.map(({ id, digest }) => [id, digest.replace('sha256:', '')]))
}

async function tree(base: string, version: string, bytes = 0): Promise<string> {
  const dir = await mkdtemp(join(base, 'build-'))
  await mkdir(join(dir, 'lib'))
  for (let file = 0; file < 30; file++)
    await writeFile(join(dir, 'lib', `file-${file}`), `${file % 3 ? 'same' : version} ${file}\n`)
  await writeFile(join(dir, 'big'), version.repeat(bytes))
  await symlink('lib/file-0', join(dir, 'link'))
  return dir
}
