import { mkdir, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ReleaserError } from '../model/errors.ts'
import type { GitState } from '../model/release.ts'
import { INHERITED } from './git.ts'
import { type Ended, runProcess } from './process.ts'

/** A folder as one revision has it, and nothing else: what is committed, submodules among it. */
export interface Checkout {
  /** What `dir` is in that revision. */
  readonly dir: string
  readonly git: GitState
}

export interface CheckoutOptions {
  /** Somewhere in a working tree. */
  readonly dir: string
  /** A branch, a tag, a commit. */
  readonly ref: string
  /** A folder that does not exist yet, for the tree. */
  readonly into: string
  readonly signal?: AbortSignal | undefined
}

/**
 * Lays out a revision in a folder of its own. The repository and its working tree are only read, so that nothing of it is left
 * there, whatever happens. Fails with USAGE for a ref that is unknown, else with BUILD, or INTERRUPTED when aborted.
 */
export async function checkOut({ dir, ref, into, signal }: CheckoutOptions): Promise<Checkout> {
  const git = gitIn(dir, signal)
  const { top, prefix, gitDir } = await repositoryOf(dir, git)
  const rev = await revisionOf(ref, git)
  await layOut({ gitDir, top, rev, into, index: `${into}.index`, path: '', signal })
  const inside = join(into, prefix)
  if (!(await stat(inside).catch(() => undefined))?.isDirectory())
    throw new ReleaserError('BUILD', `revision ${rev.slice(0, 12)} has no folder ${prefix}`, {
      hint: 'name a revision that holds the configuration: ref=…',
    })
  const name = (await git(['rev-parse', '--symbolic-full-name', ref])).lines[0] ?? ''
  const full = name === 'HEAD' ? ((await git(['symbolic-ref', '-q', 'HEAD'])).lines[0] ?? '') : name
  return { dir: inside, git: { rev, branch: /^refs\/heads\/(.+)$/.exec(full)?.[1] ?? null, dirty: false } }
}

interface Answer extends Ended {
  /** Of stdout alone. */
  readonly lines: readonly string[]
  readonly errors: readonly string[]
}
type Git = (args: readonly string[], env?: Readonly<Record<string, string>>) => Promise<Answer>

/** Nobody's hooks run, no fsmonitor is started, and messages are those that are looked for here. */
const QUIETLY = ['git', '-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null', '-c', 'core.quotePath=false'] as const

function gitIn(cwd: string, signal: AbortSignal | undefined): Git {
  return async (args, env = {}) => {
    const [lines, errors]: [string[], string[]] = [[], []]
    const ended = await runProcess({
      argv: [...QUIETLY, ...args],
      cwd,
      env: { ...process.env, ...INHERITED, GIT_OPTIONAL_LOCKS: '0', LC_ALL: 'C', ...env },
      signal,
      onLine: (line, stream) => (stream === 'stdout' ? lines : errors).push(line),
    })
    if (ended.stopped === 'abort')
      throw new ReleaserError('INTERRUPTED', 'the build was interrupted', { hint: 'nothing was stored; run it again' })
    return { ...ended, lines, errors: ended.code === null ? ended.lines : errors }
  }
}

async function repositoryOf(dir: string, git: Git): Promise<{ top: string; prefix: string; gitDir: string }> {
  const said = await git(['rev-parse', '--show-toplevel', '--absolute-git-dir', '--show-prefix'])
  const [top, gitDir, prefix = ''] = said.lines
  if (said.code === 0 && top !== undefined && gitDir !== undefined) return { top, gitDir, prefix }
  if (said.errors.some((line) => line.includes('ENOENT')))
    throw new ReleaserError('BUILD', 'git is not installed, and a clean checkout needs it', {
      hint: "install git, or build what lies here: source: 'worktree'",
    })
  throw new ReleaserError('BUILD', `${dir} has no git repository to build from: ${said.errors.join(' ') || 'it is bare'}`, {
    hint: "make it one (git init), or build what lies here: source: 'worktree'",
  })
}

async function revisionOf(ref: string, git: Git): Promise<string> {
  const said = await git(['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`])
  const rev = said.lines[0]
  if (said.code === 0 && rev !== undefined) return rev
  if ((await git(['rev-parse', '--verify', '--quiet', 'HEAD'])).code !== 0)
    throw new ReleaserError('BUILD', 'the git repository has no commit yet', { hint: 'commit what is to be built' })
  const shallow = (await git(['rev-parse', '--is-shallow-repository'])).lines[0] === 'true'
  const remote = (await git(['rev-parse', '--verify', '--quiet', '--end-of-options', `origin/${ref}^{commit}`])).code === 0
  throw new ReleaserError('USAGE', `the git repository knows no revision ${ref}`, {
    hint: remote
      ? `did you mean ref=origin/${ref}?`
      : shallow
        ? 'this clone is shallow: fetch the rest (git fetch --unshallow), then build again'
        : 'see git branch, git tag and git log; or fetch it first',
  })
}

interface Layer {
  readonly gitDir: string
  /** The working tree, in which submodules are looked for. */
  readonly top: string
  readonly rev: string
  readonly into: string
  readonly index: string
  /** Of the submodule in the outermost tree. */
  readonly path: string
  readonly signal: AbortSignal | undefined
}

/** An index of our own, in place of the one that somebody works with. */
async function layOut(layer: Layer): Promise<void> {
  const { gitDir, rev, into, index, signal } = layer
  await mkdir(into, { recursive: true })
  const git = gitIn(into, signal)
  const here = { GIT_DIR: gitDir, GIT_WORK_TREE: into, GIT_INDEX_FILE: index }
  for (const args of [
    ['read-tree', rev],
    ['checkout-index', '--all', '--force'],
  ]) {
    const said = await git(args, here)
    if (said.code !== 0) throw notLaidOut(layer, said)
  }
  const { lines } = await git(['ls-files', '--stage'], here)
  for (const line of lines) {
    const [, sha, path] = /^160000 ([0-9a-f]+) \d\t(.+)$/.exec(line) ?? []
    if (sha !== undefined && path !== undefined) await layOutSubmodule(layer, sha, path)
  }
}

async function layOutSubmodule(outer: Layer, rev: string, path: string): Promise<void> {
  const top = join(outer.top, path)
  const shown = join(outer.path, path)
  const git = gitIn((await stat(top).catch(() => undefined))?.isDirectory() ? top : outer.top, outer.signal)
  const [found, gitDir] = (await git(['rev-parse', '--show-toplevel', '--absolute-git-dir'])).lines
  // Where it was never fetched, its folder answers for the repository around it.
  const fetched = found !== undefined && (await realpath(top).catch(() => '')) === (await realpath(found))
  if (!fetched || gitDir === undefined || (await git(['cat-file', '-e', `${rev}^{commit}`])).code !== 0)
    throw new ReleaserError('BUILD', `the submodule ${shown} is not here at ${rev.slice(0, 12)}`, {
      hint: 'fetch it: git submodule update --init --recursive',
    })
  await layOut({ ...outer, gitDir, top, rev, into: join(outer.into, path), path: shown })
}

function notLaidOut({ rev, path }: Layer, { errors }: Answer): ReleaserError {
  const what = path === '' ? '' : ` of the submodule ${path}`
  return new ReleaserError('BUILD', `revision ${rev.slice(0, 12)}${what} cannot be checked out: ${errors.slice(-3).join(' ')}`, {
    hint: 'see whether the disk is full, and whether git has all of that revision: git fsck',
  })
}
