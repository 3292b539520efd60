import { execFile } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** What happens at the call that is hit; see fault-points.c. */
export const MODES = ['kill-before', 'kill-after', 'ENOSPC', 'EIO', 'EACCES', 'EROFS', 'crash-before', 'crash-after'] as const
export type Mode = (typeof MODES)[number]

/** The call that is hit: its number among all calls that change files, from 1. */
export interface Fault {
  readonly at: number
  readonly mode: Mode
}

/** The programs of one run on one host, watched from the outside. */
export interface Watched {
  /** What their environment must hold. */
  readonly env: Readonly<Record<string, string>>
  /** How many calls were made so far, and whether a crash has ended the host. */
  look(): { readonly calls: number; readonly crashed: boolean }
  /** The calls so far, as `rename /path`, in their order; empty unless `log` was asked for. */
  calls(): Promise<readonly string[]>
}

/** Counts the calls that change files below `root`, and hits one of them. `file`: where the counter is kept. */
export async function watch(root: string, file: string, fault?: Fault, log = false): Promise<Watched> {
  await writeFile(file, Buffer.alloc(4096))
  return {
    env: {
      LD_PRELOAD: await library(),
      FAULT_ROOT: root,
      FAULT_COUNTER: file,
      ...(fault && { FAULT_AT: String(fault.at), FAULT_MODE: fault.mode }),
      ...(log && { FAULT_LOG: `${file}.log` }),
    },
    look: () => {
      const counter = openSync(file, 'r')
      try {
        const buffer = Buffer.alloc(8)
        readSync(counter, buffer, 0, 8, 0)
        return { calls: buffer.readUInt32LE(0), crashed: buffer.readUInt32LE(4) !== 0 }
      } finally {
        closeSync(counter)
      }
    },
    calls: async () => {
      const text = await readFile(`${file}.log`, 'utf8').catch(() => '')
      return text.split('\n').flatMap((line) => (line === '' ? [] : [line.replace(/^\d+ /, '').replace(root, '')]))
    },
  }
}

/** The injector, compiled once for each version of its source; what is half-written has another name. */
async function library(): Promise<string> {
  const source = new URL('fault-points.c', import.meta.url)
  const hash = createHash('sha256')
    .update(await readFile(source))
    .digest('hex')
    .slice(0, 16)
  const dir = join(tmpdir(), `releaser-fault-points-${process.getuid?.() ?? 0}`)
  const made = join(dir, `${hash}.so`)
  if (await readFile(made).catch(() => null)) return made
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const fresh = join(dir, `${hash}.${randomUUID()}.so`)
  await promisify(execFile)('cc', [
    '-shared',
    '-fPIC',
    '-O1',
    '-Wall',
    '-Wextra',
    '-Werror',
    '-o',
    fresh,
    source.pathname,
    '-ldl',
  ])
  await rename(fresh, made)
  return made
}
