import { execFile } from 'node:child_process'
import { constants, copyFile, lstat, mkdir, readdir, readlink, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { ReleaserError } from '../model/errors.ts'
import { INHERITED } from './git.ts'

/** A copy of what lies in a working tree, and what the folder that was asked for is in it. */
export interface Copied {
  readonly dir: string
}

export interface CopyOptions {
  /** Somewhere in a working tree; without git, the tree itself. */
  readonly dir: string
  /** A folder that does not exist yet. */
  readonly into: string
  /** A folder that is never copied, absolute. */
  readonly storeDir: string | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Copies a working tree as it lies there, submodules among it, but for what git would ignore; where there is no git, all of it but the store.
 * Fails with BUILD, or INTERRUPTED when aborted.
 */
export async function copyWorktree({ dir, into, storeDir, signal }: CopyOptions): Promise<Copied> {
  try {
    const top = (await git(dir, ['rev-parse', '--show-toplevel'], signal))?.replace(/\n$/, '')
    const leaveOut = (path: string): boolean => path === storeDir || path.startsWith(`${storeDir}/`)
    await copyPaths(top === undefined ? allPaths : gitPaths, top ?? dir, into, leaveOut, signal)
    const prefix = top === undefined ? '' : ((await git(dir, ['rev-parse', '--show-prefix'], signal))?.replace(/\n$/, '') ?? '')
    return { dir: join(into, prefix) }
  } catch (cause) {
    if (cause instanceof ReleaserError || !(cause instanceof Error)) throw cause
    if (signal?.aborted)
      throw new ReleaserError('INTERRUPTED', 'the build was interrupted', { cause, hint: 'nothing was stored; run it again' })
    throw new ReleaserError('BUILD', `the working tree cannot be copied: ${cause.message}`, {
      cause,
      hint: 'see whether the disk of the store is full, and who may read the sources',
    })
  }
}

type LeaveOut = (path: string) => boolean
/** The paths below a folder that are meant; of a folder among them, all that `list` finds there is meant too. */
type List = (dir: string, signal: AbortSignal | undefined) => Promise<readonly string[]>

async function copyPaths(
  list: List,
  top: string,
  into: string,
  leaveOut: LeaveOut,
  signal: AbortSignal | undefined,
): Promise<void> {
  await mkdir(into, { recursive: true })
  for (const path of await list(top, signal)) {
    signal?.throwIfAborted()
    const [from, to] = [join(top, path), join(into, path)]
    const stats = await lstat(from).catch(() => undefined)
    // What is deleted here is not there either.
    if (!stats || leaveOut(from)) continue
    await mkdir(dirname(to), { recursive: true })
    if (stats.isSymbolicLink()) await symlink(await readlink(from), to)
    else if (stats.isFile()) await copyFile(from, to, constants.COPYFILE_FICLONE)
    else if (stats.isDirectory() && (list === allPaths || (await isRepository(from))))
      await copyPaths(list, from, to, leaveOut, signal)
  }
}

const allPaths: List = async (dir) => (await readdir(dir)).filter((name) => name !== '.git')

const gitPaths: List = async (dir, signal) => {
  const listed = (await git(dir, ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], signal)) ?? ''
  return [...new Set(listed.split('\0').filter((path) => path !== ''))]
}

/** A submodule that was never fetched is an empty folder, which answers for the repository around it. */
async function isRepository(dir: string): Promise<boolean> {
  return (await lstat(join(dir, '.git')).catch(() => undefined)) !== undefined
}

const MOST = 1 << 28

/** What git says; undefined where it fails, or is not there. */
async function git(cwd: string, args: readonly string[], signal: AbortSignal | undefined): Promise<string | undefined> {
  const env = { ...process.env, ...INHERITED, GIT_OPTIONAL_LOCKS: '0', LC_ALL: 'C' }
  const options = { cwd, env, maxBuffer: MOST, ...(signal && { signal }) }
  return promisify(execFile)('git', ['-c', 'core.fsmonitor=false', ...args], options).then(
    ({ stdout }) => stdout,
    (error: Error) => {
      if (signal?.aborted) throw error
      return undefined
    },
  )
}
