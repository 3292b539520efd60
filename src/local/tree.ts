import { stat } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { type ErrorCode, ReleaserError } from '../model/errors.ts'
import { excluder } from './exclude.ts'
import { effort, leavesTree } from './links.ts'
import type { TreeEntry } from './tree-entry.ts'
import { sameButForCase, shown } from './tree-names.ts'
import { type Refuse, type Walk, type Walking, walking } from './tree-walk.ts'

export interface TreeOptions {
  /** Patterns of what stays out; see exclude.ts. One that means nothing there is a warning. */
  readonly exclude?: readonly string[]
  /** The same, of what is never meant to be there. */
  readonly leaveOut?: readonly string[]
  /** Paths of symlinks that may lead out of the tree; or all of them may. */
  readonly absoluteLinks?: readonly string[] | 'all'
  /** What every refusal is thrown as; BUILD where left out. */
  readonly code?: ErrorCode
}

/** A folder as far as it is walked: what begins to be packed need not wait for the end of it. A small one is whole at once. */
export interface Tree {
  /** Sorted by the bytes of their paths: what is found later comes behind. */
  readonly entries: readonly TreeEntry[]
  readonly whole: () => boolean
  /** Walks through some more folders, and refuses what walkTree does. */
  readonly goOn: () => void
  /** Bytes in all files that were found. */
  readonly bytes: number
  /** Of a whole tree. Found out when they are asked for: nothing has to wait for them. */
  readonly warnings: readonly string[]
  /** The entries of the whole tree as they are by now. */
  readonly again: () => Promise<readonly TreeEntry[]>
}

/**
 * Everything below a folder that will be packed. Refuses what no release may hold: devices, FIFOs and sockets, names
 * with control characters or that are not UTF-8, symlinks that lead out, and a folder that is missing or empty.
 */
export async function walkTree(dir: string, options: TreeOptions = {}): Promise<Tree> {
  const refuse = refuser(options)
  const excluded = excluder(options.exclude ?? [])
  const left = excluder(options.leaveOut ?? [])
  const out: Walk['out'] = (path, directory) => left(path, directory) || excluded(path, directory)
  // One walk for both times: the second runs what was compiled for the first.
  const begin = async (): Promise<Walking> => {
    await checkRoot(dir, refuse)
    return walking({ dir, out, refuse })
  }
  const { found, ended, goOn } = await begin()
  const checkAll = (): void => {
    if (found.length === 0)
      throw refuse(
        `the folder ${dir} is empty`,
        options.exclude?.length ? 'see whether exclude leaves anything' : 'see what the build left there',
      )
    if (options.absoluteLinks !== 'all') checkLinks(found, options.absoluteLinks ?? [], refuse)
  }
  const tree: Tree = {
    entries: found,
    whole: ended,
    goOn: () => {
      if (ended()) return
      goOn()
      if (ended()) checkAll()
    },
    get bytes() {
      return found.reduce((sum, entry) => sum + (entry.type === 'file' ? entry.size : 0), 0)
    },
    get warnings() {
      const idle = excluded.idle().map((pattern) => `exclude: ${shown(pattern)} matches nothing in ${dir}`)
      return [...idle, ...sameButForCase(found.map(({ path }) => path))]
    },
    again: async () => {
      const second = await begin()
      while (!second.ended()) {
        second.goOn()
        await setImmediate()
      }
      return second.found
    },
  }
  tree.goOn()
  return tree
}

async function checkRoot(dir: string, refuse: Refuse): Promise<void> {
  const root = await stat(dir).catch(() => undefined)
  if (!root) throw refuse(`there is no folder ${dir}`, 'see where the build writes its output')
  if (!root.isDirectory()) throw refuse(`${dir} is not a folder`, 'name the folder that holds what is to be deployed')
}

function refuser({ code = 'BUILD' }: TreeOptions): Refuse {
  return (message, hint) => new ReleaserError(code, message, { hint })
}

function checkLinks(entries: readonly TreeEntry[], absoluteLinks: readonly string[], refuse: Refuse): void {
  const links = new Map(entries.flatMap((entry) => (entry.type === 'symlink' ? [[entry.path, entry.target]] : [])))
  const meant = new Set(absoluteLinks.map((path) => path.replace(/^(?:\.\/)+|\/+$/g, '')))
  const spent = effort()
  for (const [path, target] of links) {
    if (leavesTree(path, links, meant, spent))
      throw refuse(
        `the link ${shown(path)} leads out of the folder, to ${shown(target)}`,
        'list it under absoluteLinks if it is meant, or leave it out with exclude',
      )
    if (spent.left < 0)
      throw refuse('the links of the folder cannot be followed in any reasonable time', 'see what the build left there')
  }
}
