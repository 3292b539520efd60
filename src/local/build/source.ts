import { join } from 'node:path'
import type { Builder } from '../../model/config.ts'
import { ReleaserError } from '../../model/errors.ts'
import type { GitState } from '../../model/release.ts'
import { gitState } from '../git.ts'
import { checkOut } from '../revision.ts'

/** Where a build finds its sources, and what they are. */
export interface Source {
  readonly dir: string
  /** Null without git, repository or commit. */
  readonly git: GitState | null
}

/** The folder as it lies there; or, for `source: 'git'` and for a `ref`, a clean checkout below `scratch`. */
export async function sourceOf(options: {
  readonly name: string
  readonly builder: Builder
  readonly dir: string
  readonly ref?: string | undefined
  readonly scratch: string
  readonly signal?: AbortSignal | undefined
}): Promise<Source> {
  const { name, builder, dir, ref, scratch, signal } = options
  if (ref !== undefined && builder.source === 'worktree')
    throw new ReleaserError('USAGE', `builder ${name} builds what lies in the working tree, and not ref=${ref}`, {
      hint: `leave ref= out, or write source: 'git' in builders.${name}`,
    })
  if (ref === undefined && builder.source !== 'git') return { dir, git: await gitState(dir) }
  return checkOut({ dir, ref: ref ?? 'HEAD', into: join(scratch, 'source'), signal })
}
