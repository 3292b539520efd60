import { encodePlatform, platformOf } from '../model/platform.ts'
import type { TreeFile } from './tree-entry.ts'

/** So many executable files are looked into. */
const LOOKED_INTO = 256
/** So many bytes of each. */
const HEAD = 4096
/** Often executable, and run by nobody: that they name no loader says nothing. */
const LIBRARY = /\.(?:so|node)(?:\.[\d.]+)?$/

export interface Platforms {
  /** Looks at a file by how its content begins. */
  readonly see: (file: TreeFile, head: Buffer) => void
  /** What the programs seen were built for, each once, as words. Scripts and the like do not tell. */
  readonly words: () => readonly string[]
}

/** Finds out what the programs of a tree were built for while it is packed, so that none is opened twice. */
export function platforms(): Platforms {
  const found = new Set<string>()
  let seen = 0
  return {
    see: ({ path, mode }, head) => {
      if (!(mode & 0o100) || LIBRARY.test(path) || seen++ >= LOOKED_INTO) return
      const platform = platformOf(head.subarray(0, HEAD))
      if (platform) found.add(encodePlatform(platform))
    },
    words: () => [...found].sort(),
  }
}
