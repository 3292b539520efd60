import { join } from 'node:path'
import type { Builder } from '../../model/config.ts'
import { ReleaserError } from '../../model/errors.ts'
import type { GitState } from '../../model/release.ts'
import { gitState } from '../git.ts'
import { checkOut } from '../revision.ts'
import { copyWorktree } from '../worktree.ts'

/** Where a build finds its sources, and what they are. */
export interface Source {
  readonly dir: string
  /** Null without git, repository or commit. */
  readonly git: GitState | null
}

/** Where a clean checkout lies, or a copy for a build host, whole; the `dir` of a source is somewhere in it. */
export function checkedOut(scratch: string): string {
  return join(scratch, 'source')
}

/**
 * The folder as it lies there; or, for `source: 'git'` and for a `ref`, a clean checkout below `scratch`. What goes to a build host is a
 * checkout unless its builder says `source: 'worktree'`, and then it is a copy.
 */
export async function sourceOf(options: {
  readonly name: string
  readonly builder: Builder
  readonly dir: string
  readonly ref?: string | undefined
  readonly scratch: string
  readonly storeDir: string | undefined
  readonly signal?: AbortSignal | undefined
}): Promise<Source> {
  const { name, builder, dir, ref, scratch, storeDir, signal } = options
  const goes = builder.type === 'ssh'
  const into = checkedOut(scratch)
  if (ref !== undefined && builder.source === 'worktree')
    throw new ReleaserError('USAGE', `builder ${name} builds what lies in the working tree, and not ref=${ref}`, {
      hint: `leave ref= out, or write source: 'git' in builders.${name}`,
    })
  if (ref !== undefined || builder.source === 'git' || (goes && builder.source === undefined))
    return checkOut({ dir, ref: ref ?? 'HEAD', into, signal })
  const git = await gitState(dir)
  return goes ? { ...(await copyWorktree({ dir, into, storeDir, signal })), git } : { dir, git }
}
