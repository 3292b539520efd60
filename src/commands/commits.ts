import type { Commit } from '../local/git.ts'
import { count } from '../model/size.ts'
import { oneLine } from '../ui/sanitize.ts'

const SHOWN = 20

/** Commits as a paragraph, newest first; none where nobody can tell. */
export function commitsShown(commits: readonly Commit[] | null | undefined): readonly string[] {
  if (!commits) return []
  if (commits.length === 0) return ['no commits between them']
  const lines = commits
    .slice(0, SHOWN)
    .map(({ rev, subject, author }) => `  ${rev.slice(0, 8)}  ${oneLine(subject)} (${oneLine(author)})`)
  const more = commits.length > SHOWN ? [`  and ${count(commits.length - SHOWN, 'more', 'more')}`] : []
  return [[`${count(commits.length, 'commit')}:`, ...lines, ...more].join('\n')]
}
