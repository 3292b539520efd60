import type { GitState } from '../model/release.ts'
import { runProcess } from './process.ts'

/** What a git hook leaves in the environment would answer for another repository than the one asked about. */
export const INHERITED = { GIT_DIR: undefined, GIT_WORK_TREE: undefined, GIT_INDEX_FILE: undefined, GIT_PREFIX: undefined }

const STATUS = ['git', '-c', 'core.fsmonitor=false', 'status', '--porcelain=v2', '--branch', '--untracked-files=normal'] as const

/** The revision a folder is at, and whether its repository holds changes; null without git, repository or commit. */
export async function gitState(dir: string): Promise<GitState | null> {
  let rev: string | undefined
  let branch: string | undefined
  let dirty = false
  const ended = await runProcess({
    argv: STATUS,
    cwd: dir,
    // Reading must not take git's lock on the index: somebody may be committing.
    env: { ...process.env, ...INHERITED, GIT_OPTIONAL_LOCKS: '0', LC_ALL: 'C' },
    onLine(line, stream) {
      if (stream === 'stderr') return
      if (!line.startsWith('# ')) dirty = true
      rev ??= /^# branch\.oid ([0-9a-f]{40,64})$/.exec(line)?.[1]
      branch ??= /^# branch\.head (.+)$/.exec(line)?.[1]
    },
  })
  if (ended.code !== 0 || rev === undefined) return null
  return { rev, branch: branch === undefined || branch === '(detached)' ? null : branch, dirty }
}

/** What `git describe` calls a revision by its nearest tag, without the `v` before a number; null where no tag leads there. */
export async function describedVersion(dir: string, rev: string): Promise<string | null> {
  const lines: string[] = []
  const ended = await runProcess({
    argv: ['git', 'describe', '--tags', rev],
    cwd: dir,
    env: { ...process.env, ...INHERITED, GIT_OPTIONAL_LOCKS: '0', LC_ALL: 'C' },
    onLine: (line, stream) => void (stream === 'stdout' && lines.push(line)),
  })
  return ended.code === 0 && lines[0] !== undefined ? lines[0].replace(/^v(?=\d)/, '') : null
}

/** A commit, in a line. */
export interface Commit {
  readonly rev: string
  readonly author: string
  /** ISO 8601. */
  readonly at: string
  readonly subject: string
}

/** The commits that lead from one revision to another, newest first; null where git, the repository or one of both is not there. */
export async function commitsBetween(dir: string, from: string, to: string): Promise<readonly Commit[] | null> {
  const lines: string[] = []
  const ended = await runProcess({
    argv: ['git', 'log', '--no-show-signature', '--format=%H%x09%aI%x09%an%x09%s', `${from}..${to}`, '--'],
    cwd: dir,
    env: { ...process.env, ...INHERITED, GIT_OPTIONAL_LOCKS: '0', LC_ALL: 'C' },
    onLine: (line, stream) => void (stream === 'stdout' && lines.push(line)),
  })
  if (ended.code !== 0) return null
  return lines.map((line) => {
    const [rev = '', at = '', author = '', ...subject] = line.split('\t')
    return { rev, at, author, subject: subject.join('\t') }
  })
}
