import type { Dirent } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { matchesPart } from '../clean-pattern.ts'
import { partsOf } from '../config-path.ts'

/**
 * Removes what the patterns name below a folder, such as `dist` or `lib/*.js`. Never follows a symbolic link, never enters
 * `.git` and `.releaser`, and takes it as done where nothing is there.
 */
export async function clean(dir: string, patterns: readonly string[]): Promise<void> {
  for (const pattern of patterns) await remove(dir, partsOf(pattern))
}

async function remove(dir: string, [first, ...rest]: readonly string[]): Promise<void> {
  if (first === undefined) return
  const anyDepth = first === '**' && rest.length > 0
  if (anyDepth) await remove(dir, rest)
  for (const entry of await entriesOf(dir)) {
    const path = join(dir, entry.name)
    if (!matchesPart(first, entry.name) || entry.name === '.git' || entry.name === '.releaser') continue
    if (rest.length === 0) await rm(path, { recursive: true, force: true })
    else if (entry.isDirectory()) await remove(path, anyDepth ? [first, ...rest] : rest)
  }
}

async function entriesOf(dir: string): Promise<Dirent[]> {
  return readdir(dir, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
}
