import { type ErrorCode, ReleaserError } from '../model/errors.ts'
import type { TreeEntry } from './tree-entry.ts'
import { shown } from './tree-names.ts'

/** Refuses a tree that is not what it was when it was walked first. Both walks are sorted alike. */
export function checkSame(first: readonly TreeEntry[], again: readonly TreeEntry[], code: ErrorCode): void {
  const [longer, other] = again.length > first.length ? [again, first] : [first, again]
  const changed = longer.find((entry, index) => !isSame(entry, other[index]))
  if (changed) throw changedWhilePacking(changed.path, code)
}

/** The refusal of a tree in which somebody still writes. */
export function changedWhilePacking(path: string, code: ErrorCode): ReleaserError {
  return new ReleaserError(code, `${shown(path)} changed while it was packed`, {
    hint: 'stop what still writes there, and try again',
  })
}

/** Field by field: for thousands of entries a general comparison takes as long as the walk. */
function isSame(one: TreeEntry, other: TreeEntry | undefined): boolean {
  if (one.path !== other?.path) return false
  if (one.type === 'symlink') return other.type === 'symlink' && one.target === other.target
  if (one.type === 'directory') return other.type === 'directory' && one.mode === other.mode
  if (other.type !== 'file') return false
  return one.mode === other.mode && one.size === other.size && one.mtimeMs === other.mtimeMs && one.ino === other.ino
}
